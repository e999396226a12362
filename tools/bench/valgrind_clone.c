// Loaded before the C library under valgrind, which knows no clone() that shares memory without being a
// thread or a vfork(): a plain fork() in its place. The parent then sees what it would see of a start that
// succeeded.

#include <sched.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

int clone(int (*run)(void*), void* stack, int flags, void* argument, ...) {
  (void)stack;
  va_list more;
  va_start(more, argument);
  int* pidfd = va_arg(more, int*);
  (void)va_arg(more, void*);
  pid_t* shares_memory = va_arg(more, pid_t*);
  va_end(more);
  const pid_t pid = fork();
  if (pid == 0) _exit(run(argument));
  if (pid > 0 && (flags & CLONE_PIDFD) != 0) *pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  *shares_memory = 0;
  return pid;
}
