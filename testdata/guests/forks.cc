// Once it serves, it forks without end, and so does each of its children; none of them hears SIGTERM. It goes
// on beating. What cannot be forked is tried again after a moment: the test gives it a limit.

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>

#include "testdata/guests/guest.h"

int main() {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  signal(SIGTERM, SIG_IGN);
  guest.LoadAndStart();
  bool first = true;
  while (true) {
    const pid_t child = fork();
    if (child == 0) first = false;
    if (child < 0) poll(nullptr, 0, 50);
    if (first) guest.NextCommand(std::chrono::milliseconds(0));
  }
}
