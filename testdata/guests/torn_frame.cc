// In its first incarnation announces a frame of 65,535 bytes once it serves, and never sends the rest.

#include "testdata/guests/guest.h"

int main() {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  fectl::guests::CatchSigterm();
  guest.LoadAndStart();
  if (fectl::guests::Guest::FirstTime("torn")) {
    guest.SendBytes("\xff\xff{");
    guest.Silent();
  }
  guest.BeatUntilStopped();
  return 0;
}
