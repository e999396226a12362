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
std::atomic<bool> g_left_ignored{false};  // by a worker that was told to stop, not by the application
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
  Wake(g_wake_fd.load());
}

bool Installed() {
  struct sigaction current {};
  return sigaction(SIGTERM, nullptr, &current) == 0 && current.sa_handler == &OnTermination;
}

}  // namespace

void NoticeTermination(int wake_fd) {
  struct sigaction current {};
  if (sigaction(SIGTERM, nullptr, &current) != 0) return;
  const bool ours =
      current.sa_handler == &OnTermination || (current.sa_handler == SIG_IGN && g_left_ignored.load());
  if (current.sa_handler != SIG_DFL && !ours) return;
  g_left_ignored.store(false);
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
  if (Installed()) {
    signal(SIGTERM, told_to_stop ? SIG_IGN : SIG_DFL);
    g_left_ignored.store(told_to_stop);
  }
  g_wake_fd.store(-1);
}

bool TakeTermination(int wake_fd) {
  return g_wake_fd.load() == wake_fd && g_terminated.exchange(false);
}

}  // namespace fectl::internal
