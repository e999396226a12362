// The one place of the worker SDK which reads a clock.
#ifndef FECTL_WORKER_SDK_MONOTONIC_H_
#define FECTL_WORKER_SDK_MONOTONIC_H_

#include <cstdint>

namespace fectl::internal {

// Milliseconds of CLOCK_MONOTONIC: a wall clock that jumps moves no deadline.
int64_t MonotonicMs();

}  // namespace fectl::internal

#endif  // FECTL_WORKER_SDK_MONOTONIC_H_
