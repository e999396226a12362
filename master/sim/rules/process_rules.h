#ifndef MASTER_SIM_RULES_PROCESS_RULES_H_
#define MASTER_SIM_RULES_PROCESS_RULES_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "master/core/basis/ids.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/policy.h"
#include "master/sim/rules/per_slot.h"
#include "master/sim/rules/view.h"

namespace fectl::sim {

// What the supervisor may do to processes, and when: each effect is looked at before the ledger takes it.
class ProcessRules {
 public:
  void OnEvent(const View& view);
  void OnEffect(const View& view, const core::Effect& effect);
  void AfterStep(const View& view);

 private:
  void NoStartWhereNoneIsWanted(const View& view, const core::Incarnation& who) const;  // I15, I30
  void GenerationIsUsedOnce(const View& view, const core::Incarnation& who);            // I10
  void ConfigErrorIsNotTriedAgain(const View& view, const core::Incarnation& who) const;
  void StartsArePaced(const View& view, const core::Incarnation& who);                 // I12
  void OnlyTheLivingAreReached(const View& view, const core::Incarnation& who) const;  // I8
  void WhoServesInTimeIsLeftAlone(const View& view, const core::Incarnation& who);     // I3, I5, I6, I7
  void SilenceWasListenedTo(const View& view, const Life& life) const;                 // I6
  void KillComesInItsTime(const View& view, const core::Signal& signal) const;         // I16
  void PauseAndResumeKeepWorkers(const View& view, const core::Effect& effect) const;  // I17
  void StartsGiveWayToStarts(const View& view) const;                                  // I5
  void ReplacementIsAskedFor(const View& view, const core::Incarnation& who) const;    // I5
  void ShutdownReachesEverybody(const View& view);                                     // I16

  core::Generation newest_ = 0;
  PerSlot<std::vector<core::Instant>> starts_;        // automatic ones of the last window
  PerSlot<std::optional<core::Instant>> no_room_at_;  // when the last attempt ended, if for want of room
  int shutdown_stage_ = 0;                            // 1 graceful, 2 quick, 3 kills
  std::vector<core::Incarnation> begun_anew_;         // in this step: starts that were given up
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_RULES_PROCESS_RULES_H_
