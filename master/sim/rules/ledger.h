#ifndef MASTER_SIM_RULES_LEDGER_H_
#define MASTER_SIM_RULES_LEDGER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"
#include "master/core/boundary/history.h"
#include "master/core/boundary/policy.h"

namespace fectl::sim {

// What a process has said that it is busy with, as the newest message that was to be believed says.
struct BusyWith {
  core::Instant until;  // the first instant: nothing
  core::Span length;
  int64_t progress = 0;
  core::Span left_to_start;  // when it began
  std::string why;
};

// What is known of one process from the events that were handed to the supervisor and the effects that it
// gave: nothing of the supervisor's own state is believed.
struct Life {
  core::Incarnation who;
  core::PlanVersion plan = 0;
  int32_t pid = 0;  // 0 until Spawned
  core::Instant spawned_at;
  core::Span timeout;           // what it was promised
  core::Span shutdown_timeout;  // likewise
  core::Instant loaded_at;      // only if loaded
  core::Instant deadline;       // when something must be done about it, unless a message comes before
  core::Instant message_due = core::kNever;  // when the message that it has begun must be whole
  core::Instant told_at = core::kNever;      // first order or signal to leave
  core::Span grace;                          // what it was given then
  BusyWith busy;
  core::Instant asked_at = core::kNever;  // to be replaced, which was not begun since
  bool oneshot = false;                   // is to end with 0, and never to be loaded
  bool loaded = false;                    // said so before it was told to leave
  bool active = false;                    // told to start or resume, and not to pause since
  bool told_by_pipe = false;
  bool told_by_signal = false;
  bool told_quit = false;
  bool told_kill = false;
  bool examined = false;                  // it hangs, and is looked into before it is killed
  bool alarmed = false;                   // outlived SIGKILL, and people were told
  bool overdue = false;                   // it was told to leave since its deadline had come
  bool unfinished = false;                // and that was the one of its message
  bool ran_out = false;                   // and that was the end of what it was busy with
  bool closed = false;                    // its pipe ended
  bool asked = false;                     // asked to be replaced, or said that it leaves
  bool excused = false;                   // said that it leaves
  bool worn = false;                      // it was said that it is to be replaced, though it is well
  bool took_over = false;                 // it was reported to serve, or to be paused
  bool kept = false;                      // paused until the one that follows it has proven itself
  bool proves = false;                    // the one before it is kept
  core::Instant back_at = core::kNever;   // when it was kept and served again
  core::Instant worn_at = core::kNever;   // when that was said last, and it was not begun since
  core::Instant old_from = core::kNever;  // it is old enough to be replaced at some time from this one ...
  core::Instant old_by = core::kNever;    // ... to this one on
  uint64_t told_order = 0;                // counts all that are told
  bool process_ended = false;             // others of its group live on
  bool ended = false;                     // this step is about its end
  std::optional<core::Milestone> newest;  // of what was reported of it
  bool told() const { return told_at != core::kNever; }
  core::Instant due() const { return std::min(deadline, message_due); }
  bool on_duty() const { return loaded && !told() && !ended && !process_ended; }
  bool is_old(core::Instant now) const { return worn || old_from <= now; }
  // May still use its time to finish what it has open.
  bool has_time() const { return told() && !told_kill && !ended; }
};

// The processes of every slot which have not exited, by their own account, and when they are due by the
// policies: a second opinion on what the supervisor keeps.
class Ledger {
 public:
  explicit Ledger(const std::vector<core::ServicePolicy>& policies);

  // In this order for each step: the event, each effect, and the end.
  void Take(const core::Event& event, const core::Moment& at);
  void Take(const core::Effect& effect, const core::Event* event, const core::Moment& at);
  void EndStep();

  const Life* Find(const core::Incarnation& who) const;
  // Of the slot's processes that have time: how many, and which was told first.
  size_t WithTime(core::ServiceId service, uint32_t slot) const;
  const Life* FirstTold(core::ServiceId service, uint32_t slot) const;
  // nullptr: none of the slot has this number. A number is one process's at a time, but 0.
  const Life* WithPid(core::ServiceId service, uint32_t slot, int32_t pid) const;
  // Oldest first.
  const std::vector<Life>& InSlot(core::ServiceId service, uint32_t slot) const {
    return lives_[service][slot];
  }
  // As the newest event says; of a service that was removed the last one.
  const core::ServicePolicy& policy(core::ServiceId service) const { return plans_[service].policy; }
  core::PlanVersion plan(core::ServiceId service) const { return plans_[service].version; }
  // Whether any service has ever named another one, so that an event of one may be news for another.
  bool ordered() const { return ordered_; }
  // Calls `use` with each service that names this one in `after` or `require`.
  template <typename Use>
  void ForEachDependent(core::ServiceId id, Use use) const {
    for (core::ServiceId other = 0; other < services(); ++other) {
      if (!removed(id) && Names(other, policy(id).name)) use(other);
    }
  }
  bool removed(core::ServiceId service) const { return removed_[service]; }
  // How many slots the service has had at a time: those with a process are among them.
  uint32_t slots(core::ServiceId service) const { return static_cast<uint32_t>(lives_[service].size()); }
  bool HasProcess(core::ServiceId service) const;  // that did not outlive SIGKILL
  bool Uses(core::PlanVersion plan) const;         // a process, or a service that goes on
  // The one beside it that is loaded and to take its place, or nullptr.
  const Life* Successor(const Life& life) const;
  // Whether one that serves is beside it, which it is to replace.
  bool IsNext(const Life& life) const;
  // Whether a process of the service was begun and is not on duty yet, or not alone.
  bool Begins(core::ServiceId service) const;
  // Whether an operator has its workers replaced, as was told.
  bool rolls(core::ServiceId service) const { return rolls_[service]; }
  // Of the places that are wanted: those with a worker on duty, but for this one.
  uint32_t ReadyWithout(core::ServiceId service, const Life* life) const;
  // All that ever were, by their numbers.
  size_t services() const { return lives_.size(); }
  size_t size() const { return size_; }

 private:
  Life* Find(const core::Incarnation& who);
  bool Names(core::ServiceId service, const std::string& other) const;
  void TakeShutdown(const core::ShutdownAsked& asked, const core::Moment& at);
  void TakeOf(Life& life, const core::Event& event, const core::Moment& at);
  void TakeChange(const core::Event& event, core::Instant now);
  void Add(const core::Plan& plan);
  void TakePlan(const core::PlanChanged& change, core::Instant now);
  static void TakeLease(Life& life, const core::WorkerLeased& leased, core::Span max_lease,
                        core::Instant now);
  void Resize(core::ServiceId service, uint32_t num);
  void Tell(Life& life, const core::Event* event, const core::Moment& at);
  void TakeSignal(const core::Signal& signal, const core::Event* event, const core::Moment& at);
  void TakeReport(const core::Report& report, const core::Moment& at);
  void TakeOver(Life& life, const core::Cause& cause, const core::Moment& at);
  void TakeRoll(const core::ServiceReport& report);
  void NoLongerKept(Life& life);
  core::Span Grace(const Life& life, const core::Event* event) const;

  std::vector<core::Plan> plans_;                      // by service: the newest
  std::vector<bool> removed_;                          // by service
  std::vector<bool> rolls_;                            // by service
  std::vector<std::vector<std::vector<Life>>> lives_;  // by service, slot; oldest first
  std::vector<core::Incarnation> ended_;               // in this step
  size_t size_ = 0;
  uint64_t told_ = 0;
  bool ordered_ = false;
  int shutdown_stage_ = 0;  // 1: graceful, 2: quick, 3: killed
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_RULES_LEDGER_H_
