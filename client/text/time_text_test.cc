#include "client/text/time_text.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <cmath>
#include <limits>

namespace fectl::client {
namespace {

TEST(ShortDuration, HasAtMostTwoUnits) {
  EXPECT_EQ(ShortDuration(0), "0s");
  EXPECT_EQ(ShortDuration(59.9), "59s");
  EXPECT_EQ(ShortDuration(60), "1m0s");
  EXPECT_EQ(ShortDuration(3599), "59m59s");
  EXPECT_EQ(ShortDuration(3600), "1h0m");
  EXPECT_EQ(ShortDuration(86399), "23h59m");
  EXPECT_EQ(ShortDuration(3 * 86400 + 7200), "3d2h");
}

TEST(ShortDuration, TakesNonsense) {
  EXPECT_EQ(ShortDuration(-5), "0s");
  EXPECT_EQ(ShortDuration(std::nan("")), "0s");
  EXPECT_EQ(ShortDuration(std::numeric_limits<double>::infinity()), "115740740d17h");
}

TEST(SpokenDuration, RoundsOnce) {
  EXPECT_EQ(SpokenDuration(0), "0 ms");
  EXPECT_EQ(SpokenDuration(949), "949 ms");
  EXPECT_EQ(SpokenDuration(950), "1.0 s");
  EXPECT_EQ(SpokenDuration(1234), "1.2 s");
  EXPECT_EQ(SpokenDuration(9949), "9.9 s");
  EXPECT_EQ(SpokenDuration(9950), "10 s");
  EXPECT_EQ(SpokenDuration(59499), "59 s");
  EXPECT_EQ(SpokenDuration(59500), "1 min 0 s");
  EXPECT_EQ(SpokenDuration(184000), "3 min 4 s");
  EXPECT_EQ(SpokenDuration(-1), "0 ms");
}

// The log of fectld has the same form, so that a line of it can be found by what status shows.
TEST(UtcTime, LOCAL_UTC_IsThatOfTheLogWhateverTheZone) {
  setenv("TZ", "ABC-2", 1);
  tzset();
  EXPECT_EQ(UtcTime(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(UtcTime(1714564801.9), "2024-05-01T12:00:01Z");
  unsetenv("TZ");
  tzset();
}

TEST(UtcTime, TakesNonsense) {
  EXPECT_EQ(UtcTime(-1), "-");
  EXPECT_EQ(UtcTime(std::nan("")), "-");
  EXPECT_EQ(UtcTime(1e300), "-");
}

}  // namespace
}  // namespace fectl::client
