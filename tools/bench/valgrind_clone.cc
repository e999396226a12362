// Loaded before the C library under valgrind, which knows no clone() that shares memory without being a
// thread or a vfork(): a plain fork() in its place. The parent then sees what it would see of a start that
// succeeded.

#include <sched.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdarg>

#include "master/platform/children/launcher_child.h"

using fectl::platform::ChildPlan;
using fectl::platform::LaunchError;

extern "C" int clone(int (*run)(void*), void* /*stack*/, int flags, void* argument, ...) {
  va_list more;
  va_start(more, argument);
  int* const pidfd = va_arg(more, int*);
  static_cast<void>(va_arg(more, void*));
  pid_t* const shares_memory = va_arg(more, pid_t*);
  va_end(more);
  const pid_t pid = fork();
  if (pid == 0) _exit(run(argument));
  if (pid > 0 && (flags & CLONE_PIDFD) != 0) *pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  static_cast<ChildPlan*>(argument)->step = LaunchError::Step::kExecute;
  *shares_memory = 0;
  return pid;
}
