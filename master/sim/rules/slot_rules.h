#ifndef MASTER_SIM_RULES_SLOT_RULES_H_
#define MASTER_SIM_RULES_SLOT_RULES_H_

#include <cstdint>

#include "master/core/basis/ids.h"
#include "master/core/slot/slot.h"
#include "master/sim/rules/view.h"

namespace fectl::sim {

// What must hold of each slot after each step that could have changed it: the supervisor's state and the
// ledger's account of it must agree. Without memory.
class SlotRules {
 public:
  static void AfterStep(const View& view, core::ServiceId id, uint32_t slot);

 private:
  static void OneOfEachRole(const View& view, core::ServiceId id, uint32_t slot);                // I2
  static void StateMeansWhatItSays(const View& view, core::ServiceId id, uint32_t slot);         // I4, I31
  static void ProcessesAreKnown(const View& view, core::ServiceId id, uint32_t slot);            // I9
  static void NothingFollowsTheUnkillable(const View& view, core::ServiceId id, uint32_t slot);  // I1
  static void RecordsSayWhatIs(const View& view, core::ServiceId id, uint32_t slot);             // I31
  static void TimerIsTheEarliestDeadline(const View& view, core::ServiceId id, uint32_t slot);   // I13
  static void PausedServesNobody(const View& view, core::ServiceId id, uint32_t slot);           // I17
  static void MemoryIsBounded(const View& view, core::ServiceId id, uint32_t slot);              // I21
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_RULES_SLOT_RULES_H_
