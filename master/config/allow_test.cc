#include "master/config/allow.h"

#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "master/config/parse.h"

namespace fectl::config {
namespace {

using ::testing::ElementsAre;

LoadResult With(const std::string& value) {
  return Parse("[master]\nallow = " + value + "\n[[service]]\nname = 'web'\nnum = 1\ncommand = 'run'\n", "f");
}

TEST(Allow, RolesOfUsersAndGroups) {
  const LoadResult result = With("['observe:bob', 'operate:@deploy', 'operate:1000', 'observe:@0']");
  ASSERT_EQ(result.Describe(), "");
  EXPECT_THAT(result.config.master.allow, ElementsAre(Grant{Role::kObserve, false, Account{"bob", {}}, {}},
                                                      Grant{Role::kOperate, true, Account{"deploy", {}}, {}},
                                                      Grant{Role::kOperate, false, Account{"", 1000u}, {}},
                                                      Grant{Role::kObserve, true, Account{"", 0u}, {}}));
  EXPECT_EQ(ToText(result.config.master.allow[1]), "operate:@deploy");
  EXPECT_EQ(ToText(result.config.master.allow[2]), "operate:1000");
}

TEST(Allow, OneAloneNeedsNoArrayAndNobodyIsNothing) {
  EXPECT_EQ(With("'observe:bob'").config.master.allow.size(), 1U);
  EXPECT_TRUE(With("[]").ok());
  EXPECT_TRUE(With("[]").config.master.allow.empty());
}

TEST(Allow, WhatIsNoRoleAndSomebodyIsToldInOneSentence) {
  for (const char* entry : {"bob", "admin:bob", "observe", "observe:", "observe:@", "Operate:bob", ":bob", "",
                            "observe:4294967295", "@operate:bob"}) {
    EXPECT_EQ(
        With("['" + std::string(entry) + "']").Describe(),
        "f:2: master.allow: must be \"observe:\", \"logs:\" or \"operate:\" and a user or an @group, as in "
        "\"operate:@deploy\", not \"" +
            std::string(entry) + "\"\n");
  }
  EXPECT_EQ(With("[7]").Describe(),
            "f:2: master.allow: must be a string or an array of strings; one of its values is 7\n");
}

TEST(Allow, NobodyIsNamedTwice) {
  EXPECT_EQ(With("['observe:bob', 'operate:bob']").Describe(),
            "f:2: master.allow: names user bob twice; operate includes logs, and logs observe\n");
  EXPECT_EQ(With("['observe:@7', 'observe:@7']").Describe(),
            "f:2: master.allow: names group 7 twice; operate includes logs, and logs observe\n");
  EXPECT_TRUE(With("['observe:bob', 'observe:@bob']").ok());
}

}  // namespace
}  // namespace fectl::config
