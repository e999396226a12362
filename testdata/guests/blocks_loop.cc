// An application of worker_sdk whose loop stands still for ever from SIGUSR1 on: the process lives, its SDK
// does not get to run.

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "worker_sdk/worker.h"

namespace {

volatile sig_atomic_t block = 0;

void OnUsr1(int) {
  block = 1;
}

}  // namespace

int main() {
  struct sigaction action {};
  action.sa_handler = OnUsr1;
  sigaction(SIGUSR1, &action, nullptr);
  bool stop = false;
  auto worker = fectl::Worker::FromEnvironment({.on_stop = [&stop](auto) { stop = true; }});
  if (!worker.ok() || !(*worker)->managed()) {
    fprintf(stderr, "blocks_loop: %s\n", worker.status().ToString().c_str());
    return 64;
  }
  (*worker)->Loaded();
  while (!stop) {
    pollfd watched{(*worker)->poll_fd(), POLLIN, 0};
    poll(&watched, 1, (*worker)->poll_timeout_ms());
    while (block != 0) pause();
    if (!(*worker)->Dispatch().ok()) return 1;
  }
  return 0;
}
