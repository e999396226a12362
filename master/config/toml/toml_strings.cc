#include "master/config/toml/toml_strings.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace fectl::config {
namespace {

bool IsLong(std::string_view text) {
  return text.size() >= 3 && text[1] == text[0] && text[2] == text[0];
}

size_t LongStringLength(std::string_view text) {
  const char quote = text[0];
  const std::string closing(3, quote);
  for (size_t at = 3; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text.substr(at, 3) == closing) {
      size_t end = at + 3;
      // One or two quotes of the text may stand before the closing three.
      while (end < at + 5 && end < text.size() && text[end] == quote) ++end;
      return end;
    }
  }
  return 0;
}

void AppendUtf8(uint32_t code, std::string* out) {
  const auto byte = [&](uint32_t bits) {
    out->push_back(static_cast<char>(static_cast<unsigned char>(bits)));
  };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | (code >> 6));
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | (code >> 12));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | (code >> 18));
    byte(0x80 | ((code >> 12) & 0x3F));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

// Reads the digits of \uXXXX (size 4) or \UXXXXXXXX (size 8) at the start of `digits`.
bool DecodeUnicode(std::string_view digits, size_t size, std::string* text, std::string* error) {
  digits = digits.substr(0, size);
  const bool hex = std::all_of(digits.begin(), digits.end(),
                               [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); });
  if (digits.size() < size || !hex) {
    *error = size == 4 ? R"(has a \u that is not followed by 4 hexadecimal digits)"
                       : R"(has a \U that is not followed by 8 hexadecimal digits)";
    return false;
  }
  uint32_t code = 0;
  for (char c : digits) {
    const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
    code = code * 16 + static_cast<uint32_t>(lower <= '9' ? lower - '0' : lower - 'a' + 10);
  }
  if ((code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF) {
    *error = absl::StrCat("has an escape that is no Unicode character: ", size == 4 ? "\\u" : "\\U",
                          absl::string_view(digits.data(), digits.size()));
    return false;
  }
  AppendUtf8(code, text);
  return true;
}

// A backslash at the end of a line takes the newline and all blanks behind it away. Returns how many bytes of
// `body`, which begins with a backslash, that are; 0 if it is another escape.
size_t LineContinuation(std::string_view body) {
  const size_t newline = body.find_first_not_of(" \t", 1);
  if (newline == std::string_view::npos || body[newline] != '\n') return 0;
  return std::min(body.find_first_not_of(" \t\n", newline), body.size());
}

bool DecodeEscapes(std::string_view body, bool several_lines, std::string* text, std::string* error) {
  static constexpr std::string_view kLetters = "btnfr\"\\";
  static constexpr std::string_view kMeanings = "\b\t\n\f\r\"\\";
  for (size_t at = 0; at < body.size(); ++at) {
    if (body[at] != '\\') {
      text->push_back(body[at]);
      continue;
    }
    if (const size_t gone = several_lines ? LineContinuation(body.substr(at)) : 0; gone > 0) {
      at += gone - 1;
      continue;
    }
    ++at;
    const char letter = at < body.size() ? body[at] : '\0';
    if (letter == 'u' || letter == 'U') {
      const size_t size = letter == 'u' ? 4 : 8;
      if (!DecodeUnicode(body.substr(at + 1), size, text, error)) return false;
      at += size;
    } else if (const size_t index = kLetters.find(letter); index != std::string_view::npos) {
      text->push_back(kMeanings[index]);
    } else {
      *error = R"(has an unknown escape: known are \b \t \n \f \r \" \\ \uXXXX \UXXXXXXXX; )"
               R"(in '...' a backslash is just itself)";
      return false;
    }
  }
  return true;
}

}  // namespace

size_t StringLength(std::string_view text, bool one_line) {
  if (!one_line && IsLong(text)) return LongStringLength(text);
  const char quote = text[0];
  for (size_t at = 1; at < text.size() && text[at] != '\n'; ++at) {
    if (text[at] == quote) return at + 1;
    if (quote == '"' && text[at] == '\\' && at + 1 < text.size() && text[at + 1] != '\n') ++at;
  }
  return 0;
}

bool DecodeString(std::string_view literal, std::string* text, std::string* error) {
  text->clear();
  const bool several_lines = literal.size() >= 6 && IsLong(literal);
  const size_t quotes = several_lines ? 3 : 1;
  std::string_view body = literal.substr(quotes, literal.size() - 2 * quotes);
  if (several_lines && !body.empty() && body[0] == '\n') body.remove_prefix(1);
  if (literal[0] == '"') return DecodeEscapes(body, several_lines, text, error);
  *text = std::string(body);
  return true;
}

}  // namespace fectl::config
