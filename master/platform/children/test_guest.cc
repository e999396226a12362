// Prints what it finds itself to be, one "name=value" a line, and exits. Started by the launcher's test.

#include <dirent.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

namespace {

// The open descriptors and which file each is: "0:1234 1:5678 ".
std::string Descriptors() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return "unknown";
  std::map<int, uint64_t> found;
  while (const dirent* entry = readdir(folder)) {
    const int fd = atoi(entry->d_name);
    struct stat file = {};
    if (entry->d_name[0] != '.' && fd != dirfd(folder) && fstat(fd, &file) == 0) found[fd] = file.st_ino;
  }
  closedir(folder);
  std::string text;
  for (const auto& [fd, inode] : found) text += std::to_string(fd) + ":" + std::to_string(inode) + " ";
  return text;
}

// The line of /proc/self/status that begins so.
std::string StatusLine(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(name + ":\t", 0) == 0) return line.substr(name.size() + 2);
  }
  return "";
}

// Its name; "_ses" is one without.
std::string SessionKeyring() {
  std::array<char, 256> text = {};
  // "type;uid;gid;permissions;name"
  if (syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, text.data(), text.size()) < 0)
    return "unknown";
  const std::string description(text.data());
  return description.substr(description.rfind(';') + 1);
}

// A process that was dropped to another user must not find a way back.
const char* CanRegain() {
  const gid_t root = 0;
  const bool any = setgroups(1, &root) == 0 || setresgid(0, 0, 0) == 0 || setresuid(0, 0, 0) == 0;
  return any ? "yes" : "no";
}

}  // namespace

int main(int argc, char** argv, char** environment) {
  for (int i = 0; i < argc; ++i) printf("argument=%s\n", argv[i]);
  for (char** variable = environment; *variable != nullptr; ++variable) printf("variable=%s\n", *variable);
  printf("descriptors=%s\n", Descriptors().c_str());
  std::array<char, 4096> directory = {};
  printf("directory=%s\n", getcwd(directory.data(), directory.size()));
  printf("leads_session=%d\n", getsid(0) == getpid() && getpgrp() == getpid());
  for (const char* name : {"SigBlk", "SigIgn", "Uid", "Gid", "Groups", "Umask", "NoNewPrivs", "CapInh",
                           "CapPrm", "CapEff", "CapAmb"}) {
    printf("%s=%s\n", name, StatusLine(name).c_str());
  }
  rlimit open_files = {};
  getrlimit(RLIMIT_NOFILE, &open_files);
  printf("open_files=%lu\n", static_cast<unsigned long>(open_files.rlim_cur));
  printf("keyring=%s\n", SessionKeyring().c_str());
  if (getuid() != 0) printf("regains=%s\n", CanRegain());
  return 0;
}
