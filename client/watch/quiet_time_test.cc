#include "client/watch/quiet_time.h"

#include <gtest/gtest.h>

namespace fectl::client {
namespace {

TEST(QuietTime, NothingIsDueWhereNothingHasChanged) {
  EXPECT_EQ(QuietTime().due_ms(), std::nullopt);
}

TEST(QuietTime, AChangeIsDueAfterItsQuietTime) {
  QuietTime quiet;
  quiet.Changed(1'000);
  EXPECT_EQ(quiet.due_ms(), 1'250);
}

TEST(QuietTime, EachChangePutsItOff) {
  QuietTime quiet;
  for (int64_t now = 1'000; now <= 1'500; now += 100) quiet.Changed(now);
  EXPECT_EQ(quiet.due_ms(), 1'750);
}

TEST(QuietTime, ButNotForEver) {
  QuietTime quiet;
  for (int64_t now = 1'000; now <= 60'000; now += 100) quiet.Changed(now);
  EXPECT_EQ(quiet.due_ms(), 3'000);
}

TEST(QuietTime, WhatWasActedOnIsForgotten) {
  QuietTime quiet;
  quiet.Changed(1'000);
  quiet.Forget();
  EXPECT_EQ(quiet.due_ms(), std::nullopt);
  quiet.Changed(9'000);
  EXPECT_EQ(quiet.due_ms(), 9'250);
}

}  // namespace
}  // namespace fectl::client
