#include "master/core/basis/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "master/core/basis/limits.h"
#include "master/core/basis/random.h"
#include "master/core/basis/time.h"

namespace fectl::core {
namespace {

TEST(BackoffDelay, TheFirstTryIsAtOnce) {
  Random random(1);
  EXPECT_EQ(BackoffDelay(0, random), Span{0});
}

TEST(BackoffDelay, DoublesUpToTheCapWithJitterInTheUpperHalf) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    Span full = kBackoffFirst;
    for (uint32_t failures = 1; failures < 40; ++failures) {
      const Span delay = BackoffDelay(failures, random);
      EXPECT_GE(delay.ns, full.ns / 2);
      EXPECT_LE(delay, full);
      full = std::min(Span{full.ns * 2}, kBackoffMax);
    }
    EXPECT_LE(BackoffDelay(UINT32_MAX, random), kBackoffMax);
  }
}

TEST(BackoffDelay, JitterDiffersBetweenSeeds) {
  Random a(1);
  Random b(2);
  EXPECT_NE(BackoffDelay(5, a), BackoffDelay(5, b));
}

// What the delays are for: whatever the jitter, a crash loop starts at most ten processes in ten seconds.
TEST(BackoffDelay, BoundsTheStartsOfACrashLoop) {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    Random random(seed);
    int starts = 1;
    Span passed;
    for (uint32_t failures = 0;; ++failures) {
      passed = Span{passed.ns + BackoffDelay(failures, random).ns};
      if (passed > Seconds(10)) break;
      ++starts;
    }
    EXPECT_LE(starts, 10);
  }
}

}  // namespace
}  // namespace fectl::core
