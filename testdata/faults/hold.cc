// hold PROGRAM [ARGUMENT...]: executes a program in a world in which a change of directory never comes to its
// end, like one into a file system that hangs.

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>

#include "master/platform/testing/test_syscall_filter.h"

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  const auto unanswered = fectl::platform::InstallUnansweredFilter(SYS_chdir);
  // The program keeps the descriptor: the kernel holds the calls for as long as it is open.
  if (!unanswered.valid() || fcntl(unanswered.get(), F_SETFD, 0) != 0) return 69;
  execv(argv[1], argv + 1);
  perror(argv[1]);
  return 65;
}
