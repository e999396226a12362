// An application of worker_sdk that is busy until there is a file named "done" in its directory: with the
// argument `start` before it is loaded, otherwise as soon as it serves. It says so, but not that it is busy
// no longer.

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "worker_sdk/worker.h"

int main(int argc, char** argv) {
  const bool at_start = argc > 1 && std::string(argv[1]) == "start";
  fectl::Worker* self = nullptr;
  const auto work = [&] {
    self->Lease(std::chrono::hours(1), "model load");
    while (access("done", F_OK) != 0) poll(nullptr, 0, 10);
  };
  auto worker = fectl::Worker::FromEnvironment({.on_start = [&] {
    if (at_start) return;
    work();
    self->EndLease();
  }});
  if (!worker.ok() || !(*worker)->managed()) {
    fprintf(stderr, "busy: %s\n", worker.status().ToString().c_str());
    return 64;
  }
  self = worker->get();
  if (at_start) work();
  self->Loaded();
  return self->Run().ok() ? 0 : 1;
}
