#include "master/config/command_words.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace fectl::config {
namespace {

using Words = std::vector<std::string>;

TEST(SplitCommand, SplitsAsAShellDoes) {
  const struct {
    const char* command;
    Words words;
  } kCases[] = {
      {"a", {"a"}},
      {"  a\tb\n c  ", {"a", "b", "c"}},
      {"a 'b c' \"d e\"", {"a", "b c", "d e"}},
      {"a'b'\"c\"d", {"abcd"}},
      {"a '' \"\"", {"a", "", ""}},
      {"a \\'b\\ c\\\\", {"a", "'b c\\"}},
      {"a 'b\\' c", {"a", "b\\", "c"}},
      {"a \"\\\"\\\\\\$\\`\\n\"", {"a", "\"\\$`\\n"}},
      {"a \"'\" '\"'", {"a", "'", "\""}},
      {"a\\\nb \\\n c", {"ab", "c"}},
      {"a \"b\\\nc\"", {"a", "bc"}},
      {"a 'b\nc'", {"a", "b\nc"}},
      {"\\\na", {"a"}},
      {"\\ ", {" "}},
      {"python3 -c 'import os; print(\"x\")'", {"python3", "-c", "import os; print(\"x\")"}},
  };
  for (const auto& [command, words] : kCases) {
    const auto split = SplitCommand(command);
    ASSERT_TRUE(split.ok()) << command << ": " << split.status();
    EXPECT_EQ(*split, words) << command;
  }
}

TEST(SplitCommand, NothingIsExpanded) {
  EXPECT_EQ(*SplitCommand("a $HOME * ~ `x` #y ;z |w &v >u <t !s {1,2} $(r) A=b"),
            (Words{"a", "$HOME", "*", "~", "`x`", "#y", ";z", "|w", "&v", ">u", "<t", "!s", "{1,2}", "$(r)",
                   "A=b"}));
}

TEST(SplitCommand, SaysWhatIsWrong) {
  EXPECT_EQ(SplitCommand("a \"b").status().message(), "has a \" that is never closed");
  EXPECT_EQ(SplitCommand("a 'b").status().message(), "has a ' that is never closed");
  EXPECT_EQ(SplitCommand("a \\").status().message(),
            "ends in a backslash, which needs a character behind it");
  EXPECT_EQ(SplitCommand("a \"\\").status().message(),
            "ends in a backslash, which needs a character behind it");
  EXPECT_EQ(SplitCommand(" \t").status().message(), "must name a program");
  EXPECT_EQ(SplitCommand("").status().message(), "must name a program");
  EXPECT_EQ(SplitCommand("\\\n").status().message(), "must name a program");
}

}  // namespace
}  // namespace fectl::config
