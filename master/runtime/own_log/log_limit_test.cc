#include "master/runtime/own_log/log_limit.h"

#include <gtest/gtest.h>

#include <string>

namespace fectl::runtime {
namespace {

TEST(LogLimit, OneLinePerIntervalAndACountOfTheOthers) {
  LogLimit limit(core::Seconds(60));
  const core::Instant start{1};
  std::string more = "x";
  EXPECT_TRUE(limit.Pass(start, &more));
  EXPECT_EQ(more, "");
  for (int i = 0; i < 17; ++i) EXPECT_FALSE(limit.Pass(start + core::Seconds(i), &more));
  EXPECT_TRUE(limit.Pass(start + core::Seconds(60), &more));
  EXPECT_EQ(more, " (and 17 more before)");
  EXPECT_TRUE(limit.Pass(start + core::Seconds(120), &more));
  EXPECT_EQ(more, "");
}

}  // namespace
}  // namespace fectl::runtime
