#include "client/process/signals.h"

#include <errno.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

#include "absl/status/status.h"

namespace fectl::client {

absl::StatusOr<Signals> Signals::Hear() {
  sigset_t heard;
  sigemptyset(&heard);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&heard, number);
  struct sigaction hangup = {};
  // One that is blocked would be heard though it is ignored.
  if (sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler == SIG_IGN) sigdelset(&heard, SIGHUP);
  UniqueFd fd(signalfd(-1, &heard, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "cannot hear signals");
  sigset_t before;
  if (sigprocmask(SIG_BLOCK, &heard, &before) != 0) return absl::ErrnoToStatus(errno, "cannot hear signals");
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

std::optional<int> Signals::Take() {
  signalfd_siginfo info = {};
  if (read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace fectl::client
