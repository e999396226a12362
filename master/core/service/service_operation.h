#ifndef MASTER_CORE_SERVICE_SERVICE_OPERATION_H_
#define MASTER_CORE_SERVICE_SERVICE_OPERATION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "master/core/archive/archive.h"
#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/cause.h"
#include "master/core/boundary/events.h"
#include "master/core/service/service_state.h"

namespace fectl::core {

// What a service is about (service.h), as values. Operations are what somebody may wait for.
//
// Start ends when each slot that was not ready was loaded, was given up, or found no room for a process.
// Replace (reload and restart) goes in batches: the replacements of a batch are all loaded before the first
// old worker of the batch is told to leave, and if one of them fails, the batch is given up and every old
// worker of it serves on. Where the policy says so the old workers are kept, paused, until the new ones have
// proven themselves. Stop ends when no process is left, and takes the place of any other operation. Wait is
// before a start, until the services that this one names are ready.

// What an operation waits for in a slot.
struct Awaited {
  bool awaited = false;       // by the operation that is under way
  bool without_room = false;  // awaited, and found no room for its process in the time of a start
  bool operator==(const Awaited&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.awaited), Field<2>(self.without_room));
  }
};
struct StartOperation {
  std::vector<RequestId> waiters;
  uint32_t awaited = 0;            // counted, see awaited_
  uint32_t without_room = 0;       // of those that are awaited
  std::optional<uint32_t> failed;  // the first slot that was given up
  bool operator==(const StartOperation&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.waiters), Field<2>(self.failed));
  }
};
// The oneshot that has to end with 0 before the first batch of a reload or a restart begins.
struct BeforeRoll {
  bool known = false;  // the two that follow
  ServiceId oneshot = 0;
  uint64_t runs_before = 0;  // its runs that had begun when the replacement was asked for
  bool operator==(const BeforeRoll&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.known), Field<2>(self.oneshot), Field<3>(self.runs_before));
  }
};
struct ReplaceOperation {
  enum class Stage : uint8_t {
    kLoading,  // until the new workers of the batch are loaded
    kProving,  // they serve; until `until`
    kHeld,     // until an operator promotes it
    kBaking,   // all new workers serve, and the old ones are kept; until `until`
    kLast = kBaking,
  };
  Urgency urgency = Urgency::kReload;
  Cause cause;
  std::vector<RequestId> waiters;
  std::vector<uint32_t> slots;  // all of them, in order
  size_t begun = 0;             // how many of `slots` belong to this or an earlier batch
  size_t committed = 0;         // how many belong to an earlier batch
  uint32_t awaited = 0;         // counted, see awaited_
  bool by_operator = false;
  std::optional<BeforeRoll> before_roll;  // nothing has begun before it is over
  Stage stage = Stage::kLoading;
  bool keeps = false;      // the old workers are kept, paused, until the new ones have proven themselves
  bool canary = false;     // the batch is the canary
  bool held = false;       // an operator wants no further batch
  bool goes_back = false;  // it brings back what `before` names
  bool aborted = false;    // since an operator said so
  Instant until = kNever;  // of kProving and kBaking
  Instant progress_by = kNever;     // of kLoading
  std::vector<PlanVersion> before;  // what ran in each of `slots`
  std::string words;                // goes_back: why
  bool operator==(const ReplaceOperation&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.urgency), Field<2>(self.cause), Field<3>(self.waiters), Field<4>(self.slots),
            Field<5>(self.begun), Field<6>(self.committed), Field<7>(self.by_operator),
            Field<8>(self.before_roll), Field<9>(self.stage), Field<10>(self.keeps), Field<11>(self.canary),
            Field<12>(self.held), Field<13>(self.goes_back), Field<14>(self.aborted), Field<15>(self.until),
            Field<16>(self.progress_by), Field<17>(self.before), Field<18>(self.words));
  }
};
struct StopOperation {
  std::vector<RequestId> waiters;
  bool operator==(const StopOperation&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.waiters));
  }
};
// The service is to start when others are ready. Nobody of it is on duty meanwhile.
struct WaitOperation {
  std::vector<RequestId> waiters;
  Cause cause;             // of the start
  bool calls = true;       // what it requires is still to be started; within a step only
  bool blocked = false;    // one that it requires will not become ready by itself
  std::string words = {};  // "waiting for db", "blocked: db failed"
  bool operator==(const WaitOperation&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.waiters), Field<2>(self.cause), Field<3>(self.calls), Field<4>(self.blocked),
            Field<5>(self.words));
  }
};
struct QueuedReplace {
  Urgency urgency = Urgency::kReload;
  std::vector<RequestId> waiters;
  bool operator==(const QueuedReplace&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.urgency), Field<2>(self.waiters));
  }
};

// In the journal an operation is its place among these, so new ones come last.
using Operation =
    std::variant<std::monostate, StartOperation, ReplaceOperation, StopOperation, WaitOperation>;

// Whether a service that waits may start.
struct StartVerdict {
  bool begins = false;
  bool blocked = false;
  std::string words = {};  // where it does not begin
};

// The condition that people were told of last.
struct ToldCondition {
  Condition condition = Condition::kStopped;
  Instant since = kNever;  // kNever: it has not changed yet
  bool operator==(const ToldCondition&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.condition), Field<2>(self.since));
  }
};

// What was counted of all slots. It follows from them, too.
struct Counts {
  uint32_t ready = 0;
  uint32_t processes = 0;
  uint32_t given_up = 0;
  uint32_t crashing = 0;
  uint32_t waiting_for_room = 0;
  uint32_t done = 0;
};

// What was counted of a slot. It follows from the slot, so it is neither written down nor compared.
struct Counted {
  bool dirty = false;
  bool ready = false;
  bool given_up = false;
  bool crashing = false;
  bool waits_for_room = false;
  bool done = false;
  uint32_t processes = 0;
  Instant armed = kNever;  // the slot's alarm that counts
};

}  // namespace fectl::core

#endif  // MASTER_CORE_SERVICE_SERVICE_OPERATION_H_
