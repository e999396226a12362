#include "worker_sdk/drain/accept_pace.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace fectl::drain {
namespace {

// How many of so many connections in one millisecond send the worker to the end of the line.
int TurnsOf(AcceptPace& pace, int connections, int64_t now_ms) {
  int turns = 0;
  for (int i = 0; i < connections; ++i) turns += pace.Accepted(now_ms) ? 1 : 0;
  return turns;
}

TEST(AcceptPace, EachConnectionOfAFewChangesTheOrder) {
  AcceptPace pace;
  EXPECT_EQ(TurnsOf(pace, AcceptPace::kEachUpTo, 5000), AcceptPace::kEachUpTo);
  EXPECT_EQ(pace.burst(), 1);
}

TEST(AcceptPace, ManyInASecondChangeItNowAndThenAndAreTakenSeveralAtATime) {
  AcceptPace pace;
  TurnsOf(pace, AcceptPace::kEachUpTo, 5000);
  EXPECT_EQ(TurnsOf(pace, 10 * AcceptPace::kThenEvery, 5999), 10);
  EXPECT_EQ(pace.burst(), AcceptPace::kBurst);
}

TEST(AcceptPace, ANewSecondBeginsAnew) {
  AcceptPace pace;
  TurnsOf(pace, 1000, 5000);
  EXPECT_EQ(TurnsOf(pace, AcceptPace::kEachUpTo, 6000), AcceptPace::kEachUpTo);
  EXPECT_EQ(pace.burst(), 1);
}

}  // namespace
}  // namespace fectl::drain
