#ifndef FECTL_TOOLS_FUZZ_REQUIRE_H_
#define FECTL_TOOLS_FUZZ_REQUIRE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

// What libFuzzer and the replay of the corpora both call.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace fectl::fuzz {

// Aborts with the property's words where it does not hold: to libFuzzer that is a crash, to a test a failure.
void Require(bool holds, std::string_view property, std::string_view seen = {});

// What people are told about bad input: something, in one line, that no terminal can take for a command.
void RequireOneLine(std::string_view words);

inline std::string_view Bytes(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace fectl::fuzz

#endif  // FECTL_TOOLS_FUZZ_REQUIRE_H_
