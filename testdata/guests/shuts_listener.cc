// Serves as a worker without fault does, except that it accepts nothing itself: on SIGUSR1 it ends the
// listening on all of its sockets.

#include <signal.h>
#include <sys/socket.h>

#include <chrono>

#include "testdata/guests/guest.h"

namespace {

volatile sig_atomic_t told = 0;

void OnSignal(int) {
  told = 1;
}

}  // namespace

int main() {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  fectl::guests::CatchSigterm();
  signal(SIGUSR1, OnSignal);
  guest.LoadAndStart();
  while (!fectl::guests::SawSigterm()) {
    if (guest.NextCommand(std::chrono::milliseconds(20)) == "stop") return 0;
    if (told == 0) continue;
    told = 0;
    for (const int fd : fectl::guests::Guest::Listeners()) shutdown(fd, SHUT_RD);
    fectl::guests::AppendLine("shut", "done");
  }
  return 0;
}
