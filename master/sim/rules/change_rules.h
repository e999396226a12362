#ifndef MASTER_SIM_RULES_CHANGE_RULES_H_
#define MASTER_SIM_RULES_CHANGE_RULES_H_

#include <set>
#include <vector>

#include "master/core/basis/ids.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/policy.h"
#include "master/sim/rules/per_slot.h"
#include "master/sim/rules/view.h"

namespace fectl::sim {

// What must hold while services are added, removed, resized and given new plans.
class ChangeRules {
 public:
  explicit ChangeRules(const std::vector<core::ServicePolicy>& policies);

  void OnEvent(const View& view);
  void OnEffect(const View& view, const core::Effect& effect);
  void AfterStep(const View& view, core::ServiceId id);

  // Versions that the supervisor was given and has not dropped.
  const std::set<core::PlanVersion>& plans() const { return plans_; }

 private:
  void SpawnNamesTheRightPlan(const View& view, const core::Spawn& spawn) const;     // I35
  void RemovedIsForgottenWhenItIsEmpty(const View& view, core::ServiceId id) const;  // I33
  void NobodyIsLeftWhoIsNotWanted(const View& view, core::ServiceId id) const;       // I34
  void DroppedPlansAreUnused(const View& view) const;                                // I36

  std::set<core::PlanVersion> plans_;
  std::vector<core::PlanVersion> dropped_;  // in this step
  // Of the newest process that had the slot's duty, or was to get it with nobody beside it.
  PerSlot<core::PlanVersion> on_duty_;
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_RULES_CHANGE_RULES_H_
