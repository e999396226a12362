#include "master/explain/spoken.h"

#include <gtest/gtest.h>

namespace fectl::explain {
namespace {

TEST(Spoken, HasTwoUnitsAtMost) {
  EXPECT_EQ(Spoken(core::Milliseconds(-5)), "0 s");
  EXPECT_EQ(Spoken(core::Milliseconds(449)), "0.4 s");
  EXPECT_EQ(Spoken(core::Milliseconds(1000)), "1 s");
  EXPECT_EQ(Spoken(core::Milliseconds(9949)), "9.9 s");
  EXPECT_EQ(Spoken(core::Milliseconds(9950)), "10 s");
  EXPECT_EQ(Spoken(core::Seconds(184)), "3 min 4 s");
  EXPECT_EQ(Spoken(core::Seconds(180)), "3 min");
  EXPECT_EQ(Spoken(core::Seconds(18'600)), "5 h 10 min");
  EXPECT_EQ(Spoken(core::Seconds(266'400)), "3 d 2 h");
}

TEST(Counted, HasPlurals) {
  EXPECT_EQ(Counted(1, "worker"), "1 worker");
  EXPECT_EQ(Counted(0, "worker"), "0 workers");
  EXPECT_EQ(Counted(2, "process"), "2 processes");
}

TEST(Ordinal, HasItsEnding) {
  for (const auto& [number, text] :
       {std::pair(1U, "1st"), std::pair(2U, "2nd"), std::pair(3U, "3rd"), std::pair(4U, "4th"),
        std::pair(11U, "11th"), std::pair(12U, "12th"), std::pair(21U, "21st"), std::pair(113U, "113th")})
    EXPECT_EQ(Ordinal(number), text);
}

TEST(Sentence, BeginsWithACapital) {
  EXPECT_EQ(Sentence("worker 1 serves."), "Worker 1 serves.");
  EXPECT_EQ(Sentence(""), "");
  EXPECT_EQ(Sentence("2 workers"), "2 workers");
}

}  // namespace
}  // namespace fectl::explain
