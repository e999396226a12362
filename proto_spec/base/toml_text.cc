#include "proto_spec/base/toml_text.h"

namespace fectl::base {

std::string TomlString(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted.append("\\u00").append({kHex[byte >> 4], kHex[byte & 0xf]});
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace fectl::base
