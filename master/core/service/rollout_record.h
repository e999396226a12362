#ifndef MASTER_CORE_SERVICE_ROLLOUT_RECORD_H_
#define MASTER_CORE_SERVICE_ROLLOUT_RECORD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "master/core/archive/archive.h"
#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/cause.h"
#include "master/core/boundary/events.h"

namespace fectl::core {

// What became of a reload or restart that an operator asked for, for its verdict.

// The new worker of one place.
struct RolledWorker {
  uint32_t slot = 0;
  int32_t old_pid = 0;        // 0: nobody served there
  PlanVersion before = 0;     // what the place ran
  Generation generation = 0;  // of the new one
  int32_t pid = 0;            // 0: it is not loaded, and was not lost
  Instant begun = {};
  Instant loaded = kNever;
  Instant lost = kNever;  // or given up
  Cause cause;            // of that
  bool operator==(const RolledWorker&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.slot), Field<2>(self.old_pid), Field<3>(self.before), Field<4>(self.generation),
            Field<5>(self.pid), Field<6>(self.begun), Field<7>(self.loaded), Field<8>(self.lost),
            Field<9>(self.cause));
  }
};

struct RolloutRecord {
  enum class Outcome : uint8_t {
    kUnderWay,
    kDone,
    kFailed,    // what could not be brought back, or need not be, was left as it is
    kReverted,  // each place runs again what it ran before
    kAborted,   // the same, since an operator said so
    kStopped,   // the service was told to stop meanwhile
    kLast = kStopped,
  };
  Outcome outcome = Outcome::kUnderWay;
  Urgency urgency = Urgency::kReload;
  bool kept = false;     // the old workers, until the new ones had proven themselves
  PlanVersion plan = 0;  // of the new workers
  Instant began = {};
  Instant went_back = kNever;  // when it was found that the new workers are not to stay
  Instant ended = kNever;
  std::string words;                  // why it did not succeed
  std::vector<RolledWorker> workers;  // in the order in which they were begun
  bool operator==(const RolloutRecord&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.outcome), Field<2>(self.urgency), Field<3>(self.plan), Field<4>(self.began),
            Field<5>(self.went_back), Field<6>(self.ended), Field<7>(self.words), Field<8>(self.workers),
            Field<9>(self.kept));
  }
};

}  // namespace fectl::core

#endif  // MASTER_CORE_SERVICE_ROLLOUT_RECORD_H_
