// Serves well; once it serves it tries to end its parent with several signals. The file `kills` gets a line
// for each: the signal's number and the errno, 0 if the signal was sent.

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "testdata/guests/guest.h"

int main() {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  fectl::guests::CatchSigterm();
  guest.LoadAndStart();
  for (const int number : {SIGKILL, SIGTERM, SIGSTOP, SIGSEGV, SIGHUP}) {
    const int error = kill(getppid(), number) == 0 ? 0 : errno;
    fectl::guests::AppendLine("kills", std::to_string(number) + " " + std::to_string(error));
  }
  guest.BeatUntilStopped();
  return 0;
}
