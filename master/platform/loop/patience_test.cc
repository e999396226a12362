#include "master/platform/loop/patience.h"

#include <gtest/gtest.h>

#include "master/platform/loop/clock.h"

namespace fectl::platform {
namespace {

TEST(Patience, EndsAfterItsTimeAndNotBefore) {
  const int64_t began = MonotonicNanos();
  const Patience patience(60);
  int waits = 0;
  while (patience.Wait()) ++waits;
  EXPECT_GE(MonotonicNanos() - began, 60'000'000);
  EXPECT_GE(waits, 1);
  EXPECT_LE(waits, 4);
}

TEST(Patience, NoTimeIsNoWaiting) {
  EXPECT_FALSE(Patience(0).Wait());
}

}  // namespace
}  // namespace fectl::platform
