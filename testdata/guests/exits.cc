// Leaves with the exit code of its first argument; at once, or with `loaded` or `started` as its second
// argument right after it said `loaded` or was told `start`. Each start is a line with its time in the file
// `spawns`.

#include <cstdlib>
#include <string>

#include "testdata/guests/guest.h"

int main(int argc, char** argv) {
  const std::string when = argc > 2 ? argv[2] : "at once";
  fectl::guests::AppendLine("spawns", std::to_string(fectl::guests::MonotonicSeconds()));
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  if (when == "loaded") guest.SendCommand("loaded");
  if (when == "started") guest.LoadAndStart();
  return argc > 1 ? atoi(argv[1]) : 1;
}
