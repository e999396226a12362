#ifndef MASTER_CORE_BASIS_BACKOFF_H_
#define MASTER_CORE_BASIS_BACKOFF_H_

#include <cstdint>

#include "master/core/basis/random.h"
#include "master/core/basis/time.h"

namespace fectl::core {

// How long to wait before the next attempt after `failures` earlier ones in a row: nothing after none, then
// kBackoffFirst doubling up to kBackoffMax, each less up to half of itself at random. Half and not all of it:
// a lower bound is what makes "at most so many starts in any ten seconds" true for every seed.
Span BackoffDelay(uint32_t failures, Random& random);

}  // namespace fectl::core

#endif  // MASTER_CORE_BASIS_BACKOFF_H_
