#include "master/core/basis/check.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace fectl::core {

void EndWithBrokenInvariant(std::string_view name, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken: %.*s\n", file, line, static_cast<int>(name.size()), name.data());
  std::abort();
}

}  // namespace fectl::core
