#include "proto_spec/json/json_scan.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::proto {
namespace {

using ::testing::HasSubstr;

constexpr size_t kNesting = 64;

std::string Repeat(std::string_view text, int times) {
  std::string out;
  while (times-- > 0) out += text;
  return out;
}

std::string Error(std::string_view text) {
  JsonScan scan;
  return std::string(ScanJson(text, kNesting, &scan).message());
}

std::string DataOf(std::string_view text) {
  JsonScan scan;
  EXPECT_TRUE(ScanJson(text, kNesting, &scan).ok()) << text;
  return std::string(scan.data);
}

TEST(JsonScanTest, FindsTheTwoMembers) {
  JsonScan scan;
  ASSERT_TRUE(ScanJson(R"( {"x":{"cmd":1},"data":[1,{"data":2}],"cmd":"hb"} )", kNesting, &scan).ok());
  EXPECT_TRUE(scan.is_object);
  EXPECT_EQ(scan.cmd_count, 1);
  EXPECT_TRUE(scan.cmd_is_string);
  EXPECT_EQ(scan.cmd, "hb");
  EXPECT_EQ(scan.data_count, 1);
  EXPECT_EQ(scan.data, R"([1,{"data":2}])");
}

TEST(JsonScanTest, DataOfEveryTypeIsCutOutExactly) {
  for (const char* value : {"null", "true", "false", "0", "-1.5e+3", "12345678901234567890", R"("")",
                            R"("a\"b\\")", "[]", "{}", "[ 1 , [ ] ]", R"({ "a" : { } })", R"(":")"}) {
    for (const char* space : {"", " ", "\n\t\r "}) {
      const std::string alone =
          absl::StrCat(space, "{", space, "\"data\"", space, ":", space, value, space, "}", space);
      EXPECT_EQ(DataOf(alone), value);
      EXPECT_EQ(DataOf(absl::StrCat("{\"a\":1,\"data\":", value, space, ",\"b\":[2]}")), value);
    }
  }
}

TEST(JsonScanTest, CountsMembersThatComeTwice) {
  JsonScan scan;
  ASSERT_TRUE(ScanJson(R"({"cmd":"a","data":1,"c\u006dd":2,"data":3})", kNesting, &scan).ok());
  EXPECT_EQ(scan.cmd_count, 2);
  EXPECT_FALSE(scan.cmd_is_string);
  EXPECT_EQ(scan.data_count, 2);
  EXPECT_EQ(scan.data, "3");
}

TEST(JsonScanTest, OtherValuesAreNoObject) {
  for (std::string_view text : {"1", "null", "\"cmd\"", "[{\"cmd\":\"hb\"}]"}) {
    JsonScan scan;
    EXPECT_TRUE(ScanJson(text, kNesting, &scan).ok());
    EXPECT_FALSE(scan.is_object);
    EXPECT_EQ(scan.cmd_count, 0);
  }
}

TEST(JsonScanTest, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(Error(""), "not JSON (nothing there, at byte 0)");
  EXPECT_EQ(Error("  "), "not JSON (nothing there, at byte 2)");
  EXPECT_EQ(Error("{\"a\" 1}"), "not JSON (a colon is missing, at byte 5)");
  EXPECT_EQ(Error("{\"a\":1"), "not JSON (a comma or } is missing, at byte 6)");
  EXPECT_EQ(Error("[1 2]"), "not JSON (a comma or ] is missing, at byte 3)");
  EXPECT_EQ(Error("{a:1}"), "not JSON (a member's name is missing, at byte 1)");
  EXPECT_EQ(Error("\"abc"), "not JSON (a string does not end, at byte 4)");
  EXPECT_EQ(Error("{} {}"), "not JSON (more than one value, at byte 3)");
  EXPECT_EQ(Error("1."), "not JSON (a number is not complete, at byte 2)");
  EXPECT_THAT(Error("\"\\x\""), HasSubstr("bad escape"));
  EXPECT_THAT(Error("\"\n\""), HasSubstr("control character"));
  for (std::string_view text : {"nul", "NaN", "Infinity", "-Infinity", "+1", ".5", "01", "'a'", "[1,]",
                                "{\"a\":1,}", "// x", "\xEF\xBB\xBF{}"}) {
    EXPECT_NE(Error(text), "") << text;
  }
}

TEST(JsonScanTest, ANulByteIsNotTheEnd) {
  EXPECT_THAT(Error(std::string_view("{}\0", 3)), HasSubstr("more than one value"));
  EXPECT_THAT(Error(std::string_view("{}\0{}", 5)), HasSubstr("more than one value"));
  EXPECT_NE(Error(std::string_view("\0", 1)), "");
  EXPECT_NE(Error(std::string_view("{\"a\0\":1}", 8)), "");
  EXPECT_NE(Error(std::string_view("[1\0]", 4)), "");
  // An escaped one is a character as any other.
  EXPECT_EQ(DataOf(R"({"data":"\u0000"})"), R"("\u0000")");
}

TEST(JsonScanTest, OnlyUtf8) {
  EXPECT_EQ(Error("\"\xFF\""), "not UTF-8");
  EXPECT_EQ(Error("\"\xED\xA0\x80\""), "not UTF-8");
  EXPECT_EQ(Error("\"\xC0\x80\""), "not UTF-8");
  EXPECT_EQ(DataOf("{\"data\":\"\xF0\x9F\x98\x80\"}"), "\"\xF0\x9F\x98\x80\"");
}

TEST(JsonScanTest, SurrogatesComeInPairs) {
  for (std::string_view text :
       {R"("\ud800")", R"("\udc00")", R"("\udc00\ud800")", R"("\ud800\ud800")", R"("\ud800x")",
        R"("\ud800\u0041")", R"({"\udfff":1})", R"([{"a":{"b":"\udbff"}}])"}) {
    EXPECT_THAT(Error(text), HasSubstr("an unpaired surrogate")) << text;
  }
  EXPECT_EQ(Error(R"("\ud83d\ude00\uffff")"), "");
}

TEST(JsonScanTest, NumbersMustFitADouble) {
  for (std::string_view text : {"1e400", "-1e400", "99999e304", "1e309", "1e-400", "4e-325",
                                "0.1e-99999999999", "1e99999999999", "0e309", "1.7976931348623159e308"}) {
    EXPECT_THAT(Error(text), HasSubstr("out of range")) << text;
  }
  EXPECT_THAT(Error("1" + Repeat("0", 400)), HasSubstr("out of range"));
  EXPECT_THAT(Error("0." + Repeat("0", 99) + "1"), HasSubstr("too long"));
  EXPECT_THAT(Error("[0." + Repeat("0", 100000) + "e-2147483639]"), HasSubstr("too long"));
  for (std::string_view text : {"1e308", "1.7976931348623157e308", "5e-324", "0e308", "-0", "0.0e-400",
                                "18446744073709551616", "123456789012345678901234567890"}) {
    EXPECT_EQ(Error(text), "") << text;
  }
}

TEST(JsonScanTest, NestingIsLimited) {
  EXPECT_EQ(Error(Repeat("[", 64) + Repeat("]", 64)), "");
  EXPECT_THAT(Error(Repeat("[", 65) + Repeat("]", 65)), HasSubstr("nested too deeply"));
  EXPECT_EQ(Error(Repeat("[[", 32) + Repeat("]]", 32)), "");
  // Width is not depth.
  EXPECT_EQ(Error("[" + Repeat("[],", 10000) + "[]]"), "");
}

TEST(JsonScanTest, AHundredThousandLevelsAreRefusedAtTheSixtyFifth) {
  for (std::string_view opening : {"[", "{\"a\":", "[{\"a\":"}) {
    const std::string deep = Repeat(opening, 100000);
    EXPECT_THAT(Error(deep), HasSubstr("nested too deeply"));
    EXPECT_THAT(Error("{\"data\":" + deep), HasSubstr("nested too deeply"));
  }
}

}  // namespace
}  // namespace fectl::proto
