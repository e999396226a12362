#ifndef MASTER_CORE_SLOT_SLOT_STATE_H_
#define MASTER_CORE_SLOT_SLOT_STATE_H_

#include <algorithm>
#include <cstdint>
#include <variant>

#include "master/core/archive/archive.h"
#include "master/core/basis/ids.h"
#include "master/core/basis/limits.h"
#include "master/core/basis/random.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/cause.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"
#include "master/core/boundary/history.h"
#include "master/core/boundary/policy.h"

namespace fectl::core {

// What a step needs and may change besides the slot itself. Lives for one step.
struct StepContext {
  Moment at;
  ServiceId service = 0;
  const ServicePolicy& policy;
  PlanVersion plan = 0;  // of what is started at somebody's request
  bool paused = false;   // the service is paused: a worker that becomes ready is not told to start
  Generation& newest;    // of all services
  EventNumber& newest_event;
  Random& random;
  Effects& effects;
  bool ending = false;  // the master is shutting down: nobody is started any more
};

// A process that exists, or that an effect Spawn is about to make.
struct Process {
  Generation generation = 0;
  PlanVersion plan = 0;  // what it is made of
  int32_t pid = 0;       // 0 until Spawned
  Instant since;
  // What it was told in its environment; more where the plan was changed so.
  Span timeout;                  // silence allowed
  Span shutdown_timeout;         // until its exit, once told
  bool excused = false;          // said that it leaves on purpose: its exit is no failure
  bool channel_closed = false;   // its pipe ended: no message comes any more
  Instant message_due = kNever;  // when the message that it has begun has to be whole
  Instant recycle_at = kNever;   // when it is old enough to be replaced; known when it is loaded
  bool oneshot = false;          // is to run once and to end with 0; of it no message is expected
  bool operator==(const Process&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.generation), Field<2>(self.plan), Field<3>(self.pid), Field<4>(self.since),
            Field<5>(self.timeout), Field<6>(self.shutdown_timeout), Field<7>(self.excused),
            Field<8>(self.channel_closed), Field<9>(self.message_due), Field<10>(self.oneshot),
            Field<11>(self.recycle_at));
  }
};

// How long one that does not serve yet has to leave. What a oneshot has begun it may end.
inline Span AbandonGrace(const Process& process) {
  return process.oneshot ? process.shutdown_timeout : std::min(process.shutdown_timeout, kAbandonGrace);
}

// When it has to be `loaded`; of a oneshot: when it has to have ended. Its time begins when it exists.
inline Instant StartDeadline(const StepContext& step, const Process& process) {
  if (!process.oneshot) return process.since + step.policy.startup_timeout;
  return step.policy.timeout == Span{0} ? kNever : process.since + step.policy.timeout;
}

// When a process that is loaded now is old enough to be replaced. The jitter keeps those that were started
// together from being replaced together.
inline Instant RecycleTime(StepContext& step, Instant loaded_at) {
  const Span age = step.policy.recycle.max_age;
  if (age == Span{0}) return kNever;
  const auto most = static_cast<uint64_t>(age.ns / 1000 * step.policy.recycle.jitter) + 1;
  return loaded_at + Span{age.ns - static_cast<int64_t>(step.random.Below(most))};
}

// The states of a slot. Each holds just what is valid in it. Processes on their way out are in none of them:
// they are kept beside the state, since they no longer take part in the slot's duty.

struct Vacant {  // the service is stopped
  bool operator==(const Vacant&) const = default;
  template <typename Archive>
  static void Fields(Archive& /*archive*/, auto& /*self*/) {}
};
struct Waiting {     // for the next attempt
  Instant retry_at;  // kNever: when the processes that outlived SIGKILL are gone
  Cause::Kind why = Cause::Kind::kNone;
  Instant room_at = kNever;  // waits for room: not tried before this, but then as soon as room is made
  bool operator==(const Waiting&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.retry_at), Field<2>(self.why), Field<3>(self.room_at));
  }
};
struct Starting {  // until `loaded`; a oneshot until its end
  Process process;
  Instant deadline;  // kNever until the process exists
  Cause cause;
  bool operator==(const Starting&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.process), Field<2>(self.deadline), Field<3>(self.cause));
  }
};
struct Serving {
  enum class LastOrder : uint8_t { kNothing, kStart, kPause, kLast = kPause };
  Process process;
  Instant deadline;  // for the next heartbeat
  Instant loaded_at;
  LastOrder last_order = LastOrder::kNothing;
  bool operator==(const Serving&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.process), Field<2>(self.deadline), Field<3>(self.loaded_at),
            Field<4>(self.last_order));
  }
};
struct Replacing {  // `old` serves until `next` is loaded and the service commits
  Serving old;
  Process next;
  bool next_loaded = false;
  Instant deadline;   // of next: for `loaded`, then for its next heartbeat
  Instant loaded_at;  // of next
  Urgency urgency = Urgency::kReload;
  Cause cause;
  bool operator==(const Replacing&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.old), Field<2>(self.next), Field<3>(self.next_loaded), Field<4>(self.deadline),
            Field<5>(self.loaded_at), Field<6>(self.urgency), Field<7>(self.cause));
  }
};
struct Baking {  // `now` serves and has to prove itself; `old` is paused, to serve again if it does not
  Serving now;
  Serving old;
  Urgency urgency = Urgency::kReload;
  bool operator==(const Baking&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.now), Field<2>(self.old), Field<3>(self.urgency));
  }
};
struct GivenUp {  // failed: no further attempt without a command
  bool operator==(const GivenUp&) const = default;
  template <typename Archive>
  static void Fields(Archive& /*archive*/, auto& /*self*/) {}
};
struct Done {  // its oneshot has ended with 0
  Instant since;
  bool operator==(const Done&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.since));
  }
};
// In the journal a state is its place among these, so new ones come last.
using SlotState = std::variant<Vacant, Waiting, Starting, Serving, Replacing, GivenUp, Done, Baking>;

// `failed`: and not given up for something else.
inline Milestone EndOfReplacement(Urgency urgency, bool failed) {
  if (urgency == Urgency::kReload) return failed ? Milestone::kReloadFailed : Milestone::kReloadGivenUp;
  return failed ? Milestone::kRestartFailed : Milestone::kRestartGivenUp;
}

// How a worker is replaced.
struct Replacement {
  Urgency urgency = Urgency::kReload;
  Cause cause;
  PlanVersion plan = 0;    // of the new one
  bool old_first = false;  // the old one leaves before the new one is started
};

// What the service has to know of a slot's event.
enum class SlotOutcome : uint8_t {
  kNothing,
  kReady,              // a process became loaded: it serves, or it waits for the commit of the replacement.
                       // Or a oneshot has ended with 0
  kStartFailed,        // a start failed and will be tried again
  kNoRoom,             // the same, and the time that starts may take is over: the system has no room for it
  kGaveUp,             // a start failed for the last time
  kReplacementFailed,  // the new process of a replacement is lost; the old one serves on, or again
  kLost,               // one that served is lost, and started again
  kAsks,               // its worker asks to be replaced, now
};

}  // namespace fectl::core

#endif  // MASTER_CORE_SLOT_SLOT_STATE_H_
