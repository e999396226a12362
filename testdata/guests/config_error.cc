// Finds its configuration wrong, says so, and leaves with 99; with the argument `stays`, it never leaves.

#include <string>

#include "testdata/guests/guest.h"

int main(int argc, char** argv) {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  guest.Send(R"({"cmd": "cfgerror", "data": "no database is configured: set \"db\""})");
  if (argc > 1 && std::string(argv[1]) == "stays") guest.Silent();
  return 99;
}
