#ifndef MASTER_CORE_SLOT_LEASE_H_
#define MASTER_CORE_SLOT_LEASE_H_

#include <cstdint>
#include <string>

#include "master/core/archive/archive.h"
#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"

namespace fectl::core {

// What a process on duty has said that it is busy with. It holds until its time is over, until the worker is
// busy no longer, is loaded, or loses its duty.
struct Lease {
  Generation generation = 0;
  Instant until;
  Span length;           // that was granted last
  int64_t progress = 0;  // of the worker, then
  Span left_to_start;    // of startup_timeout, when it began: so much is left at its end
  std::string why;
  bool operator==(const Lease&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.generation), Field<2>(self.until), Field<3>(self.length), Field<4>(self.progress),
            Field<5>(self.left_to_start), Field<6>(self.why));
  }
};

}  // namespace fectl::core

#endif  // MASTER_CORE_SLOT_LEASE_H_
