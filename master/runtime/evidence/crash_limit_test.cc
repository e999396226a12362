#include "master/runtime/evidence/crash_limit.h"

#include <gtest/gtest.h>

#include "master/core/basis/time.h"

namespace fectl::runtime {
namespace {

constexpr core::Instant At(int64_t seconds) {
  return core::Instant{} + core::Seconds(100'000 + seconds);
}

TEST(CrashLimit, OfAServiceOneIsKeptInAMinute) {
  CrashLimit limit;
  EXPECT_TRUE(limit.May(1, At(0)));
  EXPECT_FALSE(limit.May(1, At(0))) << "one is looked at already";
  EXPECT_TRUE(limit.Keep(1, "was killed by SIGSEGV", At(0)));
  EXPECT_FALSE(limit.May(1, At(59)));
  EXPECT_TRUE(limit.May(2, At(59)));
  EXPECT_TRUE(limit.May(1, At(60)));
}

TEST(CrashLimit, WhatWasNoCrashTakesNoPlace) {
  CrashLimit limit;
  EXPECT_TRUE(limit.May(1, At(0)));
  EXPECT_FALSE(limit.Keep(1, "", At(0)));
  EXPECT_TRUE(limit.May(1, At(0)));
}

TEST(CrashLimit, TheSameIsKeptOnceInAnHour) {
  CrashLimit limit;
  limit.May(1, At(0));
  EXPECT_TRUE(limit.Keep(1, "was killed by SIGSEGV", At(0)));
  EXPECT_TRUE(limit.May(1, At(3599)));
  EXPECT_FALSE(limit.Keep(1, "was killed by SIGSEGV", At(3599)));
  EXPECT_TRUE(limit.May(1, At(3599)));
  EXPECT_TRUE(limit.Keep(1, "exited with code 1", At(3599)));
  EXPECT_TRUE(limit.May(1, At(3700)));
  EXPECT_TRUE(limit.Keep(1, "was killed by SIGSEGV", At(3700)));
}

TEST(CrashLimit, AServiceThatIsForgottenKeepsNothing) {
  CrashLimit limit;
  limit.May(1, At(0));
  limit.ForgetService(1);
  EXPECT_FALSE(limit.Keep(1, "was killed by SIGSEGV", At(0)));
}

}  // namespace
}  // namespace fectl::runtime
