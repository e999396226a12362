// In its first incarnation closes one or both ends of its channel once it serves (argument: read, write,
// both), and lives on. With the further argument `level-2` it is a worker of that level.

#include <unistd.h>

#include <string>

#include "testdata/guests/guest.h"

int main(int argc, char** argv) {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  const std::string which = argc > 1 ? argv[1] : "both";
  const bool level_2 = argc > 2 && std::string(argv[2]) == "level-2";
  guest.LoadAndStart(level_2 ? R"({"cmd": "loaded", "data": {"proto": 2}})" : R"({"cmd": "loaded"})");
  if (!fectl::guests::Guest::FirstTime("closed")) {
    guest.BeatUntilStopped();
    return 0;
  }
  if (which != "write") close(guest.read_fd());
  if (which == "read") {
    while (true) {
      guest.SendCommand("hb");
      usleep(200'000);
    }
  }
  close(guest.write_fd());
  guest.Silent();
}
