#include "tools/fuzz/require.h"

#include <cstdlib>
#include <iostream>

namespace fectl::fuzz {

void Require(bool holds, std::string_view property, std::string_view seen) {
  if (holds) return;
  std::cerr << "does not hold: " << property << '\n';
  if (!seen.empty()) std::cerr << "seen: " << seen << '\n';
  std::abort();
}

void RequireOneLine(std::string_view words) {
  Require(!words.empty(), "an error has words");
  for (const char c : words) {
    const auto byte = static_cast<unsigned char>(c);
    Require(byte >= 0x20 && byte != 0x7f, "an error is one line without control characters", words);
  }
}

}  // namespace fectl::fuzz
