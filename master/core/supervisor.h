#ifndef MASTER_CORE_SUPERVISOR_H_
#define MASTER_CORE_SUPERVISOR_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "master/core/archive/archive.h"
#include "master/core/basis/random.h"
#include "master/core/basis/timer_queue.h"
#include "master/core/boundary/cause.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"
#include "master/core/boundary/policy.h"
#include "master/core/dependencies.h"
#include "master/core/service/service.h"

namespace fectl::core {

// The decisions of the master as one pure step: an event and the time go in, effects come out. Reads no
// clock, touches no descriptor, logs nothing, never blocks. Not thread-safe; owned by whoever drives it.
//
// Duties of the driver:
//   1. Run the effects in their order, and hand in what follows from them as new events, never from inside
//   Step.
//   2. After Spawn hand in Spawned or SpawnFailed before any other event of that incarnation.
//   3. Hand in all that could be read from a worker before TimePassed: nobody is judged by what lies unread.
//   4. Hand in Exited exactly once per Spawned, last of all events of the incarnation; or SpawnFailed in its
//   place, where the process has ended without having come to its program. After an Exited with `group_left`
//   hand in GroupEnded, which is the last one then.
//   5. Hand in TimePassed when next_deadline() has come.
//   6. Times never go backwards.
//   7. Keep what a version of a plan says until DropPlan.
class Supervisor {
 public:
  Supervisor(std::vector<Plan> plans, uint64_t random_seed);

  // Starts every service that is to start by itself. Once, before the first Step.
  void Boot(const Moment& at, Effects& effects);

  // Appends to `effects`.
  void Step(const Event& event, const Moment& at, Effects& effects);

  // When TimePassed is due, at the latest; kNever: not unless something else happens. It may be earlier than
  // anything has to be done: see IsDue().
  Instant next_deadline() const { return timers_.earliest(); }
  // Whether a deadline has come. If not, makes next_deadline() later than `now`.
  bool IsDue(Instant now);

  // In the order of their numbers.
  const std::vector<Service>& services() const { return services_; }
  // nullptr: it was removed, or never was.
  const Service* Find(ServiceId id) const;

  // For what happens outside of the supervisor and belongs to the same stream.
  EventNumber NewEvent() { return ++newest_event_; }
  EventNumber newest_event() const { return newest_event_; }
  // Another one where the numbers of events begin anew.
  uint16_t boot() const { return boot_; }

  // For Commanded and ShutdownAsked.
  RequestId NewRequest() { return ++newest_request_; }

  // Of what decides. Alarms follow from the slots, and there are many ways to set them.
  bool operator==(const Supervisor& other) const;
  // For the journal (journal.h).
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.services_), Field<2>(self.next_service_), Field<3>(self.newest_process_),
            Field<4>(self.newest_request_), Field<5>(self.random_), Field<6>(self.shutdown_),
            Field<7>(self.shutdown_waiters_), Field<8>(self.finished_), Field<9>(self.newest_event_),
            Field<10>(self.boot_));
  }
  // Computes what is not in the journal, after everything else was read into an object without services.
  // False where the state contradicts itself.
  bool Restore();

  // The name of an invariant that is broken; "" where all hold, as after each step. Looks at everything: for
  // tests and the simulator, see FECTL_SIM_CHECK.
  std::string_view Contradiction() const;

  bool shutting_down() const { return shutdown_ != ShutdownStage::kNone; }

 private:
  enum class ShutdownStage : uint8_t { kNone, kGraceful, kQuick, kKill, kLast = kKill };

  Service* FindService(ServiceId id);
  StepContext ContextFor(const Service& service, const Moment& at, Effects& effects);
  // Calls `change` with the service, where it exists, and the context, and settles what has changed.
  template <typename Change>
  void OnService(ServiceId id, const Moment& at, Effects& effects, Change change);
  template <typename Handle>
  void OnSlot(const Incarnation& who, const Moment& at, Effects& effects, Handle handle);
  void Tell(const Service& service, ServiceReport::What what, Effects& effects);
  void EndEvent(ServiceId id, const Moment& at, Effects& effects);
  void OnPlanChanged(const PlanChanged& event, const Moment& at, Effects& effects);
  void SetAlarms();
  size_t slots() const;
  void OnCommanded(const Commanded& event, const Moment& at, Effects& effects);
  void OnRoomMade(const Moment& at, Effects& effects);
  void OnStalled(const Stalled& event, const Moment& at, Effects& effects);
  void OnTimePassed(const Moment& at, Effects& effects);
  void OnShutdown(const ShutdownAsked& event, const Moment& at, Effects& effects);
  void FinishIfDone(Effects& effects);

  // supervisor_order.cc
  bool IsOfInterest(const Service& service) const;
  void KeepOrder(const Moment& at, Effects& effects);
  void StartFor(Service& service, const Cause& cause, const Moment& at, Effects& effects);
  void Call(Service& service, const Moment& at, Effects& effects);
  bool Judge(Service& service, const StartVerdict& verdict, const Moment& at, Effects& effects);
  StartVerdict VerdictOf(const Service& service) const;
  bool PrepareRoll(Service& service, const Moment& at, Effects& effects);
  bool MayStop(const Service& service) const;
  void StopInOrder(const Moment& at, Effects& effects);

  std::vector<Service> services_;  // in the order of their numbers
  ServiceId next_service_ = 0;
  Generation newest_process_ = 0;
  RequestId newest_request_ = 0;
  EventNumber newest_event_ = 0;
  uint16_t boot_ = 0;
  TimerQueue timers_;
  Dependencies dependencies_;
  bool stops_later_ = false;  // a graceful shutdown has services that were not told to stop yet
  bool news_ = false;         // in this step, of a service that waits or that others may wait for
  Random random_;
  ShutdownStage shutdown_ = ShutdownStage::kNone;
  std::vector<RequestId> shutdown_waiters_;
  bool finished_ = false;
};

}  // namespace fectl::core

#endif  // MASTER_CORE_SUPERVISOR_H_
