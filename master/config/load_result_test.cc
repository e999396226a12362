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

TEST(LoadResult, ProblemsNameTheFileOfTheirKey) {
  LoadResult result;
  result.file = "main";
  result.files = {"main", "b", "a"};
  result.lines.Set("x", 9);
  result.lines.SetFile(1);
  result.lines.Set("y", 1);
  result.lines.SetFile(2);
  result.lines.Set("z", 2);
  result.Add("z.key", "is wrong");
  result.Add("y", "is wrong");
  result.problems.push_back({"a", 0, "", "is a whole", false});
  result.problems.push_back({"main", 0, "", "is a whole", false});
  result.Add("x", "is wrong");
  result.SortProblems();
  EXPECT_EQ(result.Describe(),
            "main:9: x: is wrong\nb:1: y: is wrong\na: is a whole\na:2: z.key: is wrong\nmain: is a whole\n");
  EXPECT_EQ(result.PlaceText("y", "z"), "b:1");
  EXPECT_EQ(result.PlaceText("y", "y"), "line 1");
  EXPECT_EQ(result.PlaceText("unknown", "x"), "line 0");
}

TEST(HostKey, IsTheOneThatWasWritten) {
  LoadResult result;
  result.lines.Set("socket.a", 1);
  EXPECT_EQ(HostKey("socket.a", result), "socket.a.host");
  result.lines.Set("socket.a.ip", 2);
  EXPECT_EQ(HostKey("socket.a", result), "socket.a.ip");
}

}  // namespace
}  // namespace fectl::config
