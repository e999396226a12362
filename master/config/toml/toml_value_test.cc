#include "master/config/toml/toml_value.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::config {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

Value Parsed(const std::string& text) {
  Value value;
  SyntaxError error;
  EXPECT_TRUE(ParseValue(text, 7, &value, &error)) << text << ": " << error.text;
  return value;
}

std::string Complaint(const std::string& text) {
  Value value;
  SyntaxError error;
  EXPECT_FALSE(ParseValue(text, 7, &value, &error)) << text << " is " << Describe(value);
  return std::to_string(error.line) + ": " + error.text;
}

TEST(ParseValue, KnowsEveryKind) {
  EXPECT_EQ(std::get<std::string>(Parsed("\"a\\tb\\u00e9\" # c").content), "a\tb\xC3\xA9");
  EXPECT_EQ(std::get<std::string>(Parsed("'a\\t'").content), "a\\t");
  EXPECT_EQ(std::get<std::string>(Parsed("\"\"\"\na\nb\"\"\"").content), "a\nb");
  EXPECT_EQ(std::get<int64_t>(Parsed("-1_000").content), -1000);
  EXPECT_EQ(std::get<int64_t>(Parsed("0o660").content), 0660);
  EXPECT_EQ(std::get<double>(Parsed("1.5e3").content), 1500);
  EXPECT_TRUE(std::get<bool>(Parsed("true").content));
  EXPECT_TRUE(std::holds_alternative<DateOrTime>(Parsed("1979-05-27").content));
  EXPECT_TRUE(std::holds_alternative<DateOrTime>(Parsed("07:32:00").content));
  EXPECT_TRUE(std::holds_alternative<DateOrTime>(Parsed("1979-05-27T07:32:00Z").content));
  EXPECT_THAT(std::get<Array>(Parsed("[\n\"a\", # c\n\"b\",\n]").content).items, SizeIs(2));
  EXPECT_THAT(std::get<Array>(Parsed("[]").content).items, SizeIs(0));
  EXPECT_THAT(std::get<Array>(Parsed("[[1], [\"a\"]]").content).items, SizeIs(2));
  EXPECT_THAT(std::get<Array>(Parsed("[{a = 1}, {b = 2}]").content).items, SizeIs(2));
  EXPECT_THAT(std::get<Table>(Parsed("{a = 1, b.c = 2}").content).members, SizeIs(2));
}

TEST(ParseValue, RemembersTheLineAndAnOctalNumber) {
  EXPECT_EQ(Parsed("1").line, 7);
  EXPECT_FALSE(Parsed("660").octal);
  EXPECT_TRUE(Parsed("0o660").octal);
}

TEST(ParseValue, SaysWhatIsWrongInOneSentence) {
  EXPECT_EQ(Complaint("web"), "7: text must be in quotes, as in \"web\"");
  EXPECT_EQ(Complaint("/srv/app # c"), "7: text must be in quotes, as in \"/srv/app\"");
  EXPECT_EQ(Complaint("True"), "7: text must be in quotes, as in \"True\"");
  EXPECT_EQ(Complaint("127.0.0.1"),
            "7: has something behind its value: one value on a line, text in quotes, a comment after a #");
  EXPECT_EQ(Complaint("\"a\" \"b\""),
            "7: has something behind its value: one value on a line, text in quotes, a comment after a #");
  EXPECT_EQ(Complaint("99999999999999999999"), "7: is a number that is out of range");
  EXPECT_EQ(Complaint("-"), "7: is not a number: use quotes if it is meant as text");
  EXPECT_EQ(Complaint("[1, \"a\"]"), "7: is an array whose values are not all of one kind");
  EXPECT_EQ(Complaint("[[1], 2]"), "7: is an array whose values are not all of one kind");
  EXPECT_THAT(Complaint("\"\\q\""), HasSubstr("7: has an unknown escape: known are"));
  EXPECT_THAT(Complaint("\"\\ud800\""), HasSubstr("no Unicode character"));
  EXPECT_THAT(Complaint("\"\\u12\""), HasSubstr("hexadecimal digits"));
  EXPECT_EQ(Complaint("{a = 1, a = 2}"), "7: is a table in which a key is given twice");
  EXPECT_THAT(Complaint("{a = 1 b = 2}"), HasSubstr("is a table that is not written"));
  EXPECT_THAT(Complaint("=5"), HasSubstr("7: is not a TOML value"));
}

TEST(ParseValue, StringsAreNotLeftToTheLibrary) {
  EXPECT_EQ(std::get<std::string>(Parsed("\"\"\"a\nb\"\"\"").content), "a\nb");
  EXPECT_EQ(std::get<std::string>(Parsed("\"\\u0aaa\"").content), "\xE0\xAA\xAA");
  EXPECT_EQ(std::get<std::string>(Parsed("'#\\' # \"").content), "#\\");
  const Value table = Parsed("{ 'a.b' = \"\"\"x\ny\"\"\", \"c\\n\" = 1 }");
  const auto& members = std::get<Table>(table.content).members;
  EXPECT_EQ(std::get<std::string>(members.at("a.b").content), "x\ny");
  EXPECT_TRUE(members.contains("c\n"));
}

TEST(ParseValue, DigitsAreThoseOfTheBase) {
  EXPECT_EQ(std::get<int64_t>(Parsed("0b101").content), 5);
  EXPECT_EQ(std::get<int64_t>(Parsed("0o1_7").content), 15);
  EXPECT_EQ(std::get<Array>(Parsed("['0o9', \"0b2\"]").content).items.size(), 2u);
  for (const char* text : {"0o68", "0o9", "0b12", "[0o7, 0o8]", "{a = 0b3}"}) {
    EXPECT_THAT(Complaint(text), HasSubstr("7: is not a number: 0o is followed by")) << text;
  }
}

TEST(ParseValue, CountsTheLinesOfAValue) {
  EXPECT_EQ(Complaint("[\n'''a\n\n''',\n\nb\n]").substr(0, 3), "12:");
  EXPECT_EQ(Complaint("[\n'''a\n\n''',\n\n\"\\q\"\n]").substr(0, 3), "12:");

  EXPECT_EQ(Complaint("[\n\"a\",\nb\n]").substr(0, 2), "9:");
}

TEST(ParseValue, StrangeInputIsAnErrorAndNothingWorse) {
  for (const char* text : {"1979-13-99",
                           "1979-05-27T",
                           "1979-05-27T07:32",
                           "1979-05-27T99:99:99+99:99",
                           "1979-05-27 07:32:00+",
                           "07:32:0",
                           "0x",
                           "0xg",
                           "0b",
                           "0b2",
                           "0o",
                           "0o9",
                           "1__0",
                           "_1",
                           "1_",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "+",
                           "in",
                           "nan0",
                           "+inf",
                           "\"",
                           "'",
                           "\"\"\"",
                           "\"\\",
                           "\"\\u",
                           "\"\\U0000",
                           "[",
                           "[,",
                           "[1,,2]",
                           "{",
                           "{,}",
                           "{a",
                           "{a=",
                           "{a=}",
                           "t",
                           "f",
                           "tru",
                           "",
                           "#",
                           "\n",
                           "9223372036854775808",
                           "1e999",
                           "-nan",
                           "[nan]",
                           "{\"\" = 1}",
                           "{a.b.c = 1, a.b = 2}"}) {
    Value value;
    SyntaxError error;
    ParseValue(text, 1, &value, &error);
  }
}

TEST(Describe, IsShort) {
  EXPECT_EQ(Describe(Parsed("\"four\"")), "\"four\"");
  EXPECT_EQ(Describe(Parsed("\"a\\nb\"")), "\"a\\nb\"");
  EXPECT_EQ(Describe(Parsed("\"" + std::string(50, 'x') + "\"")), "a long string");
  EXPECT_EQ(Describe(Parsed("4")), "4");
  EXPECT_EQ(Describe(Parsed("1.5")), "1.5");
  EXPECT_EQ(Describe(Parsed("2.0")), "2.0");
  EXPECT_EQ(Describe(Parsed("nan")), "nan");
  EXPECT_EQ(Describe(Parsed("true")), "true");
  EXPECT_EQ(Describe(Parsed("1979-05-27")), "a date or time");
  EXPECT_EQ(Describe(Parsed("[1]")), "an array");
  EXPECT_EQ(Describe(Parsed("[]")), "an empty array");
  EXPECT_EQ(Describe(Parsed("{a=1}")), "a table");
}

}  // namespace
}  // namespace fectl::config
