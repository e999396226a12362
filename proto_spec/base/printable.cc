#include "proto_spec/base/printable.h"

#include <cstddef>
#include <cstdint>

#include "proto_spec/base/utf8.h"

namespace fectl::base {
namespace {

struct CodePoint {
  uint32_t value = 0;
  size_t bytes = 0;  // 0: not UTF-8
};

// The code point at the start of `text`, which is not empty.
CodePoint Decode(std::string_view text) {
  const size_t bytes = Utf8Length(text);
  const auto first = static_cast<uint8_t>(text[0]);
  if (bytes <= 1) return {first, bytes};
  uint32_t value = first & (0xffu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) value = (value << 6) | (static_cast<uint8_t>(text[i]) & 0x3fu);
  return {value, bytes};
}

bool Dangerous(uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) ||  // C0, DEL, C1
         c == 0x2028 || c == 0x2029 ||           // line and paragraph separators
         c == 0x200e || c == 0x200f || c == 0x061c || (c >= 0x202a && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;  // direction marks, zero width
}

void AppendHex(std::string_view prefix, int digits, uint32_t value, std::string* out) {
  out->append(prefix);
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out->push_back("0123456789abcdef"[(value >> shift) & 0xf]);
  }
}

void AppendEscape(uint32_t c, std::string* out) {
  if (c == '\n') {
    out->append("\\n");
  } else if (c == '\t') {
    out->append("\\t");
  } else if (c == '\r') {
    out->append("\\r");
  } else if (c < 0x100) {
    AppendHex("\\x", 2, c, out);
  } else {
    AppendHex("\\u", 4, c, out);
  }
}

}  // namespace

std::string EscapeForTerminal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = Decode(text);
    const size_t bytes = c.bytes == 0 ? 1 : c.bytes;
    if (c.bytes == 0) {
      AppendHex("\\x", 2, static_cast<uint8_t>(text[0]), &out);
    } else if (Dangerous(c.value)) {
      AppendEscape(c.value, &out);
    } else {
      out.append(text.substr(0, bytes));
    }
    text.remove_prefix(bytes);
  }
  return out;
}

std::string EscapeJsonForTerminal(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const CodePoint c = Decode(json);
    const size_t bytes = c.bytes == 0 ? 1 : c.bytes;
    if (c.bytes == 0) {
      out.append("\\ufffd");
    } else if (c.value < 0x20) {
      out.push_back(' ');  // white space between the values: inside strings JSON has none of these
    } else if (Dangerous(c.value)) {
      AppendHex("\\u", 4, c.value, &out);
    } else {
      out.append(json.substr(0, bytes));
    }
    json.remove_prefix(bytes);
  }
  return out;
}

}  // namespace fectl::base
