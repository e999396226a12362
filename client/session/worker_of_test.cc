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

TEST(ReadTarget, TakesAServiceOrOneWorker) {
  EXPECT_EQ(ReadTarget("web")->worker, 0);
  EXPECT_EQ(ReadTarget("web/12")->worker, 12);
  EXPECT_EQ(ReadTarget("web[3]")->service, "web");
  for (const char* word :
       {"", "/1", "web/", "web/0", "web/x", "web/1/2", "web/-1", "web[0]", "web[1", "[1]", "web/1]"})
    EXPECT_FALSE(ReadTarget(word).has_value()) << word;
}

}  // namespace
}  // namespace fectl::client
