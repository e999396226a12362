#include "proto_spec/json/json_text.h"

#include <charconv>
#include <cmath>

#include "proto_spec/base/utf8.h"

namespace fectl::proto {
namespace {

// Up to here every whole double is printed digit by digit without loss.
constexpr double kWholeNumberMax = 1e15;

void AppendEscaped(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    switch (character) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\b':
        out->append("\\b");
        break;
      case '\f':
        out->append("\\f");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      default:
        if (byte < 0x20) {
          out->append("\\u00");
          out->push_back(kHex[byte >> 4]);
          out->push_back(kHex[byte & 0xf]);
        } else {
          out->push_back(character);
        }
    }
  }
}

}  // namespace

void JsonText::Separate() {
  // A value ends in a quote, a digit, a letter, a closing bracket, or (raw text) a space: never in one of
  // these.
  if (text_.empty() || text_.back() == '{' || text_.back() == '[' || text_.back() == ':') return;
  text_.push_back(',');
}

void JsonText::Open(char bracket) {
  Separate();
  text_.push_back(bracket);
}

void JsonText::Key(std::string_view name) {
  String(name);
  text_.push_back(':');
}

void JsonText::String(std::string_view text) {
  Separate();
  text_.push_back('"');
  if (base::IsUtf8(text)) {
    AppendEscaped(text, &text_);
  } else {
    AppendEscaped(base::ToUtf8(text), &text_);
  }
  text_.push_back('"');
}

void JsonText::Integer(int64_t value) {
  Separate();
  char digits[24];
  const auto result = std::to_chars(digits, digits + sizeof digits, value);
  text_.append(digits, result.ptr);
}

void JsonText::Number(double value) {
  if (std::abs(value) < kWholeNumberMax && value == std::trunc(value)) {
    Integer(static_cast<int64_t>(value));
    return;
  }
  Separate();
  char digits[40];
  const auto result = std::to_chars(digits, digits + sizeof digits, value);
  text_.append(digits, result.ptr);
}

void JsonText::Raw(std::string_view json) {
  Separate();
  text_.append(json);
}

}  // namespace fectl::proto
