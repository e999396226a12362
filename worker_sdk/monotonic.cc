#include "worker_sdk/monotonic.h"

#include <time.h>

namespace fectl::internal {

int64_t MonotonicMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace fectl::internal
