#ifndef MASTER_CORE_BASIS_RANDOM_H_
#define MASTER_CORE_BASIS_RANDOM_H_

#include <cstdint>

#include "master/core/basis/check.h"

namespace fectl::core {

// A seeded stream of numbers for jitter (splitmix64): eight bytes of state, so that it can be part of the
// supervisor's state and a run can be repeated. Not for secrets. <random>'s engines are larger by far and its
// distributions differ between libraries.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // From 0 to bound-1. The bias of the remainder is far below what jitter could show. `bound` is not 0.
  uint64_t Below(uint64_t bound) {
    FECTL_CHECK(bound != 0, "a number is below something");
    return Next() % bound;
  }

  bool operator==(const Random&) const = default;
  using AsNumber = uint64_t;  // in an archive

 private:
  uint64_t state_;
};

}  // namespace fectl::core

#endif  // MASTER_CORE_BASIS_RANDOM_H_
