// Serves well; in its first incarnation it sends the command of its argument (`reload`, `restart`) once it
// serves. With the further argument `always`, each incarnation sends it all the time, and leaves its start as
// a line in the file `spawns`.

#include <chrono>
#include <string>

#include "testdata/guests/guest.h"

int main(int argc, char** argv) {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  fectl::guests::CatchSigterm();
  const bool always = argc > 2 && std::string(argv[2]) == "always";
  if (always) fectl::guests::AppendLine("spawns", std::to_string(fectl::guests::MonotonicSeconds()));
  guest.LoadAndStart();
  if (argc > 1 && !always && fectl::guests::Guest::FirstTime("asked")) guest.SendCommand(argv[1]);
  while (always && !fectl::guests::SawSigterm()) {
    guest.SendCommand(argv[1]);
    if (guest.NextCommand(std::chrono::milliseconds(10)) == "stop") return 0;
  }
  guest.BeatUntilStopped();
  return 0;
}
