#include "master/runtime/control/subscriptions.h"

#include <gtest/gtest.h>

#include <string>

#include "master/runtime/limits.h"

namespace fectl::runtime {
namespace {

TEST(Subscriptions, EachHasANumberOfItsOwn) {
  Subscriptions subscriptions;
  EXPECT_EQ(subscriptions.Add({1, 1000, 7, "web"}), nullptr);
  EXPECT_EQ(subscriptions.Add({2, 1000, 7, "web"}), nullptr);
  EXPECT_NE(subscriptions.Add({1, 1000, 7, "jobs"}), nullptr);
  EXPECT_FALSE(subscriptions.Remove(1, 8));
  EXPECT_TRUE(subscriptions.Remove(1, 7));
  EXPECT_EQ(subscriptions.Add({1, 1000, 7, "jobs"}), nullptr);
  subscriptions.RemoveClient(2);
  ASSERT_EQ(subscriptions.all().size(), 1U);
  EXPECT_EQ(subscriptions.all()[0].service, "jobs");
}

TEST(Subscriptions, OneConnectionHasNotTooMany) {
  Subscriptions subscriptions;
  for (int i = 1; i <= static_cast<int>(kSubscriptionsMax); ++i)
    EXPECT_EQ(subscriptions.Add({1, 0, i, "web"}), nullptr);
  EXPECT_EQ(subscriptions.Add({1, 0, 1000, "web"}),
            std::string("this connection has too many subscriptions"));
}

TEST(Subscriptions, OneUserLeavesSomeToTheOthersAndAllTogetherHaveALimit) {
  Subscriptions subscriptions;
  for (ClientId i = 0; i < kAllSubscriptionsMax / 2; ++i)
    EXPECT_EQ(subscriptions.Add({i, 1000, 1, "web"}), nullptr);
  EXPECT_EQ(subscriptions.Add({9999, 1000, 1, "web"}), std::string("this user has too many subscriptions"));
  for (ClientId i = 0; i < kAllSubscriptionsMax / 2; ++i)
    EXPECT_EQ(subscriptions.Add({10'000 + i, 0, 1, "web"}), nullptr);
  EXPECT_EQ(subscriptions.Add({99'999, 0, 1, "web"}), std::string("there are too many subscriptions"));
}

}  // namespace
}  // namespace fectl::runtime
