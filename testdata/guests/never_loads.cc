// Starts, and never says `loaded`.

#include "testdata/guests/guest.h"

int main() {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  fectl::guests::AppendLine("spawns", std::to_string(fectl::guests::MonotonicSeconds()));
  guest.Silent();
}
