#include "client/session/worker_of.h"

#include <gtest/gtest.h>

namespace fectl::client {
namespace {

TEST(WorkerOf, IsAServiceAndANumber) {
  const auto one = ReadWorkerOf("web[12]");
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->service, "web");
  EXPECT_EQ(one->worker, 12);
}

TEST(WorkerOf, OtherWordsAreNone) {
  for (const char* const word : {"", "web", "[1]", "web[", "web[]", "web[0]", "web[-1]", "web[1", "web]1[",
                                 "web[1]x", "web[x]", "web[99999999999]", "]"})
    EXPECT_FALSE(ReadWorkerOf(word).has_value()) << word;
}

}  // namespace
}  // namespace fectl::client
