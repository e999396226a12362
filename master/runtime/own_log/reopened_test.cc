#include "master/runtime/own_log/reopened.h"

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace fectl::runtime {
namespace {

TEST(Reopened, REOPENED_CountsWhatWasOpenedAndKeepsEveryFailure) {
  Reopened reopened;
  EXPECT_EQ(InWords(reopened), "no log file is configured, so there is nothing to open anew");
  reopened.Count(absl::OkStatus());
  EXPECT_EQ(InWords(reopened), "log files were opened anew");
  Reopened more;
  more.Count(absl::NotFoundError("a"));
  more.Count(absl::NotFoundError("b"));
  reopened.Add(more);
  EXPECT_EQ(InWords(reopened), "1 of 3 log files could be opened anew; the others are written to as before");
  ASSERT_EQ(reopened.failures.size(), 2u);
  EXPECT_EQ(reopened.failures[1].message(), "b");
}

}  // namespace
}  // namespace fectl::runtime
