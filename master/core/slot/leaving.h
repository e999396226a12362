#ifndef MASTER_CORE_SLOT_LEAVING_H_
#define MASTER_CORE_SLOT_LEAVING_H_

#include <cstdint>

#include "master/core/archive/archive.h"
#include "master/core/basis/time.h"
#include "master/core/slot/slot_state.h"

namespace fectl::core {

// A process that was told to leave, until its exit is seen and no process of its group is left.
struct Leaving {
  enum class Stage : uint8_t { kAsked, kHurried, kKilled, kAlarmed, kLast = kAlarmed };
  Process process;
  Stage stage = Stage::kAsked;
  Instant told_at;         // for display only
  Instant deadline;        // for the next stage
  Span grace;              // what it was given
  bool finishes = false;   // it served, and was asked to finish what is open
  bool ended = false;      // it has ended; what it had started goes on
  bool cut_short = false;  // and it ended by the signal that asked it to finish
  bool examined = false;   // it hangs, and is looked into before it is killed; nothing was asked of it
  bool unkillable() const { return stage == Stage::kAlarmed; }
  bool operator==(const Leaving&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.process), Field<2>(self.stage), Field<3>(self.told_at), Field<4>(self.deadline),
            Field<5>(self.grace), Field<6>(self.finishes), Field<7>(self.ended), Field<8>(self.cut_short),
            Field<9>(self.examined));
  }
};

// How many that were asked to finish ended by a signal instead.
struct Undrained {
  uint32_t all = 0;
  uint32_t by_sigterm = 0;
  bool operator==(const Undrained&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.all), Field<2>(self.by_sigterm));
  }
};

// How a process is made to leave.
enum class StopMode : uint8_t {
  kFinish,   // `stop` and SIGTERM: finish what is open; then SIGKILL
  kAbandon,  // the same for one that does not serve yet: little time
  kQuick,    // SIGQUIT, little time, then SIGKILL
  kKill,     // SIGKILL
  kExamine,  // it hangs: it is found out where, then SIGKILL
};

}  // namespace fectl::core

#endif  // MASTER_CORE_SLOT_LEAVING_H_
