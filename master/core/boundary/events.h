#ifndef MASTER_CORE_BOUNDARY_EVENTS_H_
#define MASTER_CORE_BOUNDARY_EVENTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "master/core/archive/archive.h"
#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/cause.h"
#include "master/core/boundary/policy.h"

namespace fectl::core {

// What happened, in the past tense. Events about an incarnation that the supervisor no longer knows are
// ignored: they are late, and that is normal.

struct Spawned {
  Incarnation who;
  int32_t pid = 0;  // shown to people, never used to act
};

// No process came into being; or, after Spawned, it has ended without having come to its program.
struct SpawnFailed {
  Incarnation who;
  std::string words;  // which step failed, and why
  StartFailure failure = StartFailure::kPermanent;
};

struct WorkerLoaded {
  Incarnation who;
};

struct WorkerBeat {
  Incarnation who;
};

// It was found out where a process hangs, or that this cannot be.
struct Examined {
  Incarnation who;
  std::string words;  // "hung in `shop.db.query` db.py:88 (incident 17)"; empty: nothing is known
};

// What the worker has written so far ends inside a message. The next whole message ends that. Said again, it
// changes nothing.
struct WorkerBeganMessage {
  Incarnation who;
};

// The worker says that it is busy: for so long from now on it may be silent, or not loaded yet. 0: it is busy
// no longer. `progress` counts what it has done; only where that grows can the time be made longer.
struct WorkerLeased {
  Incarnation who;
  Span length;
  int64_t progress = 0;
  std::string words;  // with what
};

enum class Urgency : uint8_t { kReload, kRestart, kLast = kRestart };

// The worker asked to be replaced. `leaves` says that it will exit by itself, on purpose, soon.
struct WorkerAsked {
  Incarnation who;
  Urgency urgency = Urgency::kReload;
  bool leaves = false;
  std::string words;
  bool recycles = false;  // it did not ask: it is well, and old enough (see WorkerWornOut)
  bool operator==(const WorkerAsked&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.who), Field<2>(self.urgency), Field<3>(self.leaves), Field<4>(self.words),
            Field<5>(self.recycles));
  }
};

// A bound of [service.recycle] that is not known here was reached: it is to be replaced, though it is well.
struct WorkerWornOut {
  Incarnation who;
  std::string words;  // which bound
};

// A worker does worse than the configuration allows new workers to do, and than the old ones do. Of meaning
// only while the worker has to prove itself.
struct WorkerDisproved {
  Incarnation who;
  std::string words;  // which gauge, and both values
};

struct WorkerConfigError {
  Incarnation who;
  std::string words;
};

struct WorkerViolated {
  Incarnation who;
  std::string words;
};

// The worker closed one of its pipes: the one it writes to or the one it reads from. Not an exit: that is
// Exited alone. Messages may still follow, where it was the one it reads from, or where a process that it
// forked has the other one open. That process may also keep the pipe open behind the worker's exit.
struct ChannelClosed {
  Incarnation who;
};

// The process was seen dead, everything that it had written was handed in before, and it is being reaped. The
// last event of its incarnation, unless `group_left`.
struct Exited {
  Incarnation who;
  bool signaled = false;
  int32_t number = 0;  // exit code, or signal
  bool core_dumped = false;
  bool out_of_memory = false;   // the kernel killed it because no memory was left
  bool inside_message = false;  // the last thing that it wrote has no end
  bool group_left = false;      // other processes of its group live on: GroupEnded follows
  std::string words = {};  // its newest status, where it never was `loaded`: what it hung on, or failed with
};

// No process is left of the group of one that was reported by Exited before. The last event of its
// incarnation.
struct GroupEnded {
  Incarnation who;
};

// The last three are of the reload or restart that is under way: go on now, begin no further batch, go back.
enum class Verb : uint8_t { kStart, kStop, kReload, kRestart, kPause, kResume, kPromote, kHold, kAbort };

struct Commanded {
  RequestId request = 0;
  ServiceId service = 0;
  Verb verb = Verb::kStart;
  std::optional<uint32_t> slot = {};  // of a reload or restart: of this place alone; not there: all of them
  bool alone = false;  // a start that neither starts the services that it requires nor waits for others
};

// There is another service. It is stopped until it is commanded to start, or another requires it. Its number
// is that of the last of Supervisor::services().
struct ServiceAdded {
  Plan plan;
};

// The service is to be no more. Its workers are told to stop; when the last one has ended it is forgotten.
struct ServiceRemoved {
  ServiceId service = 0;
};

// So many workers are wanted now, 1 or more. New ones are started where the service is to run; of too many
// those with the highest numbers are told to stop.
struct ServiceResized {
  ServiceId service = 0;
  uint32_t num = 1;
};

// The service has a new plan. How its processes are supervised follows it at once. Processes are made of it
// from the next start, reload or restart on; one that is lost meanwhile is followed by one of its own
// version.
struct PlanChanged {
  ServiceId service = 0;
  Plan plan;
};

// SIGTERM is graceful, SIGINT and SIGQUIT are not. A repeated one is the next step up.
struct ShutdownAsked {
  bool graceful = true;
  RequestId request = 0;  // answered when all is done; 0: nobody waits
};

// The clock reached the deadline that next_deadline() gave (or any other time: asking too often is harmless).
struct TimePassed {};

// Descriptors or processes of the master have ended: a start that failed for want of room may work now.
struct RoomMade {};

// The master itself did not run for this long (it was stopped, or the machine was): nothing was read in
// that time, so no worker is judged by it.
struct Stalled {
  Span length;
};

using Event =
    std::variant<Spawned, SpawnFailed, WorkerLoaded, WorkerBeat, WorkerBeganMessage, WorkerLeased,
                 WorkerAsked, WorkerConfigError, WorkerViolated, ChannelClosed, Examined, Exited, GroupEnded,
                 WorkerWornOut, WorkerDisproved, Commanded, ServiceAdded, ServiceRemoved, ServiceResized,
                 PlanChanged, ShutdownAsked, TimePassed, RoomMade, Stalled>;

// When an event happened.
struct Moment {
  Instant now;
  int64_t wall_seconds = 0;  // unix time; for records only, no decision depends on it
};

}  // namespace fectl::core

#endif  // MASTER_CORE_BOUNDARY_EVENTS_H_
