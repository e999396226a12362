#ifndef MASTER_CORE_BASIS_IDS_H_
#define MASTER_CORE_BASIS_IDS_H_

#include <compare>
#include <cstdint>

#include "master/core/archive/archive.h"

namespace fectl::core {

// The names of things. They are plain numbers that outlive a process image: the state of the supervisor holds
// no pointers and no descriptors.

// A service. The supervisor gives the numbers, from 0, and gives none of them twice: a service that was
// removed and is added again is another one.
using ServiceId = uint32_t;

// Counts the processes of all services, from 1, and is never used twice.
using Generation = uint64_t;

// What a service's processes are made of and how they are supervised, as it was at some time. Chosen by
// whoever loads the configuration, never used twice.
using PlanVersion = uint64_t;

// A control request that waits for its answer. Given by Supervisor::NewRequest(), never used twice, 0 is
// nobody.
using RequestId = uint64_t;

// One process in one place of a service. A process is never named by its pid: a pid is a stranger's from the
// moment of reaping on, a generation is never used twice, so old timers, frames and exits are seen to be old.
struct Incarnation {
  ServiceId service = 0;
  uint32_t slot = 0;  // from 0
  Generation generation = 0;
  auto operator<=>(const Incarnation&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.service), Field<2>(self.slot), Field<3>(self.generation));
  }
};

}  // namespace fectl::core

#endif  // MASTER_CORE_BASIS_IDS_H_
