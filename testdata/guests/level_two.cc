// An application of worker_sdk that uses what only level 2 has: a line of status while it loads, gauges, and,
// for the command line argument `leaves`, in its first incarnation, a departure on purpose.

#include <cstdio>
#include <string>

#include "testdata/guests/guest.h"
#include "worker_sdk/worker.h"

int main(int argc, char** argv) {
  const bool leaves = argc > 1 && std::string(argv[1]) == "leaves";
  fectl::Worker* self = nullptr;
  const auto on_start = [&] {
    if (leaves && fectl::guests::Guest::FirstTime("left")) self->Stopping("served 1000 requests");
  };
  auto worker = fectl::Worker::FromEnvironment({.on_start = on_start});
  if (!worker.ok() || !(*worker)->managed()) {
    fprintf(stderr, "level_two: %s\n", worker.status().ToString().c_str());
    return 64;
  }
  self = worker->get();
  self->Status("warming cache 40 %");
  if (!self->SetGauge("requests", 42).ok()) return 65;
  self->Loaded();
  return self->Run().ok() ? 0 : 1;
}
