#ifndef MASTER_SIM_RULES_RECORD_RULES_H_
#define MASTER_SIM_RULES_RECORD_RULES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "master/core/basis/ids.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/policy.h"
#include "master/sim/rules/per_slot.h"
#include "master/sim/rules/view.h"

namespace fectl::sim {

// What people are told of a slot is what happened: records, their causes, and the history that keeps them.
class RecordRules {
 public:
  void OnEvent(const View& view);
  void OnEffect(const View& view, const core::Effect& effect);
  void AfterStep(const View& view) const;

 private:
  // Of a slot, in a row.
  struct FailedStarts {
    uint32_t at_least = 0;
    uint32_t at_most = 0;
  };

  void OnReport(const View& view, const core::Report& report);
  void OnLost(const View& view, const core::Report& report);
  void CauseHolds(const View& view, const core::Report& report) const;  // I5
  void GivenUpByPolicyOnly(const View& view,
                           const core::Report& report);          // I14, and where it says so (OnLost)
  void ExitIsRecordedOnce(const View& view) const;               // I11
  void FailedReplacementIsReportedOnce(const View& view) const;  // I4
  void HistoryKeepsWhatWasReported(const View& view) const;      // I31

  PerSlot<FailedStarts> failed_starts_;
  bool known_end_ = false;   // this step is about the end of a process that was known
  int end_records_ = 0;      // of that
  int ended_nexts_ = 0;      // replacements that ended or were given up in this step ...
  int failure_records_ = 0;  // ... and what was reported of that
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_RULES_RECORD_RULES_H_
