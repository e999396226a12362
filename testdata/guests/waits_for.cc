// Waits until the file of its first argument exists, and then becomes the program of the others: a start that
// takes as long as the test wants. Meanwhile its pid is a line of the file `waiting`.

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "testdata/guests/guest.h"

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  fectl::guests::AppendLine("waiting", std::to_string(getpid()));
  while (access(argv[1], F_OK) != 0) poll(nullptr, 0, 10);
  execv(argv[2], argv + 2);
  perror(argv[2]);
  return 65;
}
