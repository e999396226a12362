// An application of worker_sdk that hangs once the file `hang` comes to be there (if it was there before,
// never): as its first argument says, in `Spin`, which keeps a processor busy, or in `Deadlock`, which waits
// for a lock that is never free. With a second argument nobody without the right to inspect all processes may
// look into it.

#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>
#include <string>

#include "worker_sdk/worker.h"

namespace fectl::guests {

volatile unsigned counter = 0;
std::mutex taken;

[[gnu::noinline]] void Spin() {
  for (;;) counter = counter + 1;
}

[[gnu::noinline]] void Deadlock() {
  taken.lock();
  counter = counter + 1;  // what follows is no tail call
}

}  // namespace fectl::guests

int main(int argc, char** argv) {
  const std::string how = argc > 1 ? argv[1] : "";
  if (argc > 2) prctl(PR_SET_DUMPABLE, 0);
  fectl::guests::taken.lock();
  const bool hangs = access("hang", F_OK) != 0;
  bool stop = false;
  auto worker = fectl::Worker::FromEnvironment({.on_stop = [&stop](auto) { stop = true; }});
  if (!worker.ok() || !(*worker)->managed()) {
    fprintf(stderr, "hangs: %s\n", worker.status().ToString().c_str());
    return 64;
  }
  (*worker)->Loaded();
  fprintf(stderr, "about to serve\n");
  while (!stop) {
    pollfd watched{(*worker)->poll_fd(), POLLIN, 0};
    poll(&watched, 1, 20);
    if (hangs && access("hang", F_OK) == 0) how == "spin" ? fectl::guests::Spin() : fectl::guests::Deadlock();
    if (!(*worker)->Dispatch().ok()) return 1;
  }
  return 0;
}
