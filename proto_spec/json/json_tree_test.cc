#include "proto_spec/json/json_tree.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto_spec/json/json_scan.h"

namespace fectl::proto {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;
using ::testing::Pair;

TEST(JsonTreeTest, FindsTheLastMemberOfAName) {
  const JsonTree tree(R"({"a":1,"b":{"a":2},"a":3,"c\u0000":4})");
  EXPECT_EQ(FindMember(tree.root(), "a")->GetInt(), 3);
  EXPECT_EQ(FindMember(tree.root(), std::string_view("c\0", 2))->GetInt(), 4);
  EXPECT_EQ(FindMember(tree.root(), "c"), nullptr);
  EXPECT_EQ(FindMember(JsonTree("{}").root(), "a"), nullptr);
}

TEST(JsonTreeTest, ReadsNumbers) {
  EXPECT_THAT(ReadNumbers(JsonTree(R"({"b":1,"a":-2.5,"b":3})").root()),
              Optional(ElementsAre(Pair("b", 3), Pair("a", -2.5))));
  for (std::string_view text : {"1", "[]", R"({"a":"1"})", R"({"a":null})", R"({"a":1,"b":false})"}) {
    EXPECT_EQ(ReadNumbers(JsonTree(text).root()), std::nullopt) << text;
  }
}

TEST(JsonTreeTest, ManyMembersOfManyNamesTakeNoQuadraticTime) {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) text += "\"" + std::to_string(i % 50'000) + "\":1,";
  text += "\"x\":1}";
  EXPECT_EQ(ReadNumbers(JsonTree(text).root())->size(), 50'001u);
}

TEST(JsonTreeTest, HoldsWhateverTheScanAccepts) {
  for (const std::string& text : {std::string(64, '[') + std::string(64, ']'), std::string("5e-324"),
                                  std::string("1.7976931348623157e308"), "0." + std::string(90, '9') + "e300",
                                  std::string(R"("\ud83d\ude00")")}) {
    JsonScan scan;
    ASSERT_TRUE(ScanJson(text, 64, &scan).ok()) << text;
    EXPECT_FALSE(JsonTree(text).root().IsNull()) << text;
  }
  EXPECT_EQ(JsonTree("5e-324").root().GetDouble(), 5e-324);
  EXPECT_EQ(JsonTree("1.7976931348623157e308").root().GetDouble(), 1.7976931348623157e308);
}

TEST(JsonTreeTest, NumbersKeepTheirTypes) {
  const JsonTree tree(
      R"([0,-0,-0.0,0E84,0.00e99,7,-7,9223372036854775807,18446744073709551615,18446744073709551616,1.0])");
  const auto& numbers = tree.root().GetArray();
  for (rapidjson::SizeType i = 0; i < 5; ++i) EXPECT_EQ(numbers[i].GetDouble(), 0) << i;
  EXPECT_TRUE(numbers[0].IsInt() && numbers[1].IsInt());
  EXPECT_TRUE(numbers[2].IsDouble() && numbers[3].IsDouble());
  EXPECT_EQ(numbers[5].GetInt(), 7);
  EXPECT_EQ(numbers[6].GetInt(), -7);
  EXPECT_EQ(numbers[7].GetInt64(), INT64_MAX);
  EXPECT_EQ(numbers[8].GetUint64(), UINT64_MAX);
  EXPECT_FALSE(numbers[8].IsInt64() || numbers[9].IsUint64() || numbers[10].IsInt());
  EXPECT_EQ(numbers[9].GetDouble(), 18446744073709551616.0);
}

}  // namespace
}  // namespace fectl::proto
