#include "master/config/load_result.h"

#include "gtest/gtest.h"

namespace fectl::config {
namespace {

TEST(Problem, ReadsAsPositionKeyAndSentence) {
  EXPECT_EQ((Problem{"f.toml", 12, "service.web.num", "must be less", false}).ToString(),
            "f.toml:12: service.web.num: must be less");
  EXPECT_EQ((Problem{"f.toml", 0, "", "is empty", false}).ToString(), "f.toml: is empty");
  EXPECT_EQ((Problem{"f.toml", 3, "a", "is odd", true}).ToString(), "f.toml:3: warning: a: is odd");
}

TEST(KeyLines, FindTheKeyOrWhatIsAroundIt) {
  KeyLines lines;
  lines.Set("service.a.b", 3);
  lines.Set("service.a.b.num", 5);
  EXPECT_EQ(lines.Find("service.a.b.num"), 5);
  EXPECT_EQ(lines.Find("service.a.b.uid"), 3);
  EXPECT_EQ(lines.Find("service.c"), 0);
  EXPECT_EQ(lines.Find(""), 0);
}

TEST(LoadResult, IsOkWithNothingButWarnings) {
  LoadResult result;
  result.file = "f";
  EXPECT_TRUE(result.ok());
  result.Add("a", "is odd", true);
  EXPECT_TRUE(result.ok());
  result.Add("b", "is wrong");
  EXPECT_FALSE(result.ok());
}

TEST(LoadResult, OrdersProblemsByLineAndThoseOfTheFileLast) {
  LoadResult result;
  result.file = "f";
  result.lines.Set("a", 2);
  result.lines.Set("b", 1);
  result.Add("", "whole");
  result.Add("a", "first of line 2");
  result.Add("a", "second of line 2");
  result.Add("b", "line 1");
  result.SortProblems();
  EXPECT_EQ(result.Describe(),
            "f:1: b: line 1\nf:2: a: first of line 2\nf:2: a: second of line 2\nf: whole\n");
}

}  // namespace
}  // namespace fectl::config
