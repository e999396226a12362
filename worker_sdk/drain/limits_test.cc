#include "worker_sdk/drain/limits.h"

#include "gtest/gtest.h"
#include "worker_sdk/drain/lifetime.h"

namespace fectl::drain {
namespace {

TEST(ReadLimitsTest, NothingGivenIsTheDefaults) {
  const auto limits = ReadLimits({});
  ASSERT_TRUE(limits.ok());
  EXPECT_EQ(limits->keepalive_ms, 75'000);
  EXPECT_EQ(limits->header_timeout_ms, 30'000);
  EXPECT_EQ(limits->request_timeout_ms, 60'000);
  EXPECT_EQ(limits->linger_ms, 2'000);
}

TEST(ReadLimitsTest, Seconds) {
  const auto limits = ReadLimits({"keepalive=0", "header_timeout=0.25", "request_timeout=5", "linger=1.5"});
  ASSERT_TRUE(limits.ok()) << limits.status();
  EXPECT_EQ(limits->keepalive_ms, 0);
  EXPECT_EQ(limits->header_timeout_ms, 250);
  EXPECT_EQ(limits->request_timeout_ms, 5'000);
  EXPECT_EQ(limits->linger_ms, 1'500);
}

TEST(ReadLimitsTest, WhatIsWrongIsNamed) {
  EXPECT_EQ(ReadLimits({"keepalive=0", "keep_alive=1"}).status().message(),
            "arguments: \"keep_alive\" is not an argument; allowed are header_timeout, keepalive, linger, "
            "request_timeout");
  for (const char* argument : {"linger", "linger=", "linger=x", "linger=-1", "linger=nan", "linger=inf"}) {
    EXPECT_EQ(ReadLimits({argument}).status().message(),
              std::string("arguments: ") + argument + ": write a number of seconds, 0 or more, as linger=30");
  }
}

}  // namespace
}  // namespace fectl::drain
