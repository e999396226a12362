// Writes what it finds at its start, before it does anything else, as JSON to the file contract-<index>.json
// of its working directory; then serves well. The file appears whole.

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

#include "testdata/guests/guest.h"

extern char** environ;

namespace {

std::string Json(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    char escaped[8];
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20) {
      snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string JsonObject(const std::map<std::string, std::string>& members) {
  std::string out = "{";
  for (const auto& [name, value] : members) {
    if (out.size() > 1) out += ",\n";
    out += Json(name) + ": " + value;
  }
  return out + "}";
}

std::string OpenDescriptors() {
  std::map<std::string, std::string> found;
  DIR* folder = opendir("/proc/self/fd");
  while (const dirent* entry = readdir(folder)) {
    const std::string name = entry->d_name;
    if (name == "." || name == ".." || name == std::to_string(dirfd(folder))) continue;
    char target[4096];
    const ssize_t n = readlinkat(dirfd(folder), entry->d_name, target, sizeof target);
    const int fd = atoi(entry->d_name);
    int listening = 0;
    socklen_t size = sizeof listening;
    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
    found[name] = JsonObject({{"target", Json(std::string(target, n > 0 ? static_cast<size_t>(n) : 0))},
                              {"flags", std::to_string(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK))},
                              {"listening", std::to_string(listening)}});
  }
  closedir(folder);
  return JsonObject(found);
}

std::string Environment() {
  std::map<std::string, std::string> found;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const size_t equals = text.find('=');
    found[text.substr(0, equals)] = Json(equals == std::string::npos ? "" : text.substr(equals + 1));
  }
  return JsonObject(found);
}

// The lines of /proc/self/status: signal masks, ids, groups.
std::string Status() {
  std::map<std::string, std::string> found;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    const size_t colon = line.find(":\t");
    if (colon != std::string::npos) found[line.substr(0, colon)] = Json(line.substr(colon + 2));
  }
  return JsonObject(found);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string descriptors = OpenDescriptors();
  std::string arguments;
  for (int i = 0; i < argc; ++i) arguments += (i == 0 ? "" : ", ") + Json(argv[i]);
  char directory[4096];
  if (getcwd(directory, sizeof directory) == nullptr) return 66;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const mode_t mask = umask(0);
  umask(mask);
  const std::string report = JsonObject({{"descriptors", descriptors},
                                         {"environment", Environment()},
                                         {"status", Status()},
                                         {"arguments", "[" + arguments + "]"},
                                         {"directory", Json(directory)},
                                         {"pid", std::to_string(getpid())},
                                         {"parent", std::to_string(getppid())},
                                         {"session", std::to_string(getsid(0))},
                                         {"group", std::to_string(getpgrp())},
                                         {"umask", std::to_string(mask)},
                                         {"files_max", std::to_string(files.rlim_cur)}});
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  const std::string file = "contract-" + std::to_string(guest.index()) + ".json";
  std::ofstream(file + ".part") << report;
  if (rename((file + ".part").c_str(), file.c_str()) != 0) return 65;
  fectl::guests::CatchSigterm();
  guest.LoadAndStart();
  guest.BeatUntilStopped();
  return 0;
}
