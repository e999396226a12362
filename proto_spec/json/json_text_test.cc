#include "proto_spec/json/json_text.h"

#include <cstdlib>
#include <limits>

#include "gtest/gtest.h"

namespace fectl::proto {
namespace {

std::string Number(double value) {
  JsonText json;
  json.Number(value);
  return json.Take();
}

std::string String(std::string_view text) {
  JsonText json;
  json.String(text);
  return json.Take();
}

TEST(JsonTextTest, PutsCommasBetweenMembersAndItems) {
  JsonText json;
  json.BeginObject();
  json.Key("list");
  json.BeginArray();
  json.Integer(-1);
  json.BeginObject();
  json.EndObject();
  json.Null();
  json.BeginArray();
  json.EndArray();
  json.EndArray();
  json.Key("raw");
  json.Raw("[1, 2] ");
  json.Key("text");
  json.String("[");
  json.Key(":");
  json.String("{");
  json.EndObject();
  EXPECT_EQ(json.Take(), R"({"list":[-1,{},null,[]],"raw":[1, 2] ,"text":"[",":":"{"})");
}

TEST(JsonTextTest, EscapesOnlyWhatMustBe) {
  EXPECT_EQ(String("a\"b\\c/d\x7f"), "\"a\\\"b\\\\c/d\x7f\"");
  EXPECT_EQ(String("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(String(std::string_view("\0\x1f", 2)), R"("\u0000\u001f")");
  EXPECT_EQ(String("\xE2\x82\xAC\xF0\x9F\x98\x80"), "\"\xE2\x82\xAC\xF0\x9F\x98\x80\"");
}

TEST(JsonTextTest, ReplacesInvalidUtf8) {
  EXPECT_EQ(String("a\xED\xA0\x80"), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(JsonTextTest, WholeNumbersHaveNoPoint) {
  EXPECT_EQ(Number(0), "0");
  EXPECT_EQ(Number(-0.0), "0");
  EXPECT_EQ(Number(-42), "-42");
  EXPECT_EQ(Number(999999999999999), "999999999999999");
}

TEST(JsonTextTest, OtherNumbersReadBackExactly) {
  EXPECT_EQ(Number(0.5), "0.5");
  EXPECT_EQ(Number(-2.25), "-2.25");
  for (double value : {0.1, 1e15, 1e22, 1e-7, 1.0 / 3, std::numeric_limits<double>::max(),
                       std::numeric_limits<double>::min(), std::numeric_limits<double>::denorm_min()}) {
    EXPECT_EQ(std::strtod(Number(value).c_str(), nullptr), value);
  }
}

TEST(JsonTextTest, IntegersOfAllSizes) {
  JsonText json;
  json.BeginArray();
  json.Integer(std::numeric_limits<int64_t>::min());
  json.Integer(std::numeric_limits<int64_t>::max());
  json.EndArray();
  EXPECT_EQ(json.Take(), "[-9223372036854775808,9223372036854775807]");
}

}  // namespace
}  // namespace fectl::proto
