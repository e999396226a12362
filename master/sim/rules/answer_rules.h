#ifndef MASTER_SIM_RULES_ANSWER_RULES_H_
#define MASTER_SIM_RULES_ANSWER_RULES_H_

#include <cstdint>
#include <map>
#include <vector>

#include "master/core/basis/ids.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"
#include "master/core/boundary/policy.h"
#include "master/sim/rules/marks.h"
#include "master/sim/rules/per_slot.h"
#include "master/sim/rules/view.h"

namespace fectl::sim {

// Each request gets one answer, and the answer is true when it is given (I20).
class AnswerRules {
 public:
  // `marks` outlives it.
  explicit AnswerRules(Marks* marks) : marks_(marks) {}

  void BeforeStep(const core::Supervisor& supervisor, const core::Event& event);
  void OnEvent(const View& view);
  void OnEffect(const View& view, const core::Effect& effect);

  // How many requests were made and not answered.
  size_t open() const { return open_.size(); }

 private:
  struct Request {
    bool of_shutdown = false;
    core::Verb verb = core::Verb::kStart;
    core::ServiceId service = 0;
    core::Instant asked_at;
    core::Instant rolled_at = core::kNever;  // the oneshot before it has ended with 0
  };

  bool IsTrue(const View& view, const core::Reply& reply, const Request& request) const;
  bool RefusalIsTrue(const View& view, const core::Reply& reply, const Request& request) const;
  static bool IsReported(const View& view, const Request& request, core::Milestone milestone);
  bool TroubleIsReported(const View& view, const core::Reply& reply, const Request& request) const;
  bool VerbIsRefusedRightly(const View& view, const Request& request) const;
  void NoteTrouble(const View& view, const core::Report& report);
  static bool OneshotHasFailed(const View& view, const core::Reply& reply, const Request& request);
  bool IsRolledInOrder(const View& view, const Request& request) const;
  void NoteRun(const View& view, const core::Report& report);
  bool AllAreNew(const View& view, const Request& request) const;
  bool AllCameUp(const View& view, core::ServiceId service) const;
  void SeeStarts(const View& view);

  Marks* marks_;
  bool rolled_ = false;      // the service of the command had a rollout under way when that came
  bool could_wait_ = false;  // and that could be promoted
  std::map<core::RequestId, Request> open_;
  PerSlot<core::Instant> spawned_at_;                        // the last time
  PerService<uint8_t> is_starting_;                          // after the step before this one
  PerService<core::Instant> changed_at_{core::Instant{-1}};  // its plan, the last time
  PerService<core::Instant> start_began_;                    // the last start
  PerService<core::Instant> trouble_at_{core::Instant{-1}};  // of a worker or with a deadline, the last time
  PerSlot<core::Instant> last_on_duty_{core::Instant{-1}};   // loaded, or serving when a start began
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_RULES_ANSWER_RULES_H_
