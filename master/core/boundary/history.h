#ifndef MASTER_CORE_BOUNDARY_HISTORY_H_
#define MASTER_CORE_BOUNDARY_HISTORY_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "master/core/archive/archive.h"
#include "master/core/boundary/cause.h"

namespace fectl::core {

// What happened to a slot, in the order in which people want to read it.
enum class Milestone : uint8_t {
  kStarting,
  kRunning,
  kPaused,
  kReloading,
  kRestarting,
  kReloadFailed,
  kRestartFailed,
  kStoppingOld,
  kStopping,
  kStopped,         // a process ended as it was told to
  kLost,            // a process ended, or had to be killed, that should have gone on
  kFailed,          // no further attempt
  kAlarm,           // something that people should look at; the slot goes on
  kCutShort,        // a process that was asked to finish ended by that very signal
  kReloadGivenUp,   // not for a fault of the new process
  kRestartGivenUp,  // the same
  kCrashing,        // its workers are lost again and again; said once, until it has recovered
  kRecovered,       // a worker has served long enough to be called stable after that
  kDone,            // a oneshot ended with 0
  kExamined,        // it was found out where a process hung
  kLast = kExamined,
};

// One word or two, in lower case: "starting", "reload failed".
std::string_view ToWord(Milestone milestone);

struct Record {
  int64_t wall_seconds = 0;  // unix time, for display only
  int32_t pid = 0;           // for display only; 0: no process
  Milestone milestone = Milestone::kStarting;
  Cause cause;

  bool operator==(const Record&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.wall_seconds), Field<2>(self.pid), Field<3>(self.milestone), Field<4>(self.cause));
  }
};

// The newest kHistoryRecords records of one slot, oldest first. Grows as it is needed: most slots of a
// healthy master hold two.
class History {
 public:
  void Add(Record record);
  const std::vector<Record>& records() const { return records_; }
  bool operator==(const History&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.records_));
  }

 private:
  std::vector<Record> records_;
};

}  // namespace fectl::core

#endif  // MASTER_CORE_BOUNDARY_HISTORY_H_
