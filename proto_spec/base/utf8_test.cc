#include "proto_spec/base/utf8.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace fectl::base {
namespace {

constexpr std::string_view kR = "\xEF\xBF\xBD";  // U+FFFD

TEST(Utf8Test, AcceptsTheFirstAndLastCharacterOfEachLength) {
  for (std::string_view text :
       {std::string_view("\0", 1), std::string_view("\x7f"), std::string_view("\xC2\x80"),
        std::string_view("\xDF\xBF"), std::string_view("\xE0\xA0\x80"), std::string_view("\xED\x9F\xBF"),
        std::string_view("\xEE\x80\x80"), std::string_view("\xEF\xBF\xBF"),
        std::string_view("\xF0\x90\x80\x80"), std::string_view("\xF4\x8F\xBF\xBF")}) {
    EXPECT_TRUE(IsUtf8(text));
    EXPECT_EQ(ToUtf8(text), text);
    EXPECT_EQ(Utf8Length(text), text.size());
    EXPECT_EQ(Utf8Length(std::string(text) + "z"), text.size());
  }
}

TEST(Utf8Test, RefusesWhatIsJustOutside) {
  for (std::string_view text : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80",
                                "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                                "\xFF", "\xC2", "\xE2\x82", "\xF0\x9F\x98", "\xE2z\x82"}) {
    EXPECT_FALSE(IsUtf8(text));
    EXPECT_FALSE(IsUtf8("a" + std::string(text)));
    EXPECT_EQ(Utf8Length(text), 0u);
  }
}

TEST(Utf8Test, EachMaximalInvalidPartBecomesOneReplacement) {
  const std::string r(kR);
  EXPECT_EQ(ToUtf8("a\xFFz"), "a" + r + "z");
  EXPECT_EQ(ToUtf8("\xE2\x82"), r);
  EXPECT_EQ(ToUtf8("\xE2\x82z"), r + "z");
  EXPECT_EQ(ToUtf8("\xED\xA0\x80"), r + r + r);
  EXPECT_EQ(ToUtf8("\xF0\x9F\x98\xF0\x9F\x98\x80"), r + "\xF0\x9F\x98\x80");
  EXPECT_TRUE(IsUtf8(ToUtf8("\x80\xC0\xE0\xF0\xFF")));
}

TEST(Utf8Test, CutsBetweenCharacters) {
  EXPECT_EQ(CutUtf8("abc", 5), "abc");
  EXPECT_EQ(CutUtf8("abc", 2), "ab");
  EXPECT_EQ(CutUtf8("a\xE2\x82\xAC", 3), "a");
  EXPECT_EQ(CutUtf8("a\xE2\x82\xAC", 4), "a\xE2\x82\xAC");
  EXPECT_EQ(CutUtf8("\xF0\x9F\x98\x80", 3), "");
  EXPECT_EQ(CutUtf8("abc", 0), "");
}

}  // namespace
}  // namespace fectl::base
