// In its first incarnation announces a frame of 65,535 bytes and never sends the rest: once it serves, or as
// its argument says while it is `starting` or when it is `paused`. Its pid goes to the file `torn`.

#include <unistd.h>

#include <chrono>
#include <string>

#include "testdata/guests/guest.h"

int main(int argc, char** argv) {
  const std::string when = argc > 1 ? argv[1] : "";
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  fectl::guests::CatchSigterm();
  const bool tears = fectl::guests::Guest::FirstTime("began");
  const auto tear = [&] {
    guest.SendBytes("\xff\xff{");
    fectl::guests::AppendLine("torn", std::to_string(getpid()));
    guest.Silent();
  };
  if (tears && when == "starting") tear();
  guest.LoadAndStart();
  while (tears && when == "paused" && guest.NextCommand(std::chrono::hours(1)) != "pause") {
    if (fectl::guests::SawSigterm()) return 0;
  }
  if (tears) tear();
  guest.BeatUntilStopped();
  return 0;
}
