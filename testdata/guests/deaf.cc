// Serves well, but ignores the command `stop` and every signal that can be ignored. So does the child in its
// process group. The pids of both go to the file `deaf`. With an argument there is no child.

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "testdata/guests/guest.h"

int main(int argc, char**) {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  for (int ignored : {SIGTERM, SIGINT, SIGQUIT, SIGHUP}) signal(ignored, SIG_IGN);
  if (argc == 1) {
    const pid_t child = fork();
    if (child == 0) guest.Silent();
    fectl::guests::AppendLine("deaf", std::to_string(getpid()) + " " + std::to_string(child));
  }
  guest.LoadAndStart();
  while (true) guest.NextCommand(std::chrono::milliseconds(500));
}
