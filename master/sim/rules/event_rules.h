#ifndef MASTER_SIM_RULES_EVENT_RULES_H_
#define MASTER_SIM_RULES_EVENT_RULES_H_

#include <map>
#include <string_view>

#include "master/core/basis/ids.h"
#include "master/core/boundary/effects.h"
#include "master/sim/rules/view.h"

namespace fectl::sim {

// The stream of events: each has the next number, so that none is there twice and none is missing, also
// behind a crash (I42); and whenever people would see another word for a service an event has told it (I43).
class EventRules {
 public:
  void AfterStep(const View& view);

 private:
  void Take(const View& view, const core::Effect& effect);
  void HasTheNextNumber(const View& view, core::EventNumber number);

  core::EventNumber newest_ = 0;
  std::map<core::ServiceId, std::string_view> told_;  // those that have been told of
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_RULES_EVENT_RULES_H_
