// Its first thread ends once it serves; another one goes on beating until it is told to stop. Each start
// leaves its pid in the file `leaderless` when the first thread is about to end.

#include <pthread.h>
#include <unistd.h>

#include <string>

#include "testdata/guests/guest.h"

namespace {

void* Beat(void* guest) {
  static_cast<fectl::guests::Guest*>(guest)->BeatUntilStopped();
  _exit(0);
}

}  // namespace

int main() {
  static fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  fectl::guests::CatchSigterm();
  guest.LoadAndStart();
  pthread_t other;
  if (pthread_create(&other, nullptr, Beat, &guest) != 0) return 65;
  fectl::guests::AppendLine("leaderless", std::to_string(getpid()));
  pthread_exit(nullptr);
}
