#ifndef MASTER_PLATFORM_LOOP_CLOCK_H_
#define MASTER_PLATFORM_LOOP_CLOCK_H_

#include <cstdint>

namespace fectl::platform {

// Nanoseconds of CLOCK_MONOTONIC: for every interval and deadline. It does not count while the machine is
// suspended, so that a sleep of the machine times no worker out.
int64_t MonotonicNanos();

// Seconds since 1970 UTC: for times that people read, never for intervals (this clock jumps).
int64_t WallSeconds();

// The same in nanoseconds, to be compared with the times of files.
int64_t WallNanos();

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_LOOP_CLOCK_H_
