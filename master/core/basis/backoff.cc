#include "master/core/basis/backoff.h"

#include <algorithm>
#include <cstdint>

#include "master/core/basis/limits.h"

namespace fectl::core {

Span BackoffDelay(uint32_t failures, Random& random) {
  if (failures == 0) return Span{0};
  // Beyond this many doublings the cap holds in any case, and the shift stays inside 64 bits.
  const uint32_t doublings = std::min<uint32_t>(failures - 1, 16);
  const int64_t full = std::min(kBackoffFirst.ns << doublings, kBackoffMax.ns);
  return Span{full - static_cast<int64_t>(random.Below(static_cast<uint64_t>(full / 2) + 1))};
}

}  // namespace fectl::core
