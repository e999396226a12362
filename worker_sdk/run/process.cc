#include "worker_sdk/run/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fectl::run {
namespace {

constexpr int kFirstPassed = 3;
constexpr int kExitNotRun = 127;

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Puts `passed` and the outcome pipe into their places. False: errno says why not.
bool ArrangeDescriptors(const ProcessSpec& spec, int* outcome) {
  const int after = kFirstPassed + static_cast<int>(spec.passed.size());
  if (spec.stdout_fd >= 0 && dup2(spec.stdout_fd, STDOUT_FILENO) < 0) return false;
  if (spec.stderr_fd >= 0 && dup2(spec.stderr_fd, STDERR_FILENO) < 0) return false;
  // Out of the way first: a source may stand where another one belongs.
  std::vector<int> high;
  for (const int fd : spec.passed) {
    high.push_back(fcntl(fd, F_DUPFD_CLOEXEC, after + 1));
    if (high.back() < 0) return false;
  }
  const int moved = fcntl(*outcome, F_DUPFD_CLOEXEC, after + 1);
  if (moved < 0) return false;
  for (size_t i = 0; i < high.size(); ++i) {
    if (dup2(high[i], kFirstPassed + static_cast<int>(i)) < 0) return false;
  }
  if (dup3(moved, after, O_CLOEXEC) < 0) return false;
  *outcome = after;
  // What this process inherited from whoever started it is not the program's. fectld leaves nothing of that
  // kind, and all of our own is closed by the exec, so that a system which forbids this call does no harm.
  close_range(static_cast<unsigned>(after) + 1, ~0U, 0);
  return true;
}

[[noreturn]] void BecomeProgram(const ProcessSpec& spec, pid_t parent, int outcome) {
  std::vector<std::string> environment = spec.environment;
  for (const std::string& name : spec.pid_variables) environment.push_back(absl::StrCat(name, "=", getpid()));
  std::vector<std::string> argv = spec.argv;
  std::vector<char*> argv_pointers = Pointers(&argv);
  std::vector<char*> environment_pointers = Pointers(&environment);
  const bool bound = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
  // The parent may have ended before that.
  if (bound && getppid() == parent && ArrangeDescriptors(spec, &outcome)) {
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &spec.signal_mask, nullptr);
    execvpe(argv_pointers[0], argv_pointers.data(), environment_pointers.data());
  }
  const int error = errno;
  // A pipe takes so few bytes whole or not at all; without them the exit code is all that is known.
  [[maybe_unused]] const ssize_t told = write(outcome, &error, sizeof error);
  _exit(kExitNotRun);
}

}  // namespace

absl::StatusOr<StartedProcess> StartProcess(const ProcessSpec& spec) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return absl::ErrnoToStatus(errno, "pipe");
  StartedProcess started;
  started.outcome = base::UniqueFd(ends[0]);
  const base::UniqueFd ours(ends[1]);
  const pid_t parent = getpid();
  started.pid = fork();
  if (started.pid < 0) return absl::ErrnoToStatus(errno, "fork");
  if (started.pid == 0) BecomeProgram(spec, parent, ours.get());
  return started;
}

std::optional<int> ReadFailure(int outcome_fd) {
  int error = 0;
  const ssize_t got = read(outcome_fd, &error, sizeof error);
  if (got == sizeof error) return error;
  return std::nullopt;
}

absl::StatusOr<base::UniqueFd> WatchChildren(sigset_t* before) {
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  if (sigprocmask(SIG_BLOCK, &children, before) != 0) return absl::ErrnoToStatus(errno, "sigprocmask");
  base::UniqueFd fd(signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "signalfd");
  return fd;
}

void ForgetChildSignals(int children_fd) {
  signalfd_siginfo told;
  while (read(children_fd, &told, sizeof told) > 0) continue;
}

std::optional<int> TakeEnd(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, WNOHANG) != pid) return std::nullopt;
  return status;
}

void SignalProcess(pid_t pid, int signal_number) {
  kill(pid, signal_number);
}

void KillOwnGroup() {
  if (getpgrp() == getpid()) kill(0, SIGKILL);
}

int SignalNumber(const std::string& name) {
  static constexpr std::pair<std::string_view, int> kNumbers[] = {{"INT", SIGINT},   {"QUIT", SIGQUIT},
                                                                  {"HUP", SIGHUP},   {"USR1", SIGUSR1},
                                                                  {"USR2", SIGUSR2}, {"WINCH", SIGWINCH}};
  for (const auto& [known, number] : kNumbers) {
    if (known == name) return number;
  }
  return SIGTERM;
}

bool Catches(pid_t pid, int signal_number) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/status"));
  constexpr std::string_view kKey = "SigCgt:\t";
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(kKey)) continue;
    uint64_t caught = 0;
    std::from_chars(line.data() + kKey.size(), line.data() + line.size(), caught, 16);
    return (caught >> (signal_number - 1) & 1) != 0;
  }
  return false;
}

int EndLike(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  const int number = WTERMSIG(status);
  // The program has dumped its core, if it was to; ours would say nothing.
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  sigset_t all;
  sigemptyset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  signal(number, SIG_DFL);
  kill(getpid(), number);
  return 128 + number;
}

int Become(const std::vector<std::string>& argv) {
  std::vector<std::string> words = argv;
  execvp(words[0].c_str(), Pointers(&words).data());
  return errno;
}

}  // namespace fectl::run
