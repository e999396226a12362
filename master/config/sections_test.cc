#include "master/config/sections.h"

#include <string>

#include "gtest/gtest.h"
#include "master/config/config.h"
#include "master/config/section_reader.h"

namespace fectl::config {
namespace {

TEST(IsGoodName, TakesWhatCanBePartOfAVariablesName) {
  for (const char* name : {"a", "web", "web-1", "Web_2.x", "0", "-", "..", "all"})
    EXPECT_TRUE(IsGoodName(name)) << name;
  EXPECT_TRUE(IsGoodName(std::string(64, 'x')));
  EXPECT_FALSE(IsGoodName(std::string(65, 'x')));
  for (const char* name : {"", " ", "a b", "a/b", "a=b", "a\n", "a:b", "\xC3\xA9", "a\"", "$a", "a,b"}) {
    EXPECT_FALSE(IsGoodName(name)) << name;
  }
  EXPECT_FALSE(IsGoodName(std::string("a\0b", 3)));
}

TEST(WhatIsWrongWithHost, NothingForNamesAndAddressesOfTheFamily) {
  for (const char* host :
       {"localhost", "example.com", "a-b.c_d", "0.0.0.0", "127.0.0.1", "255.255.255.255"}) {
    EXPECT_EQ(WhatIsWrongWithHost(host, SocketProto::kTcp4), "") << host;
  }
  for (const char* host : {"localhost", "example.com", "::", "::1", "2001:db8::1", "fe80::1%eth0"}) {
    EXPECT_EQ(WhatIsWrongWithHost(host, SocketProto::kTcp6), "") << host;
  }
}

TEST(WhatIsWrongWithHost, SaysSoOtherwise) {
  for (const char* host : {"::1", "*", "127.0.0.1:80", "localhost:80", "1.2.3", "1.2.3.4.5", "1.2.3.256",
                           "1..2.3", "1", "/tmp/x", "a b", "[::1]", "http://x", "\xC3\xA9"}) {
    EXPECT_NE(WhatIsWrongWithHost(host, SocketProto::kTcp4), "") << host;
  }
  for (const char* host :
       {"127.0.0.1", "*", "[::1]", "[::1]:80", "::1/64", "::g", "::ffff:1.2.3.4", "fe80::1", "ff02::1"}) {
    EXPECT_NE(WhatIsWrongWithHost(host, SocketProto::kTcp6), "") << host;
  }
  EXPECT_NE(WhatIsWrongWithHost(std::string(254, 'a'), SocketProto::kTcp4), "");
}

}  // namespace
}  // namespace fectl::config
