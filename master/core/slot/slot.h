#ifndef MASTER_CORE_SLOT_SLOT_H_
#define MASTER_CORE_SLOT_SLOT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "master/core/archive/archive.h"
#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/cause.h"
#include "master/core/boundary/events.h"
#include "master/core/boundary/history.h"
#include "master/core/slot/lease.h"
#include "master/core/slot/leaving.h"
#include "master/core/slot/slot_state.h"

namespace fectl::core {

// One of a service's places. Every method is a transition at the time of `step`; none blocks or fails.
class Slot {
 public:
  explicit Slot(uint32_t index = 0) : index_(index) {}

  // Commands of the service.
  void Launch(StepContext& step, Cause cause,
              PlanVersion plan);  // from Vacant, Waiting, GivenUp; starts afresh
  // Begins a replacement where a process serves; elsewhere starts afresh. The outcome comes with later
  // events.
  void Replace(StepContext& step, const Replacement& how);
  // From Replacing with next_loaded; elsewhere nothing. `keep_old`: LetOldGo() or GoBack() follows.
  void Commit(StepContext& step, bool keep_old);
  void LetOldGo(StepContext& step);                   // from Baking; elsewhere nothing
  void GoBack(StepContext& step, const Cause& why);   // the same: the old one serves again
  void Abandon(StepContext& step, const Cause& why);  // gives the replacement up; nothing where there is none
  void RetireAll(StepContext& step, StopMode mode, const Cause& why);
  void Hasten(StepContext& step, StopMode mode);  // processes that are leaving already
  void Hurry(StepContext& step);  // the same, more gently: a restart does not wait for them for long
  void ForgetUndrained() { undrained_ = {}; }
  void Pause(StepContext& step, const Cause& why);
  void Resume(StepContext& step, const Cause& why);
  void ShiftDeadlines(Span by);
  void OnRoomMade(Instant now);  // tries soon what waits for room
  // The policy has changed. A process is never given less time than it was told that it has, except to start.
  void OnPolicyChanged(const StepContext& step);

  // Events of a process; late ones change nothing.
  void OnSpawned(StepContext& step, Generation generation, int32_t pid);
  // It lives, and shall not.
  SlotOutcome OnLost(StepContext& step, Generation generation, const Cause& cause, StopMode mode);
  // Or never came into being. `group_left`: OnGroupEnded() follows.
  SlotOutcome OnExited(StepContext& step, Generation generation, const Cause& cause, bool group_left = false);
  SlotOutcome OnGroupEnded(StepContext& step, Generation generation);
  void OnExamined(StepContext& step, const Examined& event);
  SlotOutcome OnLoaded(StepContext& step, Generation generation);
  void OnBeat(Generation generation, Instant now);
  void OnBeganMessage(StepContext& step, Generation generation);
  void OnLeased(StepContext& step, const WorkerLeased& event);
  SlotOutcome OnAsked(StepContext& step, const WorkerAsked& event);
  SlotOutcome WornOut(StepContext& step, Generation generation, const std::string& words);
  SlotOutcome OnDisproved(StepContext& step, Generation generation, const std::string& words);
  void OnChannelClosed(StepContext& step, Generation generation);
  SlotOutcome OnTime(StepContext& step);  // what is due; call again until next_deadline() is later than now

  Instant next_deadline() const;
  uint32_t index() const { return index_; }
  const SlotState& state() const { return state_; }
  const std::vector<Leaving>& leaving() const { return leaving_; }
  const History& history() const { return history_; }
  const Cause& last_trouble() const { return last_trouble_; }
  uint64_t restarts() const { return restarts_; }
  const Lease* lease(Instant now) const;  // of its process, or else of its successor; nullptr: it is not busy
  uint32_t failed_starts() const { return failed_starts_; }  // in a row
  uint32_t losses() const { return losses_; }                // in a row, of processes that were not stable
  Instant ask_at() const { return ask_at_; }                 // when a held request of the worker is heeded
  uint32_t process_count() const;                            // without those that outlived SIGKILL
  int32_t pid_on_duty() const;                  // of the one that starts or serves; 0: there is none
  int32_t pid_of(Generation generation) const;  // of one on duty; 0: it is not
  uint32_t on_duty() const;                   // processes that start, serve or replace: none that is leaving
  bool has_unkillable() const;                // one that outlived SIGKILL is still there
  bool keeps_old() const;                     // see Commit()
  PlanVersion plan() const { return plan_; }  // of what follows a process that is lost
  bool ready() const;                         // a loaded process has this slot's duty
  bool serves() const;                        // ready, and not paused
  bool waits_for_room() const;
  bool starting() const;  // no process was loaded yet
  bool given_up() const;
  bool done() const;                           // its oneshot has ended with 0
  bool empty() const;                          // no process is here, and none is to be
  bool uses(PlanVersion plan) const;           // a process of it is there, or would follow one that is lost
  bool crashing() const { return crashing_; }  // from the second loss in a row until one serves stably
  const Undrained& undrained() const { return undrained_; }  // since ForgetUndrained()
  const std::optional<WorkerAsked>& due_ask() const { return due_ask_; }
  // The name of an invariant that is broken; "" where all hold. `newest`: process of all services.
  std::string_view Contradiction(Generation newest) const;
  bool operator==(const Slot&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.index_), Field<2>(self.plan_), Field<3>(self.failed_starts_),
            Field<4>(self.losses_), Field<5>(self.crashing_), Field<6>(self.shortages_),
            Field<7>(self.start_by_), Field<8>(self.asks_), Field<9>(self.restarts_), Field<10>(self.state_),
            Field<11>(self.leaving_), Field<12>(self.undrained_), Field<13>(self.later_ask_),
            Field<14>(self.ask_at_), Field<15>(self.due_ask_), Field<16>(self.history_),
            Field<17>(self.last_trouble_), Field<18>(self.leases_), Field<19>(self.trouble_of_));
  }

 private:
  enum class Role : uint8_t { kUnknown, kStarting, kServing, kOld, kNext, kLeaving };
  // A process of this slot, its role, and, unless it is leaving, the deadline for its next message.
  struct Place {
    Role role = Role::kUnknown;
    Process* process = nullptr;
    Instant* deadline = nullptr;
  };

  Place Find(Generation generation);
  std::vector<Leaving>::iterator FindLeaving(Generation generation);
  Serving* OnDuty();  // nullptr: nobody is
  Incarnation Who(const StepContext& step, const Process& process) const;
  void Note(StepContext& step, Milestone milestone, const Process& process, Cause cause);
  void NoteOfNone(StepContext& step, Milestone milestone, Cause cause);

  // slot_commands.cc
  Process NewProcess(StepContext& step, PlanVersion plan);
  void ForgetAsks();
  void Start(StepContext& step, Cause cause);
  void LeaveFirst(StepContext& step, Serving old, const Replacement& how);
  void BeginReplacing(StepContext& step, Serving old, const Replacement& how);
  void EndReplacing(StepContext& step, Replacing done, bool keep_old);
  void Serve(StepContext& step, Process process, Instant deadline, Instant loaded_at, const Cause& cause);
  void Restore(StepContext& step, Serving old);  // whose replacement failed
  void ForgetTrouble();
  void Retire(StepContext& step, const Process& process, StopMode mode, Span grace);
  void KillLeaving(StepContext& step, Leaving& leaving);
  void BoundLeaving(StepContext& step);

  // slot_process.cc
  SlotOutcome Lose(StepContext& step, Role role, const Cause& cause);
  SlotOutcome LoseServing(StepContext& step, const Serving& lost, const Cause& cause);
  SlotOutcome LoseOld(StepContext& step, Replacing before, const Cause& cause);
  SlotOutcome LoseNext(StepContext& step, Replacing before, const Cause& cause);
  SlotOutcome AfterFailedStart(StepContext& step, const Cause& cause, bool once);
  SlotOutcome EndOneshot(StepContext& step, const Process& process, const Cause& cause);
  void AfterLoss(StepContext& step, const Serving& lost, const Cause& cause, bool on_purpose);
  void TryAgain(StepContext& step, Cause::Kind why);
  SlotOutcome TryWhenThereIsRoom(StepContext& step);
  void NoteIfCrashing(StepContext& step, const Cause& cause);
  void StartAgain(StepContext& step, Cause::Kind why);
  SlotOutcome LeavingExited(StepContext& step, Leaving& leaving, Cause cause, bool group_left);
  void ForgetLeaving(StepContext& step, Generation gone);
  SlotOutcome Loaded(StepContext& step, Starting starting);
  SlotOutcome Asked(StepContext& step, const Serving& serving, const WorkerAsked& event);

  void KeepOld(StepContext& step, Serving old, Urgency urgency);
  void ServeAgain(StepContext& step, Serving old);
  SlotOutcome LoseBaking(StepContext& step, Role role, Baking before, const Cause& cause);

  const Lease* LeaseOf(Generation generation) const;
  Instant LeasedUntil(Generation generation) const;  // the first instant: it has no lease
  void ForgetLease(Generation generation);
  bool IsLoaded(Generation generation) const;  // of one on duty

  // slot_deadlines.cc
  const Lease* LeaseThatEnds(Generation generation, Instant deadline) const;  // nullptr: none does then
  Instant RecycleAt(const Process& process) const;
  Instant StableAt(const Serving& serving) const;
  void LeavingOnTime(StepContext& step);
  SlotOutcome MessageOnTime(StepContext& step);
  SlotOutcome StateOnTime(StepContext& step);
  SlotOutcome LoseSilent(StepContext& step, const Serving& serving);
  SlotOutcome ServingOnTime(StepContext& step, const Serving& serving);
  SlotOutcome ReplacingOnTime(StepContext& step, const Replacing& replacing);

  uint32_t index_;
  PlanVersion plan_ = 0;        // of what follows a process that is lost
  uint32_t failed_starts_ = 0;  // in a row
  uint32_t losses_ = 0;         // in a row, of processes that had not served long enough to be called stable
  bool crashing_ = false;       // was said; until a process has served long enough
  uint32_t shortages_ = 0;      // starts in a row that failed for want of room
  Instant start_by_;            // what was launched is answered for by then, also where there is no room
  uint32_t asks_ = 0;           // replacements asked for in a row by such processes
  uint64_t restarts_ = 0;       // after a loss, in all
  SlotState state_;
  std::vector<Leaving> leaving_;
  Undrained undrained_;
  std::optional<WorkerAsked> later_ask_;  // held back until ask_at_: requests are paced
  Instant ask_at_ = kNever;
  std::optional<WorkerAsked> due_ask_;
  History history_;
  Cause last_trouble_;
  Generation trouble_of_ = 0;  // whose silence that is; 0: it is another trouble
  std::vector<Lease> leases_;  // of processes on duty, one each; most slots have none
};

}  // namespace fectl::core

#endif  // MASTER_CORE_SLOT_SLOT_H_
