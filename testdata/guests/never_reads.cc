// Beats for ever from `start` on, and never reads what it is told. Its pipe is as small as the kernel allows,
// so that it is soon full.

#include <fcntl.h>
#include <poll.h>

#include "testdata/guests/guest.h"

int main() {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  fcntl(guest.read_fd(), F_SETPIPE_SZ, 1);
  guest.LoadAndStart();
  while (true) {
    guest.SendCommand("hb");
    poll(nullptr, 0, 200);
  }
}
