#ifndef MASTER_SIM_RULES_ROLLOUT_RULES_H_
#define MASTER_SIM_RULES_ROLLOUT_RULES_H_

#include <cstdint>
#include <vector>

#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/policy.h"
#include "master/sim/rules/marks.h"
#include "master/sim/rules/per_slot.h"
#include "master/sim/rules/view.h"

namespace fectl::sim {

// How workers are brought in where an operator asks for it, and replaced where they are worn out: what it may
// cost, and how it ends.
class RolloutRules {
 public:
  // `marks` outlives it.
  explicit RolloutRules(Marks* marks) : marks_(marks) {}

  void BeforeStep(const core::Supervisor& supervisor, const core::Event& event);
  void OnEvent(const View& view);
  void OnEffect(const View& view, const core::Effect& effect);
  void AfterStep(const View& view, core::ServiceId id);

 private:
  // One that is under way, by what was told of it.
  struct Roll {
    core::Instant began = core::kNever;
    core::Instant progress_at;
    core::Span patience;                    // between two signs of progress, at most
    core::Span whole;                       // from the beginning to the end
    bool endless = false;                   // the policy has no deadline
    bool changed = false;                   // the service was changed meanwhile
    bool held = false;                      // by an operator
    bool waits = false;                     // for an operator's word
    bool aborted = false;                   // the same
    std::vector<core::PlanVersion> before;  // what each place ran; 0: nobody was there
  };

  void OnTold(const View& view, const core::Incarnation& who);
  void OldOneLeavesFirst(const View& view, const Life& life) const;             // I44
  void GoesBackForAReason(const View& view, const Life& life) const;            // I47
  void OneIsRecycledAtATime(const View& view, const core::Spawn& spawn) const;  // I45
  void SpawnIsOfAKnownPlan(const View& view, const core::Spawn& spawn) const;   // I35
  void OnRoll(const View& view, const core::ServiceReport& report);
  void EndsWithTheVersionBefore(const View& view, const core::ServiceReport& report) const;  // I47
  void Learn(const View& view, core::ServiceId id);
  void KeptMeansPaused(const View& view, core::ServiceId id) const;       // I46
  void OldGenerationsAreFew(const View& view, core::ServiceId id) const;  // I48
  void EveryRolloutEnds(const View& view, core::ServiceId id);            // I49
  void WhoIsWornIsReplaced(const View& view, core::ServiceId id);         // J7

  Marks* marks_;
  PerService<Roll> rolls_;
  PerService<core::Instant> at_rest_since_{core::kNever};  // all serve, and nothing else is under way
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_RULES_ROLLOUT_RULES_H_
