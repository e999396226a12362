#ifndef MASTER_CORE_SERVICE_ROLLOUT_LOG_H_
#define MASTER_CORE_SERVICE_ROLLOUT_LOG_H_

#include <string>
#include <vector>

#include "master/core/archive/archive.h"
#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"
#include "master/core/service/rollout_record.h"
#include "master/core/service/service_operation.h"
#include "master/core/slot/slot.h"

namespace fectl::core {

// Keeps the record of the newest reload or restart that an operator asked for.
class RolloutLog {
 public:
  const RolloutRecord* newest() const { return records_.empty() ? nullptr : &records_.front(); }

  // Of one that is under way, in this order.
  void Begin(Urgency urgency, PlanVersion plan, Instant now);
  void Add(const RolledWorker& worker) { records_.front().workers.push_back(worker); }
  void OnLoaded(const Slot& slot, Instant now);
  // Returns why, in words, where the new worker had been loaded; else "".
  std::string OnLost(const Slot& slot, Instant now);
  void Keeps() { records_.front().kept = true; }  // the old workers
  void GoesBack(Instant now) { records_.front().went_back = now; }
  void End(RolloutRecord::Outcome outcome, const std::string& words, Instant now);

  // Whether an old worker is on duty again in a place of `replace` where a new one had been.
  bool SomeServeAgain(const ReplaceOperation& replace, const std::vector<Slot>& slots) const;

  bool operator==(const RolloutLog&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.records_));
  }

 private:
  std::vector<RolloutRecord> records_;  // one or none: most services have none, and there are many of them
};

// Of one that ends with this answer.
RolloutRecord::Outcome OutcomeOf(const ReplaceOperation& done, Answer answer);
ServiceReport::What ReportOf(RolloutRecord::Outcome outcome);

}  // namespace fectl::core

#endif  // MASTER_CORE_SERVICE_ROLLOUT_LOG_H_
