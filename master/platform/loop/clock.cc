#include "master/platform/loop/clock.h"

#include <ctime>

namespace fectl::platform {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;

// Neither clock can fail on Linux: the ids are known to every kernel.
timespec Read(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return now;
}

}  // namespace

int64_t MonotonicNanos() {
  const timespec now = Read(CLOCK_MONOTONIC);
  return now.tv_sec * kNanosPerSecond + now.tv_nsec;
}

int64_t WallNanos() {
  const timespec now = Read(CLOCK_REALTIME);
  return now.tv_sec * kNanosPerSecond + now.tv_nsec;
}

int64_t WallSeconds() {
  return Read(CLOCK_REALTIME).tv_sec;
}

}  // namespace fectl::platform
