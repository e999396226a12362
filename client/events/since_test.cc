#include "client/events/since.h"

#include <gtest/gtest.h>

namespace fectl::client {
namespace {

TEST(ReadSince, TakesNumbersLengthsTimesAndNow) {
  EXPECT_EQ(ReadSince("1042"), (Since{.after = 1042}));
  EXPECT_EQ(ReadSince("0"), (Since{.after = 0}));
  EXPECT_EQ(ReadSince("90s"), (Since{.length_ms = 90'000}));
  EXPECT_EQ(ReadSince("10m"), (Since{.length_ms = 600'000}));
  EXPECT_EQ(ReadSince("2h"), (Since{.length_ms = 7'200'000}));
  EXPECT_EQ(ReadSince("3d"), (Since{.length_ms = 259'200'000}));
  EXPECT_EQ(ReadSince("2023-11-14T22:13:20Z"), (Since{.at_ms = 1'700'000'000'000}));
  EXPECT_EQ(ReadSince("now"), (Since{.now = true}));
}

TEST(ReadSince, NothingElse) {
  for (const char* word :
       {"", "m", "-1", "1.5m", "10 m", "10min", "later", "2023-11-14", "2023-11-14T22:13:20",
        "2023-11-14T22:13:20Zx", "99999999999d", "99999999999999999999"})
    EXPECT_EQ(ReadSince(word), std::nullopt) << word;
}

}  // namespace
}  // namespace fectl::client
