#ifndef MASTER_PLATFORM_TESTING_TEST_WAIT_H_
#define MASTER_PLATFORM_TESTING_TEST_WAIT_H_

#include <functional>

#include "master/platform/loop/clock.h"
#include "master/platform/loop/event_loop.h"

namespace fectl::platform {

// Much longer than anything takes on a busy machine; only a failing test waits for it.
inline constexpr int64_t kTestDeadlineNanos = 60'000'000'000;

// Turns the loop until `done`. False: the deadline has passed.
inline bool TurnUntil(EventLoop* loop, const std::function<bool()>& done) {
  const int64_t deadline = MonotonicNanos() + kTestDeadlineNanos;
  while (!done()) {
    const int64_t left = deadline - MonotonicNanos();
    if (left <= 0 || !loop->Turn(left).ok()) return false;
  }
  return true;
}

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_TESTING_TEST_WAIT_H_
