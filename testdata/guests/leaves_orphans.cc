// Serves well beside two processes that it started: one that stays in its process group, and one that is in a
// session of its own and whose parent has ended (as daemons do it). Both hear no SIGTERM and hold both pipes.
// A line of the file `orphans` has the pids: its own, that of the one in the group, that of the daemon. The
// daemon writes into the pipe until nobody is there to read, which it notes in the file `pipe-closed`.

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "testdata/guests/guest.h"

namespace {

[[noreturn]] void Daemon(const fectl::guests::Guest& guest, int told) {
  setsid();
  if (fork() != 0) _exit(0);
  const pid_t self = getpid();
  if (write(told, &self, sizeof self) != sizeof self) _exit(65);
  // A frame's worth at a time, so that the worker's own frames stay whole.
  const std::string beat("\0\x0d{\"cmd\": \"hb\"}", 15);
  while (write(guest.write_fd(), beat.data(), beat.size()) >= 0) poll(nullptr, 0, 20);
  fectl::guests::AppendLine("pipe-closed", std::to_string(self));
  while (true) pause();
}

}  // namespace

int main() {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  signal(SIGTERM, SIG_IGN);
  const pid_t in_group = fork();
  if (in_group == 0) guest.Silent();
  int ends[2];
  if (pipe(ends) != 0) return 65;
  const pid_t between = fork();
  if (between == 0) Daemon(guest, ends[1]);
  waitpid(between, nullptr, 0);
  pid_t daemon = 0;
  if (read(ends[0], &daemon, sizeof daemon) != sizeof daemon) return 65;
  fectl::guests::CatchSigterm();
  fectl::guests::AppendLine(
      "orphans", std::to_string(getpid()) + " " + std::to_string(in_group) + " " + std::to_string(daemon));
  guest.LoadAndStart();
  guest.BeatUntilStopped();
  return 0;
}
