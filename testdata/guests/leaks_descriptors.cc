// Once it serves, it takes descriptors until it gets no more, notes their number in the file `leaked`, and
// goes on serving.

#include <fcntl.h>

#include <string>

#include "testdata/guests/guest.h"

int main() {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  fectl::guests::CatchSigterm();
  guest.LoadAndStart();
  const int note = open("leaked", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  int taken = 0;
  while (fcntl(note, F_DUPFD, 0) >= 0) ++taken;
  dprintf(note, "%d\n", taken);
  guest.BeatUntilStopped();
  return 0;
}
