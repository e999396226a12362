// An application of worker_sdk that sends back each message of its own that it gets.

#include <cstdio>
#include <string_view>

#include "worker_sdk/worker.h"

int main() {
  fectl::Worker* self = nullptr;
  // One that does not fit is lost, as every message may be.
  const auto on_message = [&](std::string_view json) { self->SendMessage(json).IgnoreError(); };
  auto worker = fectl::Worker::FromEnvironment({.on_message = on_message});
  if (!worker.ok() || !(*worker)->managed()) {
    fprintf(stderr, "echoes: %s\n", worker.status().ToString().c_str());
    return 64;
  }
  self = worker->get();
  self->Loaded();
  return self->Run().ok() ? 0 : 1;
}
