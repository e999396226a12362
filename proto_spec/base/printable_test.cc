#include "proto_spec/base/printable.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace fectl::base {
namespace {

TEST(EscapeForTerminal, LeavesOrdinaryTextAlone) {
  EXPECT_EQ(EscapeForTerminal("worker(1): exited with code 3"), "worker(1): exited with code 3");
  EXPECT_EQ(EscapeForTerminal("größer als 5 €, 日本, 🙂"), "größer als 5 €, 日本, 🙂");
  EXPECT_EQ(EscapeForTerminal(""), "");
}

TEST(EscapeForTerminal, ShowsControlCodes) {
  EXPECT_EQ(EscapeForTerminal("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(EscapeForTerminal("\033[2J\007\177"), "\\x1b[2J\\x07\\x7f");
  EXPECT_EQ(EscapeForTerminal(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(EscapeForTerminal("\xc2\x9b"
                              "31m"),
            "\\x9b31m");  // C1 CSI
}

TEST(EscapeForTerminal, ShowsDirectionMarksAndLineSeparators) {
  EXPECT_EQ(EscapeForTerminal("\u202e\u2066\u2028\u200f\ufeff"), "\\u202e\\u2066\\u2028\\u200f\\ufeff");
}

TEST(EscapeForTerminal, ShowsBytesWhichAreNotUtf8) {
  EXPECT_EQ(EscapeForTerminal("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(EscapeForTerminal("\xc3"), "\\xc3");                    // torn
  EXPECT_EQ(EscapeForTerminal("\xc0\x9b"), "\\xc0\\x9b");           // overlong
  EXPECT_EQ(EscapeForTerminal("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(EscapeForTerminal("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");
}

TEST(EscapeForTerminal, EveryByteComesOutPrintable) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const char pair[2] = {static_cast<char>(a), static_cast<char>(b)};
      for (const char c : EscapeForTerminal(std::string_view(pair, 2))) {
        ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << a << " " << b;
      }
    }
  }
}

TEST(EscapeJsonForTerminal, KeepsTheValueAndHidesControls) {
  EXPECT_EQ(EscapeJsonForTerminal("{\"a\":\"\xc2\x9b\x7f\u202e\\n\"}"),
            "{\"a\":\"\\u009b\\u007f\\u202e\\n\"}");
  EXPECT_EQ(EscapeJsonForTerminal("{\n\t\"a\": 1}"), "{  \"a\": 1}");
}

}  // namespace
}  // namespace fectl::base
