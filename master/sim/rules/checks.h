#ifndef MASTER_SIM_RULES_CHECKS_H_
#define MASTER_SIM_RULES_CHECKS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"
#include "master/core/boundary/policy.h"
#include "master/core/supervisor.h"
#include "master/sim/rules/answer_rules.h"
#include "master/sim/rules/change_rules.h"
#include "master/sim/rules/event_rules.h"
#include "master/sim/rules/ledger.h"
#include "master/sim/rules/marks.h"
#include "master/sim/rules/order_rules.h"
#include "master/sim/rules/process_rules.h"
#include "master/sim/rules/record_rules.h"
#include "master/sim/rules/rollout_rules.h"
#include "master/sim/rules/service_rules.h"
#include "master/sim/rules/view.h"

namespace fectl::sim {

// What must hold after every step, whatever happened. Each rule is a method of its own in one of the
// *_rules.h, named by what must be so and with the number that README.md explains; the first one that is
// broken is kept, in words. Knows only events and effects (the ledger) and the supervisor's public face, so
// that it can watch a simulated world, a replayed trace, and a scenario alike.
class Checks {
 public:
  // `policies` as the supervisor got them. `marks` outlives it.
  Checks(const std::vector<core::ServicePolicy>& policies, Marks* marks);

  void SetWorld(WorldView world) { world_ = std::move(world); }

  // Around each step; Boot is one without event, which has no Before.
  void Before(const core::Supervisor& supervisor, const core::Event& event);
  void After(const core::Supervisor& supervisor, const core::Event* event, const core::Moment& at,
             const core::Effects& effects);

  const std::optional<std::string>& broken() const { return verdict_.broken(); }
  const Ledger& ledger() const { return ledger_; }
  const ChangeRules& changes() const { return changes_; }
  size_t open_requests() const { return answers_.open(); }

 private:
  Ledger ledger_;
  Marks* marks_;
  WorldView world_;
  Verdict verdict_;
  ProcessRules processes_;
  RecordRules records_;
  ServiceRules services_;
  OrderRules order_;
  AnswerRules answers_;
  ChangeRules changes_;
  RolloutRules rollouts_;
  EventRules events_;
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_RULES_CHECKS_H_
