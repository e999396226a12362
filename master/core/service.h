#ifndef MASTER_CORE_SERVICE_H_
#define MASTER_CORE_SERVICE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/cause.h"
#include "master/core/effects.h"
#include "master/core/events.h"
#include "master/core/ids.h"
#include "master/core/policy.h"
#include "master/core/slot.h"
#include "master/core/slot_state.h"
#include "master/core/time.h"
#include "master/core/timer_queue.h"

namespace fectl::core {

enum class ServiceState : uint8_t { kStopped, kStarting, kRunning, kPaused, kReloading, kStopping, kFailed };

// "running", "paused", ...: the words that people and existing clients see.
std::string_view ToWord(ServiceState state);

// A service: what an operator wants of it (`up`, `paused`), its slots, and at most one operation over them.
//
// Operations are what somebody may wait for. Start ends when each slot that was not ready was loaded, was
// given up, or found no room for a process. Replace (reload and restart) goes in batches: the replacements of
// a batch are all loaded before the first old worker of the batch is told to leave, and if one of them fails,
// the batch is given up and every old worker of it serves on. Stop ends when no process is left, and takes
// the place of any other operation.
class Service {
 public:
  // Slot i has the timer key first_key + i. The keys must exist in the queue handed to Settle.
  Service(ServiceId id, ServicePolicy policy, TimerQueue::Key first_key);
  Service() = default;  // to be read from a journal

  const ServicePolicy& policy() const { return policy_; }
  const std::vector<Slot>& slots() const { return slots_; }
  TimerQueue::Key first_key() const { return first_key_; }
  ServiceState state() const;  // what commands depend on
  // The word that people see: that of state(), but for a service that runs "crashing" where a worker is in a
  // loop of losses (Slot::crashing), else "degraded" where fewer serve than configured.
  std::string_view word() const;
  bool paused() const { return paused_; }
  Instant up_since() const { return up_since_; }  // when it was last told to run; kNever: it is not to run
  uint32_t ready() const { return ready_; }       // slots with a loaded process on duty
  uint32_t serving() const;                       // those of them that are not paused
  uint32_t waiting_for_room() const { return waiting_for_room_; }
  uint32_t processes() const { return processes_; }  // all that exist, those on their way out included
  // The slot whose trouble explains the state, if there is one: its index and cause.
  std::optional<std::pair<uint32_t, Cause>> trouble() const;

  // Whether what was read from a journal fits together, so that no index leads out of its vector.
  bool Consistent() const;

  // A turn for this service. The references must outlive it.
  Turn MakeTurn(const Moment& at, Random& random, Effects& effects) const;

  void Boot(Turn& turn);
  void OnCommand(Turn& turn, RequestId request, Verb verb);
  // Way::kFinish, kQuick or kKill; each may follow the one before.
  void Shutdown(Turn& turn, Way way);
  void OnStall(Span length);
  void OnRoomMade(Instant now);

  // An event of one slot: `handle` is called with the slot and returns its news.
  template <typename Handle>
  void OnSlot(Turn& turn, uint32_t index, Handle handle) {
    const News news = handle(Touch(index));
    OnNews(turn, index, news);
  }
  // The hot path of OnSlot: changes one deadline and nothing else.
  void OnBeat(uint32_t index, uint32_t generation, Instant now, TimerQueue& timers);

  bool operator==(const Service&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(self.id_, self.policy_, self.first_key_, self.up_, self.up_since_, self.paused_, self.slots_,
            self.counted_, self.touched_, self.ready_, self.processes_, self.given_up_, self.crashing_,
            self.waiting_for_room_, self.operation_, self.queued_, self.held_starts_);
  }

  // To be called after the above, once per slot or service that was changed: brings counts and timers up to
  // date and ends what has ended.
  void Settle(Turn& turn, TimerQueue& timers);
  // To be called after that, once per event: a start that came during a reload or a stop that is over begins.
  void StartWhatWasHeld(Turn& turn, TimerQueue& timers);

 private:
  struct Counted {
    bool awaited = false;       // by the operation that is under way
    bool without_room = false;  // awaited, and found no room for its process in the time of a start
    bool touched = false;
    bool ready = false;
    bool given_up = false;
    bool crashing = false;
    bool waits_for_room = false;
    uint32_t processes = 0;
    bool operator==(const Counted&) const = default;
    template <typename Archive>
    static void Fields(Archive& archive, auto& self) {
      archive(self.awaited, self.without_room, self.touched, self.ready, self.given_up, self.crashing,
              self.waits_for_room, self.processes);
    }
  };
  struct StartOperation {
    std::vector<RequestId> waiters;
    uint32_t awaited = 0;
    uint32_t without_room = 0;       // of those that are awaited
    std::optional<uint32_t> failed;  // the first slot that was given up
    bool operator==(const StartOperation&) const = default;
    template <typename Archive>
    static void Fields(Archive& archive, auto& self) {
      archive(self.waiters, self.awaited, self.without_room, self.failed);
    }
  };
  struct ReplaceOperation {
    Urgency urgency = Urgency::kReload;
    Cause cause;
    std::vector<RequestId> waiters;
    std::vector<uint32_t> slots;  // all of them, in order
    size_t begun = 0;             // how many of `slots` belong to this or an earlier batch
    size_t committed = 0;         // how many belong to an earlier batch
    uint32_t awaited = 0;
    bool by_operator = false;
    bool operator==(const ReplaceOperation&) const = default;
    template <typename Archive>
    static void Fields(Archive& archive, auto& self) {
      archive(self.urgency, self.cause, self.waiters, self.slots, self.begun, self.committed, self.awaited,
              self.by_operator);
    }
  };
  struct StopOperation {
    std::vector<RequestId> waiters;
    bool operator==(const StopOperation&) const = default;
    template <typename Archive>
    static void Fields(Archive& archive, auto& self) {
      archive(self.waiters);
    }
  };
  struct QueuedReplace {
    Urgency urgency = Urgency::kReload;
    std::vector<RequestId> waiters;
    bool operator==(const QueuedReplace&) const = default;
    template <typename Archive>
    static void Fields(Archive& archive, auto& self) {
      archive(self.urgency, self.waiters);
    }
  };

  Slot& Touch(uint32_t index);
  void OnNews(Turn& turn, uint32_t index, News news);
  void OnStartNews(Turn& turn, uint32_t index, News news);
  void OnReplaceNews(Turn& turn, uint32_t index, News news);
  void EndStartIfDone(Turn& turn);
  void AwaitWhoFoundRoom(StartOperation& start);
  bool Refuse(Turn& turn, RequestId request, Verb verb);
  void BeginStart(Turn& turn, RequestId request, const Cause& cause);
  void BeginStop(Turn& turn, RequestId request, Way way, const Cause& cause);
  void BeginPauseOrResume(Turn& turn, RequestId request, Verb verb);
  void BeginReplaceAll(Turn& turn, RequestId request, Urgency urgency);
  void BeginReplace(Turn& turn, ReplaceOperation operation);
  void BeginBatch(Turn& turn);
  void CommitBatch(Turn& turn);
  void GiveUpBatch(Turn& turn, const ReplaceOperation& replace, const Cause& why);
  void AbortReplace(Turn& turn, uint32_t failed);
  void EndReplace(Turn& turn, Answer answer, const std::string& words);
  void BeginWhatWaits(Turn& turn);
  void ReplyAll(Turn& turn, const std::vector<RequestId>& waiters, Answer answer,
                const std::string& words) const;
  std::string SlotTrouble(uint32_t index) const;
  std::string WasStopped() const;

  ServiceId id_ = 0;
  ServicePolicy policy_;
  TimerQueue::Key first_key_ = 0;
  bool up_ = false;
  Instant up_since_ = kNever;
  bool paused_ = false;
  std::vector<Slot> slots_;
  std::vector<Counted> counted_;   // by slot
  std::vector<uint32_t> touched_;  // since the last Settle
  uint32_t ready_ = 0;
  uint32_t processes_ = 0;
  uint32_t given_up_ = 0;
  uint32_t crashing_ = 0;
  uint32_t waiting_for_room_ = 0;
  std::variant<std::monostate, StartOperation, ReplaceOperation, StopOperation> operation_;
  std::optional<QueuedReplace> queued_;  // asked for while a worker's own request was being served
  std::vector<RequestId> held_starts_;   // asked for during a reload or a stop, to be looked at behind it
};

}  // namespace fectl::core

#endif  // MASTER_CORE_SERVICE_H_
