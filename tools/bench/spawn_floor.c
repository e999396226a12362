// What the kernel alone takes to replace a process: kill, wait, vfork, exec, first instruction. The floor
// below the master's figure, measured with the same guest in the same run.
//
// Usage: spawn_floor GUEST FIFO ROUNDS. Prints the nanoseconds of each round, one a line.

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

static pid_t Spawn(char* guest, char* fifo) {
  char* const arguments[] = {guest, fifo, NULL};
  char* const environment[] = {NULL};
  const pid_t pid = vfork();
  if (pid == 0) {
    execve(guest, arguments, environment);
    _exit(100);
  }
  return pid;
}

// When `pid` ran its first instruction; -1 if it never said so.
static long long Birth(FILE* reports, pid_t pid) {
  int who = 0;
  long long when = 0;
  while (fscanf(reports, "%d %lld", &who, &when) == 2) {
    if (who == pid) return when;
  }
  return -1;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  // Read and write: a FIFO without a writer would end the reading between two guests.
  const int fd = open(argv[2], O_RDWR | O_CLOEXEC);
  FILE* reports = fd < 0 ? NULL : fdopen(fd, "r");
  if (reports == NULL) return 1;
  pid_t pid = Spawn(argv[1], argv[2]);
  if (pid < 0 || Birth(reports, pid) < 0) return 1;
  for (long round = strtol(argv[3], NULL, 10); round > 0; --round) {
    const long long killed = Now();
    kill(pid, SIGKILL);
    if (waitpid(pid, NULL, 0) != pid) return 1;
    pid = Spawn(argv[1], argv[2]);
    if (pid < 0) return 1;
    const long long born = Birth(reports, pid);
    if (born < 0) return 1;
    printf("%lld\n", born - killed);
  }
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  fclose(reports);
  return 0;
}
