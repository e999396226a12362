#include "proto_spec/base/utf8.h"

#include <cstdint>

namespace fectl::base {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Sequence {
  size_t bytes;  // of the character, or of the maximal part that cannot be one
  bool valid;
};

// The sequence that begins `text`, which is not empty.
Sequence First(std::string_view text) {
  const auto byte = [&text](size_t at) { return static_cast<uint8_t>(text[at]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const size_t bytes = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte has narrower bounds after four leads: overlong forms, surrogates, and beyond U+10FFFF.
  const uint8_t second_min = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t second_max = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (size_t at = 1; at < bytes; ++at) {
    const uint8_t least = at == 1 ? second_min : 0x80;
    const uint8_t most = at == 1 ? second_max : 0xBF;
    if (at >= text.size() || byte(at) < least || byte(at) > most) return {at, false};
  }
  return {bytes, true};
}

}  // namespace

size_t Utf8Length(std::string_view text) {
  const Sequence first = First(text);
  return first.valid ? first.bytes : 0;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const Sequence first = First(text);
    if (!first.valid) return false;
    text.remove_prefix(first.bytes);
  }
  return true;
}

std::string ToUtf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const Sequence first = First(bytes);
    out.append(first.valid ? bytes.substr(0, first.bytes) : kReplacement);
    bytes.remove_prefix(first.bytes);
  }
  return out;
}

std::string_view CutUtf8(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  const auto continues = [&text](size_t at) { return (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80; };
  while (bytes_max > 0 && continues(bytes_max)) --bytes_max;
  return text.substr(0, bytes_max);
}

}  // namespace fectl::base
