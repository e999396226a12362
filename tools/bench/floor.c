// The floor: keeps N workers running and hears them, with nothing beside. What the kernel alone takes for the
// job of the master: two pipes, a process, its `loaded`, its `start`, its heartbeats, its death, its
// successor, its end.
//
// Usage: floor PROGRAM WORKERS. SIGTERM ends the workers and it.

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

struct Worker {
  pid_t pid;
  int read_fd;
  int write_fd;
  int started;
};

static char* program;
static int epoll_fd;
static int asked_to_stop[2];  // a pipe, written by the signal's handler

static void OnTerm(int number) {
  (void)number;
  if (write(asked_to_stop[1], "", 1) != 1) _exit(1);
}

static void Fail(const char* what) {
  perror(what);
  exit(1);
}

static void Watch(int fd, uint32_t mark) {
  struct epoll_event event = {.events = EPOLLIN, .data = {.u32 = mark}};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) Fail("floor: epoll_ctl");
}

static void Spawn(struct Worker* worker, uint32_t mark) {
  char* const arguments[] = {program, NULL};
  int orders[2];
  int reports[2];
  if (pipe2(orders, O_CLOEXEC) != 0 || pipe2(reports, O_CLOEXEC) != 0) Fail("floor: pipe2");
  // NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.vfork): the yardstick is the cheapest way there is.
  const pid_t pid = vfork();
  if (pid == 0) {
    // Only system calls; FECTL_FD of the environment says so. NOLINTBEGIN(clang-analyzer-unix.Vfork)
    dup2(orders[0], 3);
    dup2(reports[1], 4);
    // NOLINTEND(clang-analyzer-unix.Vfork)
    execve(program, arguments, environ);
    _exit(100);
  }
  if (pid < 0) Fail("floor: vfork");
  close(orders[0]);
  close(reports[1]);
  *worker = (struct Worker){.pid = pid, .read_fd = reports[0], .write_fd = orders[1], .started = 0};
  Watch(worker->read_fd, mark);
}

static void Bury(const struct Worker* worker) {
  close(worker->read_fd);
  close(worker->write_fd);
  if (waitpid(worker->pid, NULL, 0) != worker->pid) Fail("floor: waitpid");
}

// 0: the worker has ended.
static int Hear(struct Worker* worker) {
  static const char kStart[] = "\0\017{\"cmd\":\"start\"}";
  char text[4096];
  if (read(worker->read_fd, text, sizeof(text)) <= 0) return 0;
  if (!worker->started) {  // its first word is `loaded`
    worker->started = write(worker->write_fd, kStart, sizeof(kStart) - 1) == sizeof(kStart) - 1;
  }
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  program = argv[1];
  const uint32_t count = (uint32_t)strtoul(argv[2], NULL, 10);
  struct Worker* workers = calloc(count, sizeof(*workers));
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (workers == NULL || epoll_fd < 0 || pipe2(asked_to_stop, O_CLOEXEC) != 0) Fail("floor");
  const struct sigaction on_term = {.sa_handler = OnTerm, .sa_flags = SA_RESTART};
  sigaction(SIGTERM, &on_term, NULL);
  Watch(asked_to_stop[0], count);
  setenv("FECTL_FD", "3:4", 1);
  for (uint32_t i = 0; i < count; ++i) Spawn(&workers[i], i);

  int stopping = 0;
  for (uint32_t left = count; left > 0;) {
    struct epoll_event ready[128];
    const int got = epoll_wait(epoll_fd, ready, 128, -1);
    for (int i = 0; i < got; ++i) {
      const uint32_t mark = ready[i].data.u32;
      if (mark == count) {
        stopping = 1;
        close(asked_to_stop[0]);
        for (uint32_t w = 0; w < count; ++w) kill(workers[w].pid, SIGTERM);
      } else if (!Hear(&workers[mark])) {
        Bury(&workers[mark]);
        if (stopping) {
          --left;
        } else {
          Spawn(&workers[mark], mark);
        }
      }
    }
  }
  free(workers);
  return 0;
}
