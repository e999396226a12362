#include "master/platform/credentials/accounts.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

namespace fectl::platform {
namespace {

TEST(Accounts, FindsUsersByNameAndNumber) {
  const auto by_name = LookUpUser("root");
  ASSERT_TRUE(by_name.ok());
  ASSERT_TRUE(by_name->has_value());
  EXPECT_EQ((*by_name)->uid, 0u);
  EXPECT_EQ((*by_name)->home, "/root");
  const auto by_number = LookUpUser("0");
  ASSERT_TRUE(by_number.ok());
  ASSERT_TRUE(by_number->has_value());
  EXPECT_EQ((*by_number)->name, "root");
}

TEST(Accounts, ANumberNeedsNoEntryAndANameDoes) {
  const auto number = LookUpUser("54321");
  ASSERT_TRUE(number.ok());
  EXPECT_FALSE(number->has_value());
  EXPECT_EQ(LookUpUser("no-such-user").status().message(), "there is no user no-such-user");
  EXPECT_EQ(*LookUpGroup("54321"), 54321u);
  EXPECT_EQ(LookUpGroup("no-such-group").status().message(), "there is no group no-such-group");
}

TEST(Accounts, NumbersThatMeanSomethingElseAreNames) {
  // -1 means "no change" to the calls that switch users.
  for (const char* number : {"4294967295", "-1", "99999999999", "0x10", "1 ", ""}) {
    EXPECT_FALSE(LookUpUser(number).ok()) << number;
    EXPECT_FALSE(LookUpGroup(number).ok()) << number;
  }
}

TEST(Accounts, AnIdentityIsWhole) {
  const auto root = ResolveIdentity("root", "");
  ASSERT_TRUE(root.ok());
  ASSERT_TRUE(root->has_value());
  EXPECT_EQ((*root)->uid, 0u);
  EXPECT_EQ((*root)->gid, 0u);
  const auto& groups = (*root)->groups;
  EXPECT_NE(std::find(groups.begin(), groups.end(), 0u), groups.end());
  const auto other_group = ResolveIdentity("root", "54322");
  ASSERT_TRUE(other_group.ok());
  EXPECT_EQ((*other_group)->gid, 54322u);
  const auto numbers = ResolveIdentity("54321", "54322");
  ASSERT_TRUE(numbers.ok());
  EXPECT_EQ(**numbers, (Identity{54321, 54322, {54322}}));
  const auto group = ResolveIdentity("", "54322");
  ASSERT_TRUE(group.ok());
  EXPECT_EQ(**group, (Identity{geteuid(), 54322, {54322}}));
}

TEST(Accounts, APrivateGroupHasItsUsersNameAndNobodyElse) {
  EXPECT_FALSE(IsPrivateGroup(54321, 54321));
  EXPECT_FALSE(IsPrivateGroup(0, 54321));
  const auto daemon = LookUpUser("daemon");
  const auto group = LookUpGroup("daemon");
  if (!daemon.ok() || !daemon->has_value() || !group.ok()) GTEST_SKIP() << "there is no user daemon";
  EXPECT_TRUE(IsPrivateGroup((*daemon)->uid, *group));
  EXPECT_FALSE(IsPrivateGroup(0, *group));
  EXPECT_FALSE(IsPrivateGroup((*daemon)->uid, 0));
  const auto nobody = LookUpUser("nobody");  // its group has another name
  ASSERT_TRUE(nobody.ok() && nobody->has_value());
  EXPECT_FALSE(IsPrivateGroup((*nobody)->uid, (*nobody)->gid));
}

TEST(Accounts, NothingConfiguredIsNothingToSwitch) {
  const auto nobody = ResolveIdentity("", "");
  ASSERT_TRUE(nobody.ok());
  EXPECT_FALSE(nobody->has_value());
}

TEST(Accounts, AUserNumberWithoutAnEntryNeedsAGroup) {
  EXPECT_EQ(ResolveIdentity("54321", "").status().message(),
            "user 54321 is not in the user database: name a group too");
  EXPECT_FALSE(ResolveIdentity("root", "no-such-group").ok());
  EXPECT_FALSE(ResolveIdentity("no-such-user", "root").ok());
}

}  // namespace
}  // namespace fectl::platform
