#include "client/http/host_check.h"

#include "gtest/gtest.h"

namespace fectl::http {
namespace {

TEST(HostName, IsWithoutPortCaseAndLastDot) {
  EXPECT_EQ(HostName("localhost"), "localhost");
  EXPECT_EQ(HostName("LocalHost:9180"), "localhost");
  EXPECT_EQ(HostName("web.example."), "web.example");
  EXPECT_EQ(HostName("127.0.0.1:80"), "127.0.0.1");
  EXPECT_EQ(HostName("[::1]:9180"), "::1");
  EXPECT_EQ(HostName("[FE80::1]"), "fe80::1");
}

TEST(HostName, IsEmptyForWhatIsNone) {
  for (const char* host : {"", ":80", "a:b", "a:80:90", "[::1", "[::1]x", "[::1]:x", "a:123456"}) {
    EXPECT_EQ(HostName(host), "") << host;
  }
}

TEST(IsForUs, TakesThisMachineAndWhatWasAllowed) {
  EXPECT_TRUE(IsForUs("localhost:9180", {}, "127.0.0.1"));
  EXPECT_TRUE(IsForUs("127.0.0.1:9180", {}, "127.0.0.1"));
  EXPECT_TRUE(IsForUs("[::1]:9180", {}, "::1"));
  EXPECT_TRUE(IsForUs("localhost", {}, ""));
  EXPECT_TRUE(IsForUs("Ops.Example:443", {"ops.example"}, "127.0.0.1"));
  EXPECT_TRUE(IsForUs("10.1.2.3:9180", {}, "10.1.2.3"));
}

TEST(IsForUs, RefusesOtherNamesWhateverTheConnection) {
  EXPECT_FALSE(IsForUs("evil.example", {}, "127.0.0.1"));
  EXPECT_FALSE(IsForUs("localhost.evil.example", {}, "127.0.0.1"));
  EXPECT_FALSE(IsForUs("127.0.0.1.evil.example", {}, "127.0.0.1"));
  EXPECT_FALSE(IsForUs("127.0.0.1", {}, "10.1.2.3"));
  EXPECT_FALSE(IsForUs("ops.example.evil", {"ops.example"}, "127.0.0.1"));
  EXPECT_FALSE(IsForUs("", {""}, ""));
  EXPECT_FALSE(IsForUs("evil.example", {}, ""));
}

}  // namespace
}  // namespace fectl::http
