#include "proto_spec/message.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::proto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string Error(std::string_view payload) {
  const absl::StatusOr<Envelope> envelope = DecodeEnvelope(payload);
  EXPECT_EQ(envelope.status().code(), absl::StatusCode::kInvalidArgument) << payload;
  return std::string(envelope.status().message());
}

TEST(EnvelopeTest, OrderSpaceAndUnknownMembersDoNotMatter) {
  for (std::string_view payload :
       {R"({"cmd":"Status","data":"web"})", R"({"data":"web","cmd":"Status"})",
        R"( { "x" : [ 1 , { "cmd" : "no" } ] , "cmd" : "Status" , "data" : "web" , "y" : null } )",
        R"({"c\u006dd":"Stat\u0075s","d\u0061ta":"web"})"}) {
    const absl::StatusOr<Envelope> envelope = DecodeEnvelope(payload);
    ASSERT_TRUE(envelope.ok()) << envelope.status();
    EXPECT_EQ(envelope->cmd, "Status");
    EXPECT_EQ(envelope->data, "\"web\"");
  }
}

TEST(EnvelopeTest, NullIsNoData) {
  for (std::string_view payload :
       {R"({"cmd":"hb"})", R"({"cmd":"hb","data":null})", R"({"cmd":"hb","data": null })"}) {
    const absl::StatusOr<Envelope> envelope = DecodeEnvelope(payload);
    ASSERT_TRUE(envelope.ok());
    EXPECT_EQ(envelope->data, "");
  }
}

TEST(EnvelopeTest, RefusesWithTheReasonAndTheStartOfWhatCame) {
  EXPECT_EQ(Error(""), "an empty frame");
  EXPECT_EQ(Error("GET / HTTP/1.1\r\n"), "not JSON (no value, at byte 0): \"GET / HTTP/1.1\\x0d\\x0a\"");
  EXPECT_EQ(Error("[]"), "not a JSON object: \"[]\"");
  EXPECT_EQ(Error("{}"), "no \"cmd\": \"{}\"");
  EXPECT_EQ(Error(R"({"cmd":1})"), "\"cmd\" is not a string: \"{\\\"cmd\\\":1}\"");
  EXPECT_THAT(Error(R"({"cmd":{"cmd":"hb"}})"), HasSubstr("is not a string"));
  EXPECT_THAT(Error(R"({"cmd":"a","cmd":"b"})"), HasSubstr("\"cmd\" comes twice"));
  EXPECT_THAT(Error(R"({"cmd":"a","data":1,"data":2})"), HasSubstr("\"data\" comes twice"));
  EXPECT_THAT(Error(R"({"cmd":"a","data":1e400})"), HasSubstr("out of range"));
  EXPECT_THAT(Error("{\"cmd\":\"a\",\"data\":\"" + std::string(1000, '\xFF') + "\"}"), HasSubstr("..."));
}

TEST(EnvelopeTest, HugeStringsAreData) {
  const std::string huge(1'000'000, 'x');
  const std::string payload = EncodeEnvelope(huge, JsonString(huge));
  const absl::StatusOr<Envelope> envelope = DecodeEnvelope(payload);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->cmd, huge);
  EXPECT_EQ(DataString(envelope->data).value(), huge);
}

TEST(EnvelopeTest, Encodes) {
  EXPECT_EQ(EncodeEnvelope("hb"), R"({"cmd":"hb"})");
  EXPECT_EQ(EncodeEnvelope("Status", "\"web\""), R"({"cmd":"Status","data":"web"})");
  EXPECT_EQ(EncodeEnvelope("a\"b"), R"({"cmd":"a\"b"})");
}

TEST(DataTest, Strings) {
  EXPECT_EQ(DataString(R"("a\u20ac\ud83d\ude00\u0000")").value(),
            std::string("a\xE2\x82\xAC\xF0\x9F\x98\x80\0", 9));
  for (std::string_view other : {"", "1", "{}", "[]", "true"}) EXPECT_FALSE(DataString(other).ok());
}

TEST(DataTest, ListsOfStrings) {
  EXPECT_THAT(DataStrings(R"(["a","","b"])").value(), ElementsAre("a", "", "b"));
  EXPECT_TRUE(DataStrings("[]")->empty());
  for (std::string_view other : {"", "\"a\"", "[1]", "[\"a\",null]", "{}"})
    EXPECT_FALSE(DataStrings(other).ok());
}

TEST(DataTest, ObjectsOfNumbers) {
  EXPECT_THAT(DataNumbers(R"({"a":1,"b":-0.5,"c":18446744073709551616})").value(),
              ElementsAre(Pair("a", 1), Pair("b", -0.5), Pair("c", 18446744073709551616.0)));
  EXPECT_THAT(DataNumbers(R"({"a":1,"b":2,"a":3})").value(), ElementsAre(Pair("a", 3), Pair("b", 2)));
  for (std::string_view other : {"", "1", "[]", R"({"a":"1"})", R"({"a":1,"b":null})", R"({"a":true})"}) {
    EXPECT_FALSE(DataNumbers(other).ok()) << other;
  }
}

TEST(ValidJsonTest, LeavesRoomForTheEnvelope) {
  EXPECT_TRUE(ValidJson("[1, 2]"));
  EXPECT_FALSE(ValidJson(""));
  EXPECT_FALSE(ValidJson("[1"));
  EXPECT_FALSE(ValidJson("1}, \"cmd\":{"));
  const std::string deep = std::string(63, '[') + std::string(63, ']');
  EXPECT_TRUE(ValidJson(deep));
  EXPECT_TRUE(DecodeEnvelope(EncodeEnvelope("msg", deep)).ok());
  EXPECT_FALSE(ValidJson("[" + deep + "]"));
}

TEST(QuotedStartTest, IsOneLineOfPrintableAscii) {
  EXPECT_EQ(QuotedStart(""), "\"\"");
  EXPECT_EQ(QuotedStart(std::string_view("a\"\\\n\0\x7f\xC3", 7)), R"("a\"\\\x0a\x00\x7f\xc3")");
  EXPECT_EQ(QuotedStart(std::string(64, 'x')), "\"" + std::string(64, 'x') + "\"");
  EXPECT_EQ(QuotedStart(std::string(65, 'x')), "\"" + std::string(64, 'x') + "\"...");
}

}  // namespace
}  // namespace fectl::proto
