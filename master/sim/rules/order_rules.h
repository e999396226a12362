#ifndef MASTER_SIM_RULES_ORDER_RULES_H_
#define MASTER_SIM_RULES_ORDER_RULES_H_

#include <string>

#include "master/core/basis/ids.h"
#include "master/core/boundary/effects.h"
#include "master/sim/rules/per_slot.h"
#include "master/sim/rules/view.h"

namespace fectl::sim {

// What services do in an order: a start comes behind what it waits for (I38), no wait is without a reason
// (I39), and a graceful shutdown goes the other way round (I40).
class OrderRules {
 public:
  void OnEffect(const View& view, const core::Effect& effect);
  void AfterStep(const View& view);

 private:
  void StartsBehindWhatItNames(const View& view, const core::Incarnation& who) const;
  bool IsReady(const View& view, core::ServiceId id) const;
  void WaitsForAReason(const View& view, const core::Service& service) const;
  void StopsBehindWhoNamesIt(const View& view, core::ServiceId id);

  PerService<uint8_t> done_;  // its oneshot has ended with 0 since its last start
  PerService<uint8_t> was_up_;
  int shutdown_stage_ = 0;  // 1: graceful
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_RULES_ORDER_RULES_H_
