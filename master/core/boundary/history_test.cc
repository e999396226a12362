#include "master/core/boundary/history.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "master/core/basis/limits.h"
#include "master/core/boundary/cause.h"

namespace fectl::core {
namespace {

TEST(History, KeepsTheNewestInOrder) {
  History history;
  const auto many = static_cast<int32_t>(kHistoryRecords) + 7;
  for (int32_t i = 0; i < many; ++i) history.Add({i, i, Milestone::kRunning, MakeCause(Cause::Kind::kNone)});
  ASSERT_EQ(history.records().size(), kHistoryRecords);
  EXPECT_EQ(history.records().front().pid, 7);
  EXPECT_EQ(history.records().back().pid, many - 1);
}

TEST(History, EachMilestoneHasItsOwnWord) {
  std::set<std::string_view> seen;
  for (int m = 0; m <= static_cast<int>(Milestone::kAlarm); ++m) {
    EXPECT_TRUE(seen.insert(ToWord(static_cast<Milestone>(m))).second) << m;
  }
  EXPECT_EQ(seen.count(""), 0U);
}

}  // namespace
}  // namespace fectl::core
