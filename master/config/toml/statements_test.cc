#include "master/config/toml/statements.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Kind = Statement::Kind;

using List = std::vector<Statement>;

std::string Written(const List& list) {
  std::string text;
  for (const Statement& statement : list) {
    if (statement.error.empty()) continue;
    text +=
        std::to_string(statement.error_line) + ": " + JoinKey(statement.key) + ": " + statement.error + "\n";
  }
  return text;
}

TEST(SplitStatements, NothingInAnEmptyText) {
  for (const char* text : {"", "\n", "  \n\t\n", "# only a comment", "\n\n# one\n# two\n"}) {
    const List list = SplitStatements(text);
    EXPECT_THAT(list, IsEmpty()) << text;
  }
}

TEST(SplitStatements, TellsKindKeyValueAndLine) {
  const List list = SplitStatements("a = 1\n\n[b] # comment\n  c.d = \"x\" # comment\n[[ e . \"f g\" ]]\n");
  ASSERT_EQ(Written(list), "");
  ASSERT_THAT(list, SizeIs(4));
  EXPECT_EQ(list[0].kind, Kind::kPair);
  EXPECT_EQ(list[0].line, 1);
  EXPECT_EQ(list[0].value, "1");
  EXPECT_EQ(list[1].kind, Kind::kSection);
  EXPECT_EQ(list[1].line, 3);
  EXPECT_THAT(list[1].key, ElementsAre("b"));
  EXPECT_THAT(list[2].key, ElementsAre("c", "d"));
  EXPECT_EQ(list[2].value, "\"x\" # comment");
  EXPECT_EQ(list[3].kind, Kind::kSectionElement);
  EXPECT_EQ(list[3].line, 5);
  EXPECT_THAT(list[3].key, ElementsAre("e", "f g"));
}

TEST(SplitStatements, ValuesOfSeveralLinesEndWhereTheirBracketsDo) {
  const List list = SplitStatements(
      "a = [ # ]\n  \"]\",\n  ']', # [\n  [\"x=1\"],\n]\nb = \"\"\"\n[c]\n\\\"\"\"\"\nd = '''\ne='''\nf = 1");
  ASSERT_EQ(Written(list), "");
  ASSERT_THAT(list, SizeIs(4));
  EXPECT_EQ(list[1].line, 6);
  EXPECT_THAT(list[1].key, ElementsAre("b"));
  EXPECT_EQ(list[2].line, 9);
  EXPECT_EQ(list[3].line, 11);
}

TEST(SplitStatements, OneMistakeDoesNotHideTheNext) {
  const List list = SplitStatements(
      "a\n"
      "b =\n"
      "c = # nothing\n"
      "d = \"open\n"
      "e: 5\n"
      "[f\n"
      "[[g]\n"
      "[]\n"
      "[h] 5\n"
      "= 5\n"
      "!\n"
      "i = 1\n");
  EXPECT_EQ(Written(list),
            "1: a: must be followed by = and a value\n"
            "2: b: has no value after the =\n"
            "3: c: has no value after the =\n"
            "4: d: is a string that is never closed by \"\n"
            "5: e: must be followed by = and a value\n"
            "6: f: the section's name is not closed by ]\n"
            "7: g: the section's name is not closed by ]]\n"
            "8: : must be a line such as: key = \"value\", [section], or # comment\n"
            "9: h: there is something behind the section's name\n"
            "10: : must be a line such as: key = \"value\", [section], or # comment\n"
            "11: : must be a line such as: key = \"value\", [section], or # comment\n");
  EXPECT_EQ(list.back().line, 12);
}

TEST(SplitStatements, AnUnclosedArrayEndsAtTheNextStatement) {
  for (const char* next : {"b = 1", "[b]", "[[b]]", "  b.c = 1", "[b] # comment"}) {
    const List list = SplitStatements(std::string("a = [\n \"x\",\n\n") + next + "\n");
    EXPECT_EQ(Written(list), "1: a: has a [ that is never closed by ]\n") << next;
    ASSERT_THAT(list, SizeIs(2)) << next;
    EXPECT_EQ(list[1].line, 4);
  }
  EXPECT_EQ(Written(SplitStatements("a = [\n1")), "1: a: has a [ that is never closed by ]\n");
}

TEST(SplitStatements, ArraysOfArraysAndOfWordsAreNoSections) {
  const List list = SplitStatements("a = [\n[1],\n[true],\n  [[1]],\n[[inf]]\n]\n");
  EXPECT_EQ(Written(list), "");
  EXPECT_THAT(list, SizeIs(1));
}

TEST(SplitStatements, MistakesWithinAnArrayAreToldOnce) {
  EXPECT_EQ(Written(SplitStatements("a = [\n1,\n}\n2,\n]\nb = 1\n")), "3: a: has a } that closes nothing\n");
  EXPECT_EQ(Written(SplitStatements("a = [1]]\nb = }\n")),
            "1: a: has a ] that closes nothing\n2: b: has a } that closes nothing\n");
  EXPECT_EQ(Written(SplitStatements("a = { b = 1,\nc = 2 }\nd = 1")),
            "1: a: must have its { and } on one line\n2: c: has a } that closes nothing\n");
}

TEST(SplitStatements, BrokenStatementsAreKeptAsSuch) {
  const List list = SplitStatements("[a\nb = 1\n[c:d]\ne f\n");
  ASSERT_THAT(list, SizeIs(4));
  EXPECT_EQ(list[0].kind, Kind::kSection);
  EXPECT_EQ(list[0].error, "the section's name is not closed by ]");
  EXPECT_EQ(list[2].error, "a section's name cannot have a : without quotes");
  EXPECT_THAT(list[3].key, ElementsAre("e"));
}

TEST(SplitStatements, DepthIsBounded) {
  const std::string deep(100'000, '[');
  EXPECT_THAT(Written(SplitStatements("a = " + deep)), HasSubstr("1: a: is nested deeper than 16 levels"));
  EXPECT_THAT(Written(SplitStatements("a = " + std::string(16, '[') + std::string(16, ']'))), IsEmpty());
  EXPECT_THAT(Written(SplitStatements("a = " + std::string(17, '[') + std::string(17, ']'))),
              HasSubstr("nested"));
  std::string braces = "a = ";
  std::string dots = "a";
  for (int i = 0; i < 50'000; ++i) {
    braces += "{a=";
    dots += ".a";
  }
  EXPECT_THAT(Written(SplitStatements(braces)), HasSubstr("nested deeper"));
  EXPECT_THAT(Written(SplitStatements(dots + " = 1")), HasSubstr("more than 8 parts"));
  EXPECT_THAT(Written(SplitStatements("[" + dots + "]")), HasSubstr("more than 8 parts"));
  EXPECT_THAT(Written(SplitStatements("a = {" + dots + " = 1}")), HasSubstr("too many dots"));
}

TEST(SplitStatements, ErrorsAreBounded) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "!\n";
  EXPECT_THAT(SplitStatements(text), SizeIs(kSyntaxErrorsMax));
}

TEST(SplitStatements, EveryPrefixOfATextIsHarmless) {
  const std::string text =
      "[a.\"b c\".'d']\nk = [\"\"\"x\\\"\n\"\"\", 'y', { z = 1.5, w = [1] }]\n[[e]]\nf = "
      "1979-05-27T07:32:00Z # c\n";
  for (size_t size = 0; size <= text.size(); ++size) SplitStatements(text.substr(0, size));
  for (size_t skip = 0; skip < text.size(); ++skip) SplitStatements(text.substr(skip));
}

TEST(NormalizeSource, DropsByteOrderMarkAndCarriageReturns) {
  std::string text;
  SyntaxError error;
  ASSERT_TRUE(
      NormalizeSource("\xEF\xBB\xBF"
                      "a = 1\r\nb = 'h\xC3\xA9'\r\n",
                      &text, &error));
  EXPECT_EQ(text, "a = 1\nb = 'h\xC3\xA9'\n");
}

TEST(NormalizeSource, RefusesWhatIsNoText) {
  const std::string bad[] = {std::string("\0", 1),
                             "\x01",
                             "\x7F",
                             "a\rb",
                             "\xFF",
                             "\x80",
                             "\xC0\xAF",
                             "\xE0\x80\x80",
                             "\xED\xA0\x80",
                             "\xF5\x80\x80\x80",
                             "\xF0\x80\x80\x80",
                             "\xF4\x90\x80\x80",
                             "\xC3",
                             "\xE2\x82",
                             "\xF0\x9F\x98"};
  for (const std::string& bytes : bad) {
    std::string text;
    SyntaxError error;
    EXPECT_FALSE(NormalizeSource("\n" + bytes, &text, &error)) << testing::PrintToString(bytes);
    EXPECT_EQ(error.line, 2);
    EXPECT_THAT(error.text, HasSubstr("text"));
  }
}

TEST(NormalizeSource, TakesAllOfUtf8) {
  const std::string good =
      "\t\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF";
  std::string text;
  SyntaxError error;
  EXPECT_TRUE(NormalizeSource(good, &text, &error)) << error.text;
  EXPECT_EQ(text, good);
}

}  // namespace
}  // namespace fectl::config
