#ifndef MASTER_CORE_SLOT_H_
#define MASTER_CORE_SLOT_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "master/core/cause.h"
#include "master/core/events.h"
#include "master/core/history.h"
#include "master/core/ids.h"
#include "master/core/slot_state.h"
#include "master/core/time.h"

namespace fectl::core {

// One of a service's places. Every method is a transition at the time of `turn`; none blocks or fails.
class Slot {
 public:
  explicit Slot(uint32_t index = 0) : index_(index) {}

  // Commands of the service.
  void Launch(Turn& turn, Cause cause);  // from Vacant, Waiting, GivenUp; forgets earlier failures
  // Begins a replacement where a process serves; elsewhere starts afresh. The news comes with later events.
  void Replace(Turn& turn, Urgency urgency, Cause cause);
  void Commit(Turn& turn);                     // from Replacing with next_loaded; elsewhere nothing
  void Abandon(Turn& turn, const Cause& why);  // gives the replacement up; nothing where there is none
  void RetireAll(Turn& turn, Way way, const Cause& why);
  void Hasten(Turn& turn, Way way);  // processes that are leaving already
  void Hurry(Turn& turn);            // the same, more gently: a restart does not wait for them for long
  void ForgetUndrained() { undrained_ = {}; }
  void Pause(Turn& turn, const Cause& why);
  void Resume(Turn& turn, const Cause& why);
  void ShiftDeadlines(Span by);
  void OnRoomMade(Instant now);  // tries soon what waits for room

  // Events of a process; late ones change nothing.
  void OnSpawned(Turn& turn, uint32_t generation, int32_t pid);
  News OnLost(Turn& turn, uint32_t generation, const Cause& cause, Way way);  // it lives, and shall not
  // Also: never came into being. `group_left`: OnGroupEnded() follows.
  News OnExited(Turn& turn, uint32_t generation, const Cause& cause, bool group_left = false);
  News OnGroupEnded(Turn& turn, uint32_t generation);
  News OnLoaded(Turn& turn, uint32_t generation);
  void OnBeat(uint32_t generation, Instant next_deadline);
  void OnBeganMessage(Turn& turn, uint32_t generation);
  News OnAsked(Turn& turn, const WorkerAsked& event);
  void OnChannelClosed(Turn& turn, uint32_t generation);
  // Does what is due. One news at a time: call again until next_deadline() is later than now.
  News OnTime(Turn& turn);

  // What the service and the status need.
  Instant next_deadline() const;
  uint32_t index() const { return index_; }
  const SlotState& state() const { return state_; }
  const std::vector<Leaving>& leaving() const { return leaving_; }
  const History& history() const { return history_; }
  const Cause& last_trouble() const { return last_trouble_; }
  uint64_t restarts() const { return restarts_; }
  uint32_t process_count() const;  // without those that outlived SIGKILL
  bool has_unkillable() const;     // one that outlived SIGKILL is still there
  bool ready() const;              // a loaded process has this slot's duty
  bool serves() const;             // ready, and not paused
  bool waits_for_room() const;
  bool crashing() const { return crashing_; }  // from the second loss in a row until one serves stably
  const Undrained& undrained() const { return undrained_; }  // since ForgetUndrained()
  const std::optional<WorkerAsked>& due_ask() const { return due_ask_; }
  bool operator==(const Slot&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(self.index_, self.generation_, self.failed_starts_, self.losses_, self.crashing_, self.shortages_,
            self.start_by_, self.asks_, self.restarts_, self.state_, self.leaving_, self.undrained_,
            self.later_ask_, self.ask_at_, self.due_ask_, self.history_, self.last_trouble_);
  }

 private:
  enum class Role : uint8_t { kUnknown, kStarting, kServing, kOld, kNext, kLeaving };

  Role RoleOf(uint32_t generation) const;
  Process* Find(uint32_t generation);
  Process NewProcess(Turn& turn);
  Incarnation Who(const Turn& turn, const Process& process) const;
  void Note(Turn& turn, Milestone milestone, int32_t pid, Cause cause);
  void ForgetAsks();
  void Start(Turn& turn, Cause cause);
  void Serve(Turn& turn, Process process, Instant deadline, Instant loaded_at, const Cause& cause);
  void Restore(Turn& turn, Serving old);  // whose replacement failed
  void Retire(Turn& turn, const Process& process, Way way, Span grace);
  News Lose(Turn& turn, Role role, const Cause& cause);
  News AfterFailedStart(Turn& turn, const Cause& cause);
  void AfterLoss(Turn& turn, const Serving& lost, const Cause& cause, bool on_purpose);
  void TryAgain(Turn& turn, Cause::Kind why);
  News TryWhenThereIsRoom(Turn& turn);
  void NoteIfCrashing(Turn& turn, const Cause& cause);
  void ForgetTrouble();
  Instant stable_at() const;
  void StartAgain(Turn& turn, Cause::Kind why);
  News LeavingExited(Turn& turn, uint32_t generation, Cause cause, bool group_left);
  void ForgetLeaving(Turn& turn, std::vector<Leaving>::iterator gone);
  std::vector<Leaving>::iterator FindLeaving(uint32_t generation);
  void KillLeaving(Turn& turn, Leaving& leaving);
  void BoundLeaving(Turn& turn);
  void LeavingOnTime(Turn& turn);
  News MessageOnTime(Turn& turn);
  News StateOnTime(Turn& turn);

  uint32_t index_;
  uint32_t generation_ = 0;     // of the newest process
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
};

}  // namespace fectl::core

#endif  // MASTER_CORE_SLOT_H_
