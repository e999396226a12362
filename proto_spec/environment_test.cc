#include "proto_spec/environment.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::proto {
namespace {

using ::testing::ElementsAre;

TEST(ChannelVariableTest, BothWays) {
  const ChannelVariable channel{.read_fd = 3, .write_fd = 4};
  EXPECT_EQ(FormatChannel(channel), "3:4");
  EXPECT_EQ(ParseChannel("3:4").value(), channel);
}

TEST(ChannelVariableTest, RefusesAllElse) {
  for (std::string_view text :
       {"", ":", "3", "3:", ":4", "3:4:", "3:4 ", " 3:4", "+3:4", "-1:4", "3:-4", "a:b", "3:99999999999"}) {
    EXPECT_FALSE(ParseChannel(text).ok()) << text;
  }
  EXPECT_EQ(ParseChannel("x").status().message(), "\"x\" is not READ:WRITE, two descriptors");
}

TEST(SocketVariableTest, BothWays) {
  const SocketVariable socket{.fd = 5, .family = 2, .type = 1, .protocol = 6};
  EXPECT_EQ(FormatSocket(socket), "5,FAMILY:2,SOCKETTYPE:1,PROTO:6");
  EXPECT_EQ(ParseSocket("5,FAMILY:2,SOCKETTYPE:1,PROTO:6").value(), socket);
  EXPECT_EQ(ParseSocket("7,FAMILY:1,SOCKETTYPE:1,PROTO:0")->family, 1);
}

TEST(SocketVariableTest, RefusesAllElse) {
  for (std::string_view text :
       {"", "5", "5,FAMILY:2", "5,FAMILY:2,SOCKETTYPE:1,PROTO:", "5,FAMILY:2,SOCKETTYPE:1,PROTO:6,",
        "x,FAMILY:2,SOCKETTYPE:1,PROTO:6", "5,family:2,SOCKETTYPE:1,PROTO:6"}) {
    EXPECT_FALSE(ParseSocket(text).ok()) << text;
  }
}

TEST(ArgumentsTest, BothWays) {
  EXPECT_EQ(FormatArguments({"app=a:b", "x \"y\""}), R"(["app=a:b","x \"y\""])");
  EXPECT_THAT(ParseArguments(R"( ["app=a:b","x \"y\""] )").value(), ElementsAre("app=a:b", "x \"y\""));
  EXPECT_TRUE(ParseArguments("[]")->empty());
  for (std::string_view text : {"", " ", "app", "[", "[1]", "{}", "\"a\"", "[\"\xFF\"]"}) {
    EXPECT_FALSE(ParseArguments(text).ok()) << text;
  }
}

TEST(SecondsTest, BothWays) {
  EXPECT_EQ(FormatSeconds(10000), "10");
  EXPECT_EQ(FormatSeconds(500), "0.5");
  EXPECT_EQ(FormatSeconds(1050), "1.05");
  EXPECT_EQ(FormatSeconds(1), "0.001");
  EXPECT_EQ(FormatSeconds(0), "0");
  EXPECT_EQ(FormatSeconds(-5), "0");
  for (int64_t milliseconds : {0, 1, 10, 999, 1000, 1001, 86'400'000}) {
    EXPECT_EQ(ParseSeconds(FormatSeconds(milliseconds)).value(), milliseconds);
  }
}

TEST(SecondsTest, ParsesToTheNearestMillisecond) {
  EXPECT_EQ(ParseSeconds("0.0004").value(), 0);
  EXPECT_EQ(ParseSeconds("0.0005").value(), 1);
  EXPECT_EQ(ParseSeconds("1.9999999999999999999999").value(), 2000);
  EXPECT_EQ(ParseSeconds("1.0").value(), 1000);
}

TEST(SecondsTest, RefusesAllElse) {
  for (std::string_view text : {"", ".", ".5", "5.", "-1", "+1", "1e3", "1,5", " 1", "1 ", "inf", "nan",
                                "0x10", "1.-5", "99999999999", "999999999999999999999999"}) {
    EXPECT_FALSE(ParseSeconds(text).ok()) << text;
  }
}

TEST(IndexTest, DigitsOnly) {
  EXPECT_EQ(ParseIndex("0").value(), 0);
  EXPECT_EQ(ParseIndex("2147483647").value(), std::numeric_limits<int>::max());
  for (std::string_view text : {"", "-1", "+1", "1 ", "x", "2147483648", "1.0"}) {
    EXPECT_FALSE(ParseIndex(text).ok()) << text;
  }
}

TEST(NameTest, LettersDigitsDotUnderscoreDash) {
  for (std::string_view name : {"a", "web", "web-1.2_x", "0", "-", "All"}) {
    EXPECT_TRUE(ValidName(name)) << name;
    EXPECT_TRUE(ValidServiceName(name)) << name;
  }
  EXPECT_TRUE(ValidName(std::string(64, 'x')));
  EXPECT_FALSE(ValidName(std::string(65, 'x')));
  for (std::string_view name : {"", "a b", "a/b", "a=b", "a:b", "\xC3\xA9", "a\n"})
    EXPECT_FALSE(ValidName(name));
  EXPECT_TRUE(ValidName("all"));
  EXPECT_FALSE(ValidServiceName("all"));
}

}  // namespace
}  // namespace fectl::proto
