// Serves well; on SIGUSR1 it takes memory without end.

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>

#include "testdata/guests/guest.h"

namespace {

volatile sig_atomic_t hungry = 0;

void OnSignal(int) {
  hungry = 1;
}

}  // namespace

int main() {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  fectl::guests::CatchSigterm();
  signal(SIGUSR1, OnSignal);
  guest.LoadAndStart();
  while (hungry == 0) {
    if (fectl::guests::SawSigterm() || guest.NextCommand(std::chrono::milliseconds(100)) == "stop") return 0;
  }
  constexpr size_t kBytes = 1024 * 1024;
  while (void* block = malloc(kBytes)) memset(block, 1, kBytes);
  guest.Silent();
}
