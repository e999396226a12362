// Serves well; in its first incarnation it sends the command of its argument (`reload`, `restart`) once it
// serves.

#include "testdata/guests/guest.h"

int main(int argc, char** argv) {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  fectl::guests::CatchSigterm();
  guest.LoadAndStart();
  if (argc > 1 && fectl::guests::Guest::FirstTime("asked")) guest.SendCommand(argv[1]);
  guest.BeatUntilStopped();
  return 0;
}
