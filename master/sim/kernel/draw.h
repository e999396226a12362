#ifndef MASTER_SIM_KERNEL_DRAW_H_
#define MASTER_SIM_KERNEL_DRAW_H_

#include <cstdint>

#include "master/core/basis/random.h"
#include "master/core/basis/time.h"

namespace fectl::sim {

// From nothing to `max`, both included.
inline core::Span DrawSpan(core::Random& random, core::Span max) {
  if (max.ns <= 0) return {};
  return core::Span{static_cast<int64_t>(random.Below(static_cast<uint64_t>(max.ns) + 1))};
}

}  // namespace fectl::sim

#endif  // MASTER_SIM_KERNEL_DRAW_H_
