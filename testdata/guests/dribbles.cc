// In its first incarnation, once it serves, sends a frame byte by byte, one in each second, and nothing else.
// The frame is too long to end within a test.

#include <poll.h>

#include <string>

#include "testdata/guests/guest.h"

int main() {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  fectl::guests::CatchSigterm();
  guest.LoadAndStart();
  if (!fectl::guests::Guest::FirstTime("dribbled")) {
    guest.BeatUntilStopped();
    return 0;
  }
  guest.SendBytes(std::string("\x0f\xff{", 3));
  while (!fectl::guests::SawSigterm()) {
    guest.SendBytes(" ");
    poll(nullptr, 0, 1'000);
  }
  return 0;
}
