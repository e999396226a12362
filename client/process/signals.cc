#include "client/process/signals.h"

#include <errno.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

#include "absl/status/status.h"

namespace fectl::client {

absl::StatusOr<Signals> Signals::Block(std::initializer_list<int> more) {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    // A signal that is blocked would be taken though it is ignored.
    struct sigaction before = {};
    if (sigaction(number, nullptr, &before) != 0 || before.sa_handler != SIG_IGN) sigaddset(&taken, number);
  }
  sigaddset(&taken, SIGCHLD);
  for (const int number : more) sigaddset(&taken, number);
  base::UniqueFd fd(signalfd(-1, &taken, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "cannot block signals");
  sigset_t before;
  if (sigprocmask(SIG_BLOCK, &taken, &before) != 0) return absl::ErrnoToStatus(errno, "cannot block signals");
  return Signals(std::move(fd), before);
}

Signals::Signals(Signals&& other) noexcept : fd_(std::move(other.fd_)), before_(other.before_) {}

Signals::~Signals() {
  if (!fd_.valid()) return;
  // What has come and was not taken has had its effect, or comes too late for one.
  while (Take().has_value()) {
  }
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

void Signals::StopAsAsked() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  raise(SIGTSTP);  // it waits until it is let through
  sigprocmask(SIG_UNBLOCK, &stop, nullptr);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
}

std::optional<int> Signals::Take() {
  signalfd_siginfo info = {};
  if (read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace fectl::client
