// Serves as a worker without fault does, except that it accepts nothing itself: on SIGUSR1 it ends the
// listening on all of its sockets.

#include <sys/socket.h>

#include "testdata/guests/guest.h"

int main() {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  fectl::guests::CatchSigterm();
  fectl::guests::CatchSigusr1();
  guest.LoadAndStart();
  while (guest.BeatUntilSigusr1()) {
    for (const int fd : fectl::guests::Guest::Listeners()) shutdown(fd, SHUT_RD);
    fectl::guests::AppendLine("shut", "done");
  }
  return 0;
}
