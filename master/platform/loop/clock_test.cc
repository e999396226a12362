#include "master/platform/loop/clock.h"

#include <gtest/gtest.h>

#include <chrono>

namespace fectl::platform {
namespace {

TEST(Clock, MonotonicNeverGoesBack) {
  int64_t before = MonotonicNanos();
  for (int i = 0; i < 1000; ++i) {
    const int64_t now = MonotonicNanos();
    ASSERT_GE(now, before);
    before = now;
  }
}

TEST(Clock, MonotonicIsTheSteadyClockInNanoseconds) {
  const int64_t before = MonotonicNanos();
  const int64_t steady = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  const int64_t after = MonotonicNanos();
  EXPECT_LE(before, steady);
  EXPECT_LE(steady, after);
}

TEST(Clock, WallCountsSecondsSince1970) {
  const int64_t before = WallSeconds();
  const int64_t system = std::chrono::system_clock::now().time_since_epoch() / std::chrono::seconds(1);
  EXPECT_LE(before, system + 1);
  EXPECT_GE(before, system - 1);
}

}  // namespace
}  // namespace fectl::platform
