// Serves well; on SIGUSR1 it takes memory without end.

#include <cstdlib>
#include <cstring>

#include "testdata/guests/guest.h"

int main() {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  fectl::guests::CatchSigterm();
  fectl::guests::CatchSigusr1();
  guest.LoadAndStart();
  if (!guest.BeatUntilSigusr1()) return 0;
  constexpr size_t kBytes = 1024 * 1024;
  while (void* block = malloc(kBytes)) memset(block, 1, kBytes);
  guest.Silent();
}
