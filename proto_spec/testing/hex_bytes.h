// For tests: the bytes that an even number of hexadecimal digits stands for.
#ifndef FECTL_PROTO_SPEC_TESTING_HEX_BYTES_H_
#define FECTL_PROTO_SPEC_TESTING_HEX_BYTES_H_

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace fectl::proto {

// absl::HexStringToBytes has no form that both Debian 12 and Debian 13 offer without calling it deprecated.
inline std::string HexBytes(std::string_view hex) {
  std::string bytes;
  for (; hex.size() >= 2; hex.remove_prefix(2)) {
    uint8_t byte = 0;
    std::from_chars(hex.data(), hex.data() + 2, byte, 16);
    bytes.push_back(static_cast<char>(byte));
  }
  return bytes;
}

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_TESTING_HEX_BYTES_H_
