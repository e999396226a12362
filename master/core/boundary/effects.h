#ifndef MASTER_CORE_BOUNDARY_EFFECTS_H_
#define MASTER_CORE_BOUNDARY_EFFECTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "master/core/basis/ids.h"
#include "master/core/boundary/history.h"

namespace fectl::core {

// What the supervisor wants done, as commands. The runtime runs them in the order of the list.

// Start a process for this incarnation, made of what that version of the plan says. Answered with the event
// Spawned or SpawnFailed, before any other event of the same incarnation.
struct Spawn {
  Incarnation who;
  PlanVersion plan = 0;
  bool operator==(const Spawn&) const = default;
};

enum class Order : uint8_t { kStart, kPause, kResume, kStop };

// Send an order through the worker's pipe. Lost without harm where the pipe is closed.
struct Send {
  Incarnation who;
  Order order = Order::kStart;
  bool operator==(const Send&) const = default;
};

enum class Sig : uint8_t {
  kTerminate,  // SIGTERM to the process
  kQuit,       // SIGQUIT to the process
  kKill,       // SIGKILL to its whole process group, also where only the process itself has ended
};

struct Signal {
  Incarnation who;
  Sig sig = Sig::kTerminate;
  bool operator==(const Signal&) const = default;
};

// Find out where the process hangs. To be answered with Examined; it is killed then, and anyway after
// kExaminationMax.
struct Examine {
  Incarnation who;
  Cause cause;
  bool operator==(const Examine&) const = default;
};

enum class Answer : uint8_t {
  kStarted,
  kStopped,
  kFailed,
  kDone,
  kErrorUnknownService,
  kErrorStarting,
  kErrorRunning,
  kErrorReloading,
  kErrorStopping,
  kErrorStopped,
  kErrorFailed,
};

// The one final answer to a request, with the reason in words for people ("" where there is nothing to add).
struct Reply {
  RequestId request = 0;
  Answer answer = Answer::kDone;
  std::string words;
  bool operator==(const Reply&) const = default;
};

// Something happened to a slot: one log line. The record is in the slot's history already.
struct Report {
  ServiceId service = 0;
  uint32_t slot = 0;
  Record record;
  EventNumber number = 0;
  Generation generation = 0;  // of the process that it is about; 0: of none
  bool operator==(const Report&) const = default;
};

// Something happened to a service as a whole.
struct ServiceReport {
  enum class What : uint8_t {
    kAdded,
    kRemoved,  // and nothing is left of it
    kCondition,
    kResized,
    kRollBegan,  // an operator has its workers replaced
    kRollDone,
    kRollFailed,
    kRollAborted,   // not for a fault of the new workers
    kRollProceeds,  // a batch of new workers serves, or all of them; words: what comes next
    kRollReverted,  // the new workers proved bad: each place runs what it ran before
    kLast = kRollReverted,
  };
  ServiceId service = 0;
  What what = What::kCondition;
  EventNumber number = 0;
  std::string_view condition = {};  // as it is now, in a word that lives for ever
  std::string words = {};           // why; "" where there is nothing to add
  uint32_t num = 0;                 // workers that are wanted
  uint32_t num_before = 0;          // kResized
  bool operator==(const ServiceReport&) const = default;
};

// No process of this version exists, and no Spawn will name it again: what it is made of can be forgotten.
struct DropPlan {
  PlanVersion plan = 0;
  bool operator==(const DropPlan&) const = default;
};

// A service that was removed is gone: nothing will be said of it any more.
struct ForgetService {
  ServiceId service = 0;
  bool operator==(const ForgetService&) const = default;
};

// No process is left but what outlived SIGKILL, and none will come: the master may leave.
struct Finish {
  bool operator==(const Finish&) const = default;
};

using Effect =
    std::variant<Spawn, Send, Signal, Reply, Report, DropPlan, ForgetService, Finish, ServiceReport, Examine>;
using Effects = std::vector<Effect>;

}  // namespace fectl::core

#endif  // MASTER_CORE_BOUNDARY_EFFECTS_H_
