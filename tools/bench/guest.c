// The worker of the benchmark: notes the clock with its first instruction, reports it, and then does what a
// worker must: says `loaded`, sends a heartbeat once a second, leaves on `stop` or when its master is gone.
// Of the base level, static and without a library, so that what is measured is the master and not the start
// of a program.
//
// Usage: guest FIFO. Writes one line "PID NANOSECONDS" (CLOCK_MONOTONIC) into the FIFO.
// Without FECTL_FD it only waits for its end.

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int Report(const char* fifo, const struct timespec* born) {
  char line[64];
  const long long ns = (long long)born->tv_sec * 1000000000 + born->tv_nsec;
  const int length = snprintf(line, sizeof(line), "%d %lld\n", (int)getpid(), ns);
  const int fd = open(fifo, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  const ssize_t written = write(fd, line, (size_t)length);
  close(fd);
  return written == length ? 0 : -1;
}

static int Say(int fd, const char* message) {
  char frame[64];
  const size_t length = strlen(message);
  frame[0] = 0;
  frame[1] = (char)length;
  memcpy(frame + 2, message, length);
  return write(fd, frame, length + 2) == (ssize_t)(length + 2) ? 0 : -1;
}

// 1 when the master said `stop` or is gone. What it says fits into one read: its commands are few and short.
static int MustLeave(int fd) {
  char text[4096];
  const ssize_t got = read(fd, text, sizeof(text) - 1);
  if (got <= 0) return 1;
  for (ssize_t i = 0; i < got; ++i) {
    if (text[i] == '\0') text[i] = ' ';
  }
  text[got] = '\0';
  return strstr(text, "\"stop\"") != NULL;
}

int main(int argc, char** argv) {
  struct timespec born;
  clock_gettime(CLOCK_MONOTONIC, &born);
  if (argc < 2 || Report(argv[1], &born) != 0) return 99;
  int read_fd = -1;
  int write_fd = -1;
  const char* channel = getenv("FECTL_FD");
  if (channel == NULL) {
    for (;;) pause();
  }
  if (sscanf(channel, "%d:%d", &read_fd, &write_fd) != 2) return 99;
  if (Say(write_fd, "{\"cmd\":\"loaded\"}") != 0) return 99;
  for (;;) {
    struct pollfd commands = {.fd = read_fd, .events = POLLIN, .revents = 0};
    const int ready = poll(&commands, 1, 1000);
    if (ready > 0 && MustLeave(read_fd)) return 0;
    if (ready == 0 && Say(write_fd, "{\"cmd\":\"hb\"}") != 0) return 0;
  }
}
