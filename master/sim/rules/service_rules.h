#ifndef MASTER_SIM_RULES_SERVICE_RULES_H_
#define MASTER_SIM_RULES_SERVICE_RULES_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "master/core/basis/ids.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/policy.h"
#include "master/core/supervisor.h"
#include "master/sim/rules/marks.h"
#include "master/sim/rules/per_slot.h"
#include "master/sim/rules/view.h"

namespace fectl::sim {

// What must hold of each service, and of all of them together.
class ServiceRules {
 public:
  // `marks` outlives it.
  explicit ServiceRules(Marks* marks) : marks_(marks) {}

  // Before the step: remembers what must not change.
  void BeforeStep(const core::Supervisor& supervisor, const core::Event& event, const Ledger& ledger);
  void OnEffect(const View& view, const core::Effect& effect);
  void AfterStep(const View& view, core::ServiceId id);
  void AfterStep(const View& view);

 private:
  void NotMoreThanTwoForEachPlace(const View& view, core::ServiceId id) const;  // I1
  void CountsAreTrue(const View& view, core::ServiceId id) const;               // I31
  void StoppedMeansNobody(const View& view, core::ServiceId id) const;          // I15
  void StopEnds(const View& view, core::ServiceId id) const;                    // I16
  void EdgesAreInTheTables(const View& view, core::ServiceId id);               // I14
  void FinishMeansNobody(const View& view) const;                               // I30
  void LateEventsChangeNothing(const View& view) const;                         // I23, I32
  void WhatIsDueIsDone(const View& view) const;                                 // I13, I16
  void WorkIsBounded(const View& view) const;                                   // I22
  void WhoAsksIsReplaced(const View& view, core::ServiceId id) const;           // J3
  void RestartsAreCounted(const View& view, core::ServiceId id);
  void RestartHurries(const View& view, core::ServiceId id) const;  // I31

  Marks* marks_;
  PerService<core::ServiceState> states_{core::ServiceState::kStopped};  // as of the last step
  PerSlot<uint8_t> slot_states_;                                         // which alternative
  PerSlot<uint64_t> restarts_;                                           // as of the last step
  bool means_nothing_ = false;                 // the event of this step: late, or said twice
  uint64_t meaningless_ = 0;                   // such events so far
  std::optional<core::Supervisor> unchanged_;  // before some of them
  core::Instant time_passed_at_;               // of the last TimePassed
  size_t requests_ = 0;                        // made so far
  bool finished_ = false;
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_RULES_SERVICE_RULES_H_
