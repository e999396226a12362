#ifndef MASTER_CORE_SERVICE_SERVICE_H_
#define MASTER_CORE_SERVICE_SERVICE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/archive/archive.h"
#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"
#include "master/core/basis/timer_queue.h"
#include "master/core/boundary/cause.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"
#include "master/core/boundary/policy.h"
#include "master/core/service/rollout_log.h"
#include "master/core/service/rollout_record.h"
#include "master/core/service/service_operation.h"
#include "master/core/service/service_state.h"
#include "master/core/slot/slot.h"
#include "master/core/slot/slot_state.h"

namespace fectl::core {

// A service: what an operator wants of it (`up`, `paused`), its slots, and at most one operation over them
// (service_operation.h).
class Service {
 public:
  Service(ServiceId id, Plan plan);
  Service() = default;  // to be read from a journal

  ServiceId id() const { return id_; }
  const ServicePolicy& policy() const { return plan_.policy; }
  PlanVersion plan() const { return plan_.version; }  // of what is started at somebody's request
  // The first policy().num of them are wanted; those behind are empty, and forgotten when their last process
  // has ended.
  const std::vector<Slot>& slots() const { return slots_; }
  Instant armed(uint32_t index) const { return counted_[index].armed; }  // the slot is looked at by then
  ServiceState state() const;                                            // what commands depend on
  Condition condition() const;
  const ToldCondition& told() const { return told_; }  // of condition(), when no step is under way
  std::string_view word() const;                       // the one that people see
  Standing standing() const;
  const Operation& operation() const { return operation_; }
  // For other services; nullptr: it does not wait.
  const WaitOperation* waiting() const { return std::get_if<WaitOperation>(&operation_); }
  // Before its first batch, for a oneshot; nullptr: there is none.
  const BeforeRoll* before_roll() const;
  const ReplaceOperation* rollout() const;  // that an operator asked for; nullptr: none is under way
  const RolloutRecord* last_rollout() const { return log_.newest(); }  // nullptr: there was none yet
  uint64_t runs() const { return runs_; }                              // starts that have begun
  Instant done_since() const;  // of a oneshot that has ended with 0; else kNever
  bool paused() const { return paused_; }
  bool up() const { return up_; }                   // it is to run
  Instant up_since() const { return up_since_; }    // since when; kNever: it is not
  uint32_t ready() const { return counts_.ready; }  // slots with a loaded process on duty
  uint32_t serving() const;                         // those of them that are not paused
  uint32_t waiting_for_room() const { return counts_.waiting_for_room; }
  uint32_t processes() const { return counts_.processes; }  // all that exist, those on their way out included
  // The slot whose trouble explains the state, if there is one: its index and cause.
  std::optional<std::pair<uint32_t, Cause>> trouble() const;
  std::string TroubleInWords() const;  // that, or what it waits for; "" where there is none

  bool removing() const { return removing_; }  // it is forgotten when nothing of it is left
  bool gone() const { return removing_ && counts_.processes == 0; }
  const std::vector<PlanVersion>& older_plans() const { return older_plans_; }  // a process of them may exist

  // The name of an invariant that is broken; "" where all hold. `newest`: process of all services.
  std::string_view Contradiction(Generation newest) const;

  bool KnowsPlan(PlanVersion plan) const;
  // Behind a journal: computes what is not in it. False where it does not fit together.
  bool Restore();

  // What a step for this service needs. The references must outlive it.
  StepContext ContextFor(const Moment& at, Generation& newest, EventNumber& newest_event, Random& random,
                         Effects& effects, bool ending = false) const;

  void Boot(StepContext& step);
  void OnCommand(StepContext& step, const Commanded& command);
  // For another service. Nobody waits for the answer.
  void StartFor(StepContext& step, const Cause& cause) { OnStart(step, 0, cause, /*alone=*/false); }
  bool OnVerdict(StepContext& step, const StartVerdict& verdict);  // of one that waits; true: it has changed
  void OnCalled() { std::get<WaitOperation>(operation_).calls = false; }
  void OnOneshotKnown(const BeforeRoll& before_roll);  // of one with a before_roll()
  void BeginRoll(StepContext& step);
  void FailRoll(StepContext& step, const std::string& words);
  // StopMode::kFinish, kQuick or kKill; each may follow the one before.
  void Shutdown(StepContext& step, StopMode mode);
  // It is told to stop later. Until then its workers serve on, and nobody is started.
  void AwaitShutdown(StepContext& step);
  void OnRemoved(StepContext& step);
  void OnResized(StepContext& step, uint32_t num);
  // `step` has the policy as it is after the change. A changed number of workers is a matter of OnResized().
  void OnPlanChanged(Plan plan);
  void OnPolicyChanged(const StepContext& step);
  void OnStall(Span length);
  void OnRoomMade(Instant now);

  // An event of one slot: `handle` is called with the slot and returns its outcome.
  template <typename Handle>
  void OnSlot(StepContext& step, uint32_t index, Handle handle) {
    const SlotOutcome outcome = handle(MarkDirty(index));
    OnOutcome(step, index, outcome);
  }
  // The hot path of OnSlot: makes deadlines later and changes nothing else.
  void OnBeat(uint32_t index, Generation generation, Instant now) { slots_[index].OnBeat(generation, now); }
  // The slot's alarm has come: sets the next one. True: the slot has something to do now.
  bool OnAlarm(const TimerQueue::Alarm& alarm, TimerQueue& timers);
  void Rearm(uint32_t index, TimerQueue& timers);  // of a slot, or kServiceItself
  void OnOwnTime(StepContext& step);               // the alarm of kServiceItself has come

  bool operator==(const Service& other) const;  // of what decides: not of what is counted
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.id_), Field<2>(self.plan_), Field<3>(self.older_plans_), Field<4>(self.removing_),
            Field<5>(self.up_), Field<6>(self.up_since_), Field<7>(self.paused_), Field<8>(self.slots_),
            Field<9>(self.awaited_), Field<10>(self.operation_), Field<11>(self.queued_),
            Field<12>(self.held_starts_), Field<13>(self.runs_), Field<14>(self.told_), Field<15>(self.log_));
  }

  // To be called after the above, once per slot or service that was changed: brings counts and timers up to
  // date and ends what has ended.
  void Settle(StepContext& step, TimerQueue& timers);
  void SetAlarms(TimerQueue& timers);  // for each slot: after the queue was cleared
  // To be called after that, once per event: a start that came during a reload or a stop that is over begins.
  void StartWhatWasHeld(StepContext& step, TimerQueue& timers);

 private:
  Slot& MarkDirty(uint32_t index);
  std::string_view OperationContradiction() const;
  void Count(uint32_t index);
  void Tell(StepContext& step, ServiceReport report) const;
  void TellOfRoll(StepContext& step, const ReplaceOperation& roll, ServiceReport::What what,
                  const std::string& words = "") const;
  void Arm(uint32_t index, Instant deadline, TimerQueue& timers);
  void AddSlots(uint32_t num);
  void TrimSlots();
  void LeaveOutOfOperation(StepContext& step, uint32_t num);
  void DropOlderPlans(StepContext& step);
  void OnOutcome(StepContext& step, uint32_t index, SlotOutcome outcome);
  void OnStartOutcome(StepContext& step, StartOperation& start, uint32_t index, SlotOutcome outcome);
  void OnReplaceOutcome(StepContext& step, ReplaceOperation& replace, uint32_t index, SlotOutcome outcome);
  void EndStartIfDone(StepContext& step, StartOperation& start);
  bool Refuse(StepContext& step, RequestId request, Verb verb);
  void OnStart(StepContext& step, RequestId request, const Cause& cause, bool alone);
  void BeginStart(StepContext& step, RequestId request, const Cause& cause, bool alone);
  void BeginWait(StepContext& step, std::vector<RequestId> waiters, const Cause& cause);
  void BeginStartNow(StepContext& step, std::vector<RequestId> waiters, const Cause& cause);
  void AnswerWaiters(StepContext& step);
  void BeginStop(StepContext& step, RequestId request, StopMode mode, const Cause& cause);
  void BeginPauseOrResume(StepContext& step, RequestId request, Verb verb);
  void BeginReplaceAll(StepContext& step, RequestId request, Urgency urgency);
  void BeginReplaceOne(StepContext& step, RequestId request, Urgency urgency, uint32_t slot);
  void BeginReplace(StepContext& step, ReplaceOperation operation);
  void BeginBatch(StepContext& step, ReplaceOperation& replace);
  ReplaceOperation AskedFor(StepContext& step, RequestId request, Urgency urgency, std::vector<uint32_t> of);
  void GiveUpBatch(StepContext& step, const ReplaceOperation& replace, const Cause& why);
  void AbortReplace(StepContext& step, ReplaceOperation& replace, uint32_t failed);
  void EndReplace(StepContext& step, ReplaceOperation done, Answer answer, const std::string& words);
  void BeginWhatWaits(StepContext& step);
  void ReplaceIn(StepContext& step, const ReplaceOperation& replace, size_t place, const Replacement& how);
  void CommitBatch(StepContext& step, ReplaceOperation& replace);
  void Proceed(StepContext& step, ReplaceOperation& replace, bool promoted);
  void GoBack(StepContext& step, ReplaceOperation& replace, const std::string& words);
  void OnRolloutVerb(StepContext& step, RequestId request, Verb verb);
  void ReplyAll(StepContext& step, const std::vector<RequestId>& waiters, Answer answer,
                const std::string& words) const;
  std::string SlotTrouble(uint32_t index) const;
  std::string WasStopped() const;

  ServiceId id_ = 0;
  Plan plan_;
  std::vector<PlanVersion> older_plans_;
  bool removing_ = false;
  bool up_ = false;
  Instant up_since_ = kNever;
  bool paused_ = false;
  std::vector<Slot> slots_;
  std::vector<Awaited> awaited_;  // by slot
  std::vector<Counted> counted_;  // by slot
  std::vector<uint32_t> dirty_;   // slots that were changed since the last Settle
  Counts counts_;
  Operation operation_;
  std::optional<QueuedReplace> queued_;  // asked for while a worker's own request was being served
  uint64_t runs_ = 0;
  std::vector<RequestId> held_starts_;  // asked for during a reload or a stop, to be looked at behind it
  ToldCondition told_;
  RolloutLog log_;
  Instant own_armed_ = kNever;  // the alarm of kServiceItself that counts
};

}  // namespace fectl::core

#endif  // MASTER_CORE_SERVICE_SERVICE_H_
