#include "worker_sdk/termination.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "worker_sdk/channel.h"

namespace fectl::internal {
namespace {

// Lock-free, so that a handler may touch them.
std::atomic<int> g_wake_fd{-1};
std::atomic<pid_t> g_pid{0};
std::atomic<bool> g_terminated{false};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

void OnTermination(int) {
  if (getpid() != g_pid.load()) {
    // A forked child inherits this handler and the wake descriptor, but the notice is not for its parent. The
    // signal is blocked while this runs and kills on return.
    signal(SIGTERM, SIG_DFL);
    raise(SIGTERM);
    return;
  }
  g_terminated.store(true);
  if (const int wake_fd = g_wake_fd.load(); wake_fd >= 0) Wake(wake_fd);
}

bool Installed() {
  struct sigaction current {};
  return sigaction(SIGTERM, nullptr, &current) == 0 && current.sa_handler == &OnTermination;
}

}  // namespace

void NoticeTermination(int wake_fd) {
  struct sigaction current {};
  if (sigaction(SIGTERM, nullptr, &current) != 0) return;
  if (current.sa_handler != SIG_DFL && current.sa_handler != &OnTermination) return;
  g_wake_fd.store(wake_fd);
  g_pid.store(getpid());
  g_terminated.store(false);
  struct sigaction action {};
  action.sa_handler = &OnTermination;
  // System calls of the application go on as if nothing had happened.
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
}

void ForgetTermination(int wake_fd, bool told_to_stop) {
  if (g_wake_fd.load() != wake_fd) return;
  g_wake_fd.store(-1);
  // The handler that stays wakes nothing any more. SIG_IGN would do as well here, but programs that this
  // process starts would inherit it, and could not be ended by SIGTERM.
  if (Installed() && !told_to_stop) signal(SIGTERM, SIG_DFL);
}

bool TakeTermination(int wake_fd) {
  return g_wake_fd.load() == wake_fd && g_terminated.exchange(false);
}

}  // namespace fectl::internal
