#include "master/config/toml/toml_strings.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto_spec/base/toml_text.h"

namespace fectl::config {
namespace {

using ::testing::HasSubstr;

std::string Decoded(const std::string& literal) {
  EXPECT_EQ(StringLength(literal, false), literal.size()) << literal;
  std::string text, error;
  EXPECT_TRUE(DecodeString(literal, &text, &error)) << literal << ": " << error;
  return text;
}

std::string Complaint(const std::string& literal) {
  EXPECT_EQ(StringLength(literal, false), literal.size()) << literal;
  std::string text, error;
  EXPECT_FALSE(DecodeString(literal, &text, &error)) << literal << ": " << text;
  return error;
}

TEST(StringLength, EndsAtTheClosingQuote) {
  EXPECT_EQ(StringLength("\"a\" \"b\"", false), 3u);
  EXPECT_EQ(StringLength("'a' 'b'", false), 3u);
  EXPECT_EQ(StringLength("'a\"'", false), 4u);
  EXPECT_EQ(StringLength(R"("a\"b")", false), 6u);
  EXPECT_EQ(StringLength(R"("a\\"b")", false), 5u);
  EXPECT_EQ(StringLength(R"('a\'b')", false), 4u);
  EXPECT_EQ(StringLength("\"\" x", false), 2u);
  EXPECT_EQ(StringLength("\"\"\"a\n\"b\"\"\"\"\" x", false), 12u);
  EXPECT_EQ(StringLength("'''a\n''''''", false), 10u);
  EXPECT_EQ(StringLength("\"\"\"\\\"\"\"\"", false), 8u);
}

TEST(StringLength, AKeysStringIsOnOneLine) {
  EXPECT_EQ(StringLength("\"\"\"a\"\"\"", true), 2u);
  EXPECT_EQ(StringLength("'a' = 1", true), 3u);
}

TEST(StringLength, NothingIfTheClosingQuoteIsMissing) {
  for (const char* text : {"\"", "'", "\"a", "'a\n'", "\"a\n\"", "\"\\\"", "\"\\\n\"", "\"\"\"",
                           "\"\"\"a\"\"", "'''a''", "\"\"\"\\\"\"\"", "\"\\"}) {
    EXPECT_EQ(StringLength(text, false), 0u) << text;
  }
}

TEST(DecodeString, LiteralsAreThemselves) {
  EXPECT_EQ(Decoded(R"('')"), "");
  EXPECT_EQ(Decoded(R"('C:\n\u00e9"')"), R"(C:\n\u00e9")");
  EXPECT_EQ(Decoded("'''a\nb\\\n'c'''"), "a\nb\\\n'c");
  EXPECT_EQ(Decoded("'''\na\n'''"), "a\n");
  EXPECT_EQ(Decoded("''''a'''''"), "'a''");
}

TEST(DecodeString, EscapesAreReplaced) {
  EXPECT_EQ(Decoded(R"("")"), "");
  EXPECT_EQ(Decoded(R"("\b\t\n\f\r\"\\")"), "\b\t\n\f\r\"\\");
  EXPECT_EQ(Decoded(R"("\u0041\u00e9\u0AAA\uFFFF")"), "A\xC3\xA9\xE0\xAA\xAA\xEF\xBF\xBF");
  EXPECT_EQ(Decoded(R"("\U00000041\U0001F600\U0010FFFF")"), "A\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF");
  EXPECT_EQ(Decoded(R"("a\u0000b")"), std::string("a\0b", 3));
}

TEST(DecodeString, LongStringsKeepTheirLines) {
  EXPECT_EQ(Decoded("\"\"\"a\nb\n\nc\"\"\""), "a\nb\n\nc");
  EXPECT_EQ(Decoded("\"\"\"\na\"\"\""), "a");
  EXPECT_EQ(Decoded("\"\"\"\n\na\"\"\""), "\na");
  EXPECT_EQ(Decoded("\"\"\"a \\  \n\n   b \\\n\"\"\""), "a b ");
  EXPECT_EQ(Decoded("\"\"\"\"a\"\"\"\""), "\"a\"");
  EXPECT_EQ(Decoded("\"\"\"\"\"\""), "");
}

TEST(DecodeString, SaysWhatIsWrong) {
  EXPECT_THAT(Complaint(R"("\q")"), HasSubstr("has an unknown escape"));
  EXPECT_THAT(Complaint(R"("\ x")"), HasSubstr("has an unknown escape"));
  EXPECT_THAT(Complaint(R"("\u12")"), HasSubstr("4 hexadecimal digits"));
  EXPECT_THAT(Complaint(R"("\u12g4")"), HasSubstr("4 hexadecimal digits"));
  EXPECT_THAT(Complaint(R"("\U0001F60")"), HasSubstr("8 hexadecimal digits"));
  EXPECT_EQ(Complaint(R"("\ud800")"), R"(has an escape that is no Unicode character: \ud800)");
  EXPECT_EQ(Complaint(R"("\U00110000")"), R"(has an escape that is no Unicode character: \U00110000)");
  EXPECT_EQ(Complaint(R"("\UFFFFFFFF")"), R"(has an escape that is no Unicode character: \UFFFFFFFF)");
}

TEST(DecodeString, UndoesTomlString) {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  all += "\xC3\xA9\xE0\xAA\xAA\xF0\x9F\x98\x80";
  const std::string encoded = base::TomlString(all);
  EXPECT_EQ(encoded.find('\n'), std::string::npos);
  EXPECT_EQ(Decoded(encoded), all);
}

}  // namespace
}  // namespace fectl::config
