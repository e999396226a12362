#include "testdata/guests/guest.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern char** environ;

namespace fectl::guests {
namespace {

constexpr std::chrono::milliseconds kBeatInterval{500};

volatile sig_atomic_t saw_sigterm = 0;
volatile sig_atomic_t saw_sigusr1 = 0;

void OnSignal(int number) {
  (number == SIGTERM ? saw_sigterm : saw_sigusr1) = 1;
}

void Catch(int number) {
  struct sigaction action {};
  action.sa_handler = OnSignal;  // without SA_RESTART: poll() must return
  sigaction(number, &action, nullptr);
}

// The name of a command, from JSON of which only this much is known: it has a member "cmd" whose value is a
// string without escapes.
std::string CommandName(std::string_view payload) {
  size_t at = payload.find("\"cmd\"");
  if (at == std::string_view::npos) return "";
  at = payload.find(':', at);
  const size_t open = payload.find('"', at);
  if (at == std::string_view::npos || open == std::string_view::npos) return "";
  const size_t shut = payload.find('"', open + 1);
  return std::string(payload.substr(open + 1, shut - open - 1));
}

}  // namespace

bool SawSigterm() {
  return saw_sigterm != 0;
}

void CatchSigterm() {
  Catch(SIGTERM);
}

void CatchSigusr1() {
  Catch(SIGUSR1);
}

void AppendLine(const std::string& file, const std::string& line) {
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const std::string whole = line + "\n";
  if (fd < 0 || write(fd, whole.data(), whole.size()) != static_cast<ssize_t>(whole.size())) {
    perror(file.c_str());
    _exit(65);
  }
  close(fd);
}

double MonotonicSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Guest Guest::FromEnvironment() {
  const char* channel = getenv("FECTL_FD");
  const char* index = getenv("FECTL_PROC_IDX");
  int read_fd = -1;
  int write_fd = -1;
  if (channel == nullptr || index == nullptr || sscanf(channel, "%d:%d", &read_fd, &write_fd) != 2) {
    fprintf(stderr, "a guest is started by a master: FECTL_FD or FECTL_PROC_IDX is missing\n");
    exit(64);
  }
  signal(SIGPIPE, SIG_IGN);
  return Guest(read_fd, write_fd, atoi(index));
}

void Guest::SendBytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(write_fd_, bytes.data(), bytes.size());
    if (n > 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (n < 0 && errno == EAGAIN) {
      pollfd writable{write_fd_, POLLOUT, 0};
      poll(&writable, 1, -1);
    } else if (n < 0 && errno != EINTR) {
      _exit(0);  // no master
    }
  }
}

void Guest::Send(std::string_view payload) {
  std::string frame;
  frame.push_back(static_cast<char>(payload.size() >> 8));
  frame.push_back(static_cast<char>(payload.size() & 0xff));
  frame += payload;
  SendBytes(frame);
}

void Guest::SendCommand(std::string_view name) {
  if (name == "loaded") loaded_ = true;
  Send("{\"cmd\": \"" + std::string(name) + "\"}");
}

std::optional<std::string> Guest::TakeCommand() {
  if (received_.size() < 2) return std::nullopt;
  const size_t size = static_cast<size_t>(static_cast<unsigned char>(received_[0])) << 8 |
                      static_cast<unsigned char>(received_[1]);
  if (received_.size() < 2 + size) return std::nullopt;
  std::string name = CommandName(std::string_view(received_).substr(2, size));
  received_.erase(0, 2 + size);
  return name;
}

void Guest::BeatIfDue() {
  const auto now = std::chrono::steady_clock::now();
  if (!loaded_ || now - last_beat_ < kBeatInterval) return;
  last_beat_ = now;
  SendCommand("hb");
}

std::optional<std::string> Guest::NextCommand(std::chrono::milliseconds wait, const std::vector<int>& also) {
  const auto until = std::chrono::steady_clock::now() + wait;
  while (true) {
    if (std::optional<std::string> command = TakeCommand()) return command;
    if (SawSigterm()) return std::nullopt;
    BeatIfDue();
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    std::vector<pollfd> watched = {{read_fd_, POLLIN, 0}};
    for (int fd : also) watched.push_back({fd, POLLIN, 0});
    const auto nap = std::max(std::chrono::milliseconds(0), std::min(left, kBeatInterval));
    poll(watched.data(), watched.size(), static_cast<int>(nap.count()));
    if (watched[0].revents != 0) {
      char bytes[4096];
      const ssize_t n = read(read_fd_, bytes, sizeof bytes);
      if (n == 0) return "stop";
      if (n > 0) received_.append(bytes, static_cast<size_t>(n));
      continue;
    }
    for (const pollfd& one : watched) {
      if (one.revents != 0) return std::nullopt;
    }
    if (left <= std::chrono::milliseconds(0)) return std::nullopt;
  }
}

void Guest::LoadAndStart(std::string_view loaded) {
  Send(loaded);
  loaded_ = true;
  while (true) {
    const std::optional<std::string> command = NextCommand(std::chrono::hours(1));
    if (command == "start") return;
    if (command == "stop" || SawSigterm()) exit(0);
  }
}

void Guest::BeatUntilStopped() {
  while (!SawSigterm()) {
    if (NextCommand(std::chrono::hours(1)) == "stop") return;
  }
}

bool Guest::BeatUntilSigusr1() {
  while (!SawSigterm()) {
    if (saw_sigusr1 != 0) {
      saw_sigusr1 = 0;
      return true;
    }
    if (NextCommand(std::chrono::milliseconds(20)) == "stop") return false;
  }
  return false;
}

void Guest::Silent() {
  while (true) pause();
}

bool Guest::FirstTime(const std::string& mark) {
  const int fd = open(mark.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return false;
  close(fd);
  return true;
}

std::vector<int> Guest::Listeners() {
  constexpr std::string_view kPrefix = "FECTL_FD_";
  std::vector<int> found;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const size_t equals = text.find('=');
    if (text.substr(0, kPrefix.size()) == kPrefix && equals != std::string_view::npos) {
      found.push_back(atoi(*variable + equals + 1));
    }
  }
  return found;
}

}  // namespace fectl::guests
