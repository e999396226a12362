#include "master/platform/loop/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/status/status.h"

namespace fectl::platform {
namespace {

constexpr std::array kTaken = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGCHLD, SIGUSR1, SIGUSR2, SIGALRM};

void Dispose(int number, sighandler_t disposition, struct sigaction* old) {
  struct sigaction action = {};
  action.sa_handler = disposition;
  sigaction(number, &action, old);
}

}  // namespace

void IgnoreSignalsOfWriting() {
  Dispose(SIGPIPE, SIG_IGN, nullptr);
  Dispose(SIGXFSZ, SIG_IGN, nullptr);
}

absl::StatusOr<std::unique_ptr<Signals>> Signals::Create() {
  sigset_t mask;
  sigemptyset(&mask);
  for (int number : kTaken) sigaddset(&mask, number);
  base::UniqueFd fd(signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "cannot create a signal descriptor");
  std::unique_ptr<Signals> signals(new Signals());
  signals->fd_ = std::move(fd);
  pthread_sigmask(SIG_BLOCK, &mask, &signals->old_mask_);
  Dispose(SIGPIPE, SIG_IGN, &signals->old_pipe_);
  Dispose(SIGXFSZ, SIG_IGN, &signals->old_file_size_);
  Dispose(SIGCHLD, SIG_DFL, &signals->old_child_);
  return signals;
}

Signals::~Signals() {
  if (stays_) return;
  // What is still pending was meant for this object; delivered after the mask is back it would end the
  // process.
  Take();
  sigaction(SIGPIPE, &old_pipe_, nullptr);
  sigaction(SIGXFSZ, &old_file_size_, nullptr);
  sigaction(SIGCHLD, &old_child_, nullptr);
  pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
}

std::vector<ReceivedSignal> Signals::Take() {
  std::vector<ReceivedSignal> taken;
  std::array<signalfd_siginfo, kTaken.size()> records;
  // Each signal is pending at most once, so one read takes all.
  ssize_t bytes = -1;
  do {
    bytes = read(fd_.get(), records.data(), sizeof(records));
  } while (bytes < 0 && errno == EINTR);
  const size_t count = bytes <= 0 ? 0 : static_cast<size_t>(bytes) / sizeof(signalfd_siginfo);
  for (size_t i = 0; i < count; ++i) {
    taken.push_back({static_cast<int>(records[i].ssi_signo), static_cast<pid_t>(records[i].ssi_pid),
                     static_cast<uid_t>(records[i].ssi_uid)});
  }
  return taken;
}

}  // namespace fectl::platform
