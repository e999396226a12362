#ifndef FECTL_CLIENT_SESSION_CLOCK_H_
#define FECTL_CLIENT_SESSION_CLOCK_H_

#include <cstdint>

namespace fectl::client {

// The only place in the client which reads a clock.

// Milliseconds of CLOCK_MONOTONIC: for every interval and deadline.
int64_t MonotonicMs();

// Seconds since 1970: only to show how long ago something happened.
int64_t WallSeconds();

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SESSION_CLOCK_H_
