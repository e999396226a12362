#ifndef MASTER_CORE_IDS_H_
#define MASTER_CORE_IDS_H_

#include <compare>
#include <cstdint>

namespace fectl::core {

// The names of things. They are plain numbers that outlive a process image: the state of the supervisor holds
// no pointers and no descriptors.

// A service, by its place in the configuration, from 0.
using ServiceId = uint32_t;

// A control request that waits for its answer. Chosen by the runtime, never reused, 0 is nobody.
using RequestId = uint64_t;

// One process in one place of a service. A process is never named by its pid: a pid is a stranger's from the
// moment of reaping on, a generation is never used twice, so old timers, frames and exits are seen to be old.
struct Incarnation {
  ServiceId service = 0;
  uint32_t slot = 0;  // from 0
  uint32_t generation = 0;
  auto operator<=>(const Incarnation&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(self.service, self.slot, self.generation);
  }
};

}  // namespace fectl::core

#endif  // MASTER_CORE_IDS_H_
