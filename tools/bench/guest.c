// The worker of the benchmark: notes the clock with its first instruction, and then does what a worker must:
// says `loaded`, sends heartbeats, leaves on `stop` or when its master is gone. Static and without a library,
// so that what is measured is who supervises it and not the start of a program.
//
// It takes no arguments, so that a link to it can be the `run` of a service. The environment says the rest:
//   BENCH_LEDGER   the file to write births and starts into (ledger.h)
//   BENCH_BEAT_MS  how often to send a heartbeat (1000; 0: never)
//   BENCH_BEATS    at its start so many more, each after the one before was read; then a record that it is
//   done
// Without FECTL_FD it has no master that listens, and only waits for its end.

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tools/bench/ledger.h"

static const char kBeat[] = "{\"cmd\":\"hb\"}";

static int64_t Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct Ledger* OpenLedger(void) {
  const char* path = getenv("BENCH_LEDGER");
  const int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return NULL;
  void* map = mmap(NULL, sizeof(struct Ledger), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return map == MAP_FAILED ? NULL : map;
}

static void Note(struct Ledger* ledger, int32_t kind, int64_t ns) {
  const uint64_t index = __atomic_fetch_add(&ledger->records, 1, __ATOMIC_RELAXED);
  if (index >= kLedgerRecordsMax) return;
  struct LedgerRecord* record = &ledger->record[index];
  record->pid = getpid();
  record->ns = ns;
  __atomic_store_n(&record->kind, kind, __ATOMIC_RELEASE);  // from here on it is read
}

static int Say(int fd, const char* message) {
  char frame[64];
  const size_t length = strlen(message);
  frame[0] = 0;
  frame[1] = (char)length;
  memcpy(frame + 2, message, length);
  return write(fd, frame, length + 2) == (ssize_t)(length + 2) ? 0 : -1;
}

// So that the master has each of them to itself.
static void BeatInStep(int fd, long count) {
  for (; count > 0 && Say(fd, kBeat) == 0; --count) {
    int unread = 0;
    while (ioctl(fd, FIONREAD, &unread) == 0 && unread > 0) poll(NULL, 0, 1);
  }
}

// Reads what the master says: its orders are few and short, so they fit into one read. False: leave.
static int Obey(int fd, int write_fd, struct Ledger* ledger) {
  char text[4096];
  const ssize_t got = read(fd, text, sizeof(text) - 1);
  if (got <= 0) return 0;
  for (ssize_t i = 0; i < got; ++i) {
    if (text[i] == '\0') text[i] = ' ';
  }
  text[got] = '\0';
  if (strstr(text, "\"start\"") != NULL) {
    Note(ledger, kLedgerStarted, Now());
    const char* beats = getenv("BENCH_BEATS");
    if (beats != NULL) {
      BeatInStep(write_fd, strtol(beats, NULL, 10));
      Note(ledger, kLedgerDone, Now());
    }
  }
  return strstr(text, "\"stop\"") == NULL;
}

// Not the C library's sscanf: it would be a third of this program.
static int ReadChannel(const char* text, int* read_fd, int* write_fd) {
  char* end = NULL;
  *read_fd = (int)strtol(text, &end, 10);
  if (*end != ':') return -1;
  *write_fd = (int)strtol(end + 1, &end, 10);
  return *end == '\0' ? 0 : -1;
}

int main(void) {
  const int64_t born = Now();
  struct Ledger* ledger = OpenLedger();
  if (ledger == NULL) return 99;
  Note(ledger, kLedgerBorn, born);
  const char* channel = getenv("FECTL_FD");
  if (channel == NULL) {
    for (;;) pause();
  }
  int read_fd = -1;
  int write_fd = -1;
  if (ReadChannel(channel, &read_fd, &write_fd) != 0) return 99;
  if (Say(write_fd, "{\"cmd\":\"loaded\",\"data\":{\"proto\":2}}") != 0) return 99;

  const char* beat = getenv("BENCH_BEAT_MS");
  const int64_t every_ns = (beat == NULL ? 1000 : strtol(beat, NULL, 10)) * 1000000;
  // Workers that were started together do not beat together: the first one comes after a part of the time.
  int64_t beat_at = born + every_ns * (getpid() % 997) / 997;
  for (;;) {
    const int64_t left_ns = beat_at - Now();
    struct pollfd orders = {.fd = read_fd, .events = POLLIN, .revents = 0};
    const int timeout_ms = every_ns == 0 ? -1 : (left_ns <= 0 ? 0 : (int)(left_ns / 1000000) + 1);
    const int ready = poll(&orders, 1, timeout_ms);
    if (ready > 0 && !Obey(read_fd, write_fd, ledger)) return 0;
    if (ready == 0) {
      if (Say(write_fd, kBeat) != 0) return 0;
      beat_at += every_ns;
    }
  }
}
