#include "master/core/supervisor.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>

#include "master/core/basis/check.h"
#include "master/core/basis/invariants.h"
#include "master/core/basis/limits.h"
#include "master/core/basis/overloaded.h"
#include "master/core/boundary/cause.h"

namespace fectl::core {
namespace {

// How many more alarms may be set than two for each slot.
constexpr size_t kSpareAlarms = 1024;

Cause ExitCause(const Exited& event) {
  Cause cause = MakeCause(event.signaled ? Cause::Kind::kSignaled : Cause::Kind::kExited, event.number);
  const auto add = [&cause](bool holds, std::string_view words) {
    if (!holds) return;
    if (!cause.text.empty()) cause.text += ", ";
    cause.text += words;
  };
  add(!event.words.empty(), std::string_view(event.words).substr(0, kCauseTextBytes));
  add(event.core_dumped, "core dumped");
  add(event.out_of_memory, "out of memory");
  add(event.inside_message, "inside a message");
  add(event.group_left, "processes that it had started are left");
  return cause;
}

// What each event of a process does to its slot.

SlotOutcome OfProcess(const Spawned& e, Slot& slot, StepContext& step) {
  slot.OnSpawned(step, e.who.generation, e.pid);
  return SlotOutcome::kNothing;
}

SlotOutcome OfProcess(const SpawnFailed& e, Slot& slot, StepContext& step) {
  return slot.OnExited(step, e.who.generation, MakeSpawnFailed(e.failure, e.words));
}

SlotOutcome OfProcess(const WorkerLoaded& e, Slot& slot, StepContext& step) {
  return slot.OnLoaded(step, e.who.generation);
}

SlotOutcome OfProcess(const WorkerBeganMessage& e, Slot& slot, StepContext& step) {
  slot.OnBeganMessage(step, e.who.generation);
  return SlotOutcome::kNothing;
}

SlotOutcome OfProcess(const WorkerLeased& e, Slot& slot, StepContext& step) {
  slot.OnLeased(step, e);
  return SlotOutcome::kNothing;
}

SlotOutcome OfProcess(const WorkerAsked& e, Slot& slot, StepContext& step) {
  return slot.OnAsked(step, e);
}

SlotOutcome OfProcess(const WorkerWornOut& e, Slot& slot, StepContext& step) {
  return slot.WornOut(step, e.who.generation, e.words);
}

SlotOutcome OfProcess(const WorkerDisproved& e, Slot& slot, StepContext& step) {
  return slot.OnDisproved(step, e.who.generation, e.words);
}

// One that is broken by its own word has nothing to finish.
SlotOutcome OfProcess(const WorkerConfigError& e, Slot& slot, StepContext& step) {
  return slot.OnLost(step, e.who.generation, MakeCause(Cause::Kind::kConfigError, e.words),
                     StopMode::kAbandon);
}

// One that breaks the protocol is asked to leave like any other: it may have requests open.
SlotOutcome OfProcess(const WorkerViolated& e, Slot& slot, StepContext& step) {
  return slot.OnLost(step, e.who.generation, MakeCause(Cause::Kind::kProtocolViolation, e.words),
                     StopMode::kFinish);
}

SlotOutcome OfProcess(const ChannelClosed& e, Slot& slot, StepContext& step) {
  slot.OnChannelClosed(step, e.who.generation);
  return SlotOutcome::kNothing;
}

SlotOutcome OfProcess(const Examined& e, Slot& slot, StepContext& step) {
  slot.OnExamined(step, e);
  return SlotOutcome::kNothing;
}

SlotOutcome OfProcess(const Exited& e, Slot& slot, StepContext& step) {
  return slot.OnExited(step, e.who.generation, ExitCause(e), e.group_left);
}

SlotOutcome OfProcess(const GroupEnded& e, Slot& slot, StepContext& step) {
  return slot.OnGroupEnded(step, e.who.generation);
}

}  // namespace

Supervisor::Supervisor(std::vector<Plan> plans, uint64_t random_seed)
    : boot_(static_cast<uint16_t>(random_seed)), random_(random_seed) {
  services_.reserve(plans.size());
  for (Plan& plan : plans) services_.emplace_back(next_service_++, std::move(plan));
}

bool Supervisor::operator==(const Supervisor& other) const {
  const auto members = [](const Supervisor& s) {
    return std::tie(s.services_, s.next_service_, s.newest_process_, s.newest_request_, s.random_,
                    s.shutdown_, s.shutdown_waiters_, s.finished_, s.newest_event_, s.boot_);
  };
  return members(*this) == members(other);
}

bool Supervisor::Restore() {
  ServiceId next = 0;
  for (Service& service : services_) {
    if (service.id() < next || !service.Restore()) return false;
    next = service.id() + 1;
  }
  if (next_service_ < next) return false;
  SetAlarms();
  dependencies_.Learn(services_);
  stops_later_ = shutdown_ == ShutdownStage::kGraceful;
  return true;
}

void Supervisor::SetAlarms() {
  timers_.Clear();
  for (Service& service : services_) service.SetAlarms(timers_);
}

size_t Supervisor::slots() const {
  size_t slots = 0;
  for (const Service& service : services_) slots += service.slots().size();
  return slots;
}

const Service* Supervisor::Find(ServiceId id) const {
  const auto found = std::lower_bound(services_.begin(), services_.end(), id,
                                      [](const Service& service, ServiceId i) { return service.id() < i; });
  return found != services_.end() && found->id() == id ? &*found : nullptr;
}

Service* Supervisor::FindService(ServiceId id) {
  const Service* found = Find(id);
  return found == nullptr ? nullptr : &services_[static_cast<size_t>(found - services_.data())];
}

StepContext Supervisor::ContextFor(const Service& service, const Moment& at, Effects& effects) {
  return service.ContextFor(at, newest_process_, newest_event_, random_, effects, shutting_down());
}

template <typename Change>
void Supervisor::OnService(ServiceId id, const Moment& at, Effects& effects, Change change) {
  Service* service = FindService(id);
  if (service == nullptr) return;
  StepContext step = ContextFor(*service, at, effects);
  change(*service, step);
  service->Settle(step, timers_);
  news_ = news_ || IsOfInterest(*service);
}

void Supervisor::Boot(const Moment& at, Effects& effects) {
  for (const Service& service : services_) {
    if (!service.policy().autostart) continue;
    OnService(service.id(), at, effects, [](Service& s, StepContext& step) { s.Boot(step); });
  }
  KeepOrder(at, effects);
  FECTL_SIM_CHECK(Contradiction().empty(), Contradiction());
}

template <typename Handle>
void Supervisor::OnSlot(const Incarnation& who, const Moment& at, Effects& effects, Handle handle) {
  OnService(who.service, at, effects, [&](Service& service, StepContext& step) {
    if (who.slot >= service.slots().size()) return;
    service.OnSlot(step, who.slot, [&](Slot& slot) { return handle(slot, step); });
  });
}

void Supervisor::Tell(const Service& service, ServiceReport::What what, Effects& effects) {
  effects.emplace_back(ServiceReport{.service = service.id(),
                                     .what = what,
                                     .number = ++newest_event_,
                                     .condition = service.word(),
                                     .num = service.policy().num});
}

// What may only be judged when everything that the event did to the service is done.
void Supervisor::EndEvent(ServiceId id, const Moment& at, Effects& effects) {
  Service* service = FindService(id);
  if (service == nullptr) return;
  StepContext step = ContextFor(*service, at, effects);
  service->StartWhatWasHeld(step, timers_);
  news_ = news_ || IsOfInterest(*service);
  if (!service->gone()) return;
  for (const PlanVersion plan : service->older_plans()) effects.emplace_back(DropPlan{plan});
  effects.emplace_back(DropPlan{service->plan()});
  Tell(*service, ServiceReport::What::kRemoved, effects);
  effects.emplace_back(ForgetService{id});
  services_.erase(services_.begin() + (service - services_.data()));
  dependencies_.Forget();
}

void Supervisor::Step(const Event& event, const Moment& at, Effects& effects) {
  if (const auto* beat = std::get_if<WorkerBeat>(&event)) {
    Service* service = FindService(beat->who.service);
    if (service != nullptr && beat->who.slot < service->slots().size()) {
      service->OnBeat(beat->who.slot, beat->who.generation, at.now);
      service->Rearm(beat->who.slot, timers_);  // a stall may have made the deadline later than this one
    }
    return;
  }
  std::visit(Overloaded{
                 [](const WorkerBeat& /*handled above*/) {},
                 [&](const Commanded& e) { OnCommanded(e, at, effects); },
                 [&](const ShutdownAsked& e) { OnShutdown(e, at, effects); },
                 [&](const TimePassed&) { OnTimePassed(at, effects); },
                 [&](const RoomMade&) { OnRoomMade(at, effects); },
                 [&](const Stalled& e) { OnStalled(e, at, effects); },
                 [&](const ServiceAdded& e) {
                   services_.emplace_back(next_service_++, e.plan);
                   Tell(services_.back(), ServiceReport::What::kAdded, effects);
                   dependencies_.Forget();
                 },
                 [&](const ServiceRemoved& e) {
                   OnService(e.service, at, effects,
                             [](Service& service, StepContext& step) { service.OnRemoved(step); });
                   dependencies_.Forget();
                   EndEvent(e.service, at, effects);
                 },
                 [&](const ServiceResized& e) {
                   OnService(e.service, at, effects,
                             [&e](Service& service, StepContext& step) { service.OnResized(step, e.num); });
                   EndEvent(e.service, at, effects);
                 },
                 [&](const PlanChanged& e) { OnPlanChanged(e, at, effects); },
                 [&](const OneOf<Spawned, SpawnFailed, WorkerLoaded, WorkerBeganMessage, WorkerLeased,
                                 WorkerAsked, WorkerWornOut, WorkerDisproved, WorkerConfigError,
                                 WorkerViolated, ChannelClosed, Examined, Exited, GroupEnded> auto& e) {
                   OnSlot(e.who, at, effects,
                          [&](Slot& slot, StepContext& step) { return OfProcess(e, slot, step); });
                   EndEvent(e.who.service, at, effects);
                 },
             },
             event);
  KeepOrder(at, effects);
  FinishIfDone(effects);
  FECTL_SIM_CHECK(Contradiction().empty(), Contradiction());
}

std::string_view Supervisor::Contradiction() const {
  for (const Service& service : services_) {
    if (const std::string_view broken = service.Contradiction(newest_process_); !broken.empty())
      return broken;
  }
  const auto in_disorder = [](const Service& a, const Service& b) { return a.id() >= b.id(); };
  return FirstBroken({
      {"services are in the order of their numbers",
       std::adjacent_find(services_.begin(), services_.end(), in_disorder) == services_.end()},
      {"the next service has a number of its own",
       services_.empty() || services_.back().id() < next_service_},
      {"only a shutdown finishes", !finished_ || shutting_down()},
  });
}

void Supervisor::OnCommanded(const Commanded& event, const Moment& at, Effects& effects) {
  Service* service = FindService(event.service);
  if (service == nullptr) {
    effects.emplace_back(Reply{event.request, Answer::kErrorUnknownService, "there is no such service"});
    return;
  }
  if (shutting_down() && event.verb != Verb::kStop) {
    effects.emplace_back(Reply{event.request, Answer::kErrorStopping, "fectld is stopping"});
    return;
  }
  OnService(event.service, at, effects,
            [&event](Service& s, StepContext& step) { s.OnCommand(step, event); });
  EndEvent(event.service, at, effects);  // it may have ended what a start had to wait for
}

void Supervisor::OnPlanChanged(const PlanChanged& event, const Moment& at, Effects& effects) {
  Service* service = FindService(event.service);
  if (service == nullptr || service->removing()) {
    // Unless it is one that came back, and is used.
    const bool known = std::any_of(services_.begin(), services_.end(), [&event](const Service& other) {
      return other.KnowsPlan(event.plan.version);
    });
    if (!known) effects.emplace_back(DropPlan{event.plan.version});
    return;
  }
  service->OnPlanChanged(event.plan);
  dependencies_.Forget();
  StepContext step = ContextFor(*service, at, effects);
  service->OnPolicyChanged(step);
  service->OnResized(step, event.plan.policy.num);
  service->Settle(step, timers_);
  EndEvent(event.service, at, effects);
}

void Supervisor::OnRoomMade(const Moment& at, Effects& effects) {
  for (const Service& service : services_) {
    if (service.waiting_for_room() == 0) continue;
    OnService(service.id(), at, effects, [&at](Service& s, StepContext& /*step*/) { s.OnRoomMade(at.now); });
  }
}

void Supervisor::OnStalled(const Stalled& event, const Moment& at, Effects& effects) {
  for (const Service& service : services_)
    OnService(service.id(), at, effects,
              [&event](Service& s, StepContext& /*step*/) { s.OnStall(event.length); });
}

bool Supervisor::IsDue(Instant now) {
  while (timers_.earliest() <= now) {
    const TimerQueue::Alarm alarm = timers_.Take();
    Service* service = FindService(alarm.service);
    if (service == nullptr || !service->OnAlarm(alarm, timers_)) continue;
    service->Rearm(alarm.slot, timers_);
    return true;
  }
  return false;
}

void Supervisor::OnTimePassed(const Moment& at, Effects& effects) {
  while (timers_.earliest() <= at.now) {
    const TimerQueue::Alarm alarm = timers_.Take();
    Service* service = FindService(alarm.service);
    if (service == nullptr || !service->OnAlarm(alarm, timers_)) continue;
    if (alarm.slot == TimerQueue::kServiceItself) {
      OnService(alarm.service, at, effects, [](Service& s, StepContext& step) { s.OnOwnTime(step); });
      continue;
    }
    OnSlot({.service = alarm.service, .slot = alarm.slot}, at, effects,
           [](Slot& slot, StepContext& step) { return slot.OnTime(step); });
  }
  for (size_t i = 0; i < services_.size();) {
    const ServiceId id = services_[i].id();
    EndEvent(id, at, effects);
    if (i < services_.size() && services_[i].id() == id) ++i;  // not if it was forgotten
  }
  // Alarms that do not count any more are few, unless a worker moves its deadline to and fro for days.
  if (timers_.size() > 2 * slots() + kSpareAlarms) SetAlarms();
}

void Supervisor::OnShutdown(const ShutdownAsked& event, const Moment& at, Effects& effects) {
  if (event.request != 0) shutdown_waiters_.push_back(event.request);
  // A client that asks again waits with the others; a signal that comes again means it.
  if (event.request != 0 && shutting_down()) return;
  ShutdownStage next = event.graceful ? ShutdownStage::kGraceful : ShutdownStage::kQuick;
  if (shutdown_ >= next) {
    next = shutdown_ == ShutdownStage::kGraceful ? ShutdownStage::kQuick : ShutdownStage::kKill;
  }
  shutdown_ = next;
  const StopMode mode = next == ShutdownStage::kGraceful ? StopMode::kFinish
                        : next == ShutdownStage::kQuick  ? StopMode::kQuick
                                                         : StopMode::kKill;
  stops_later_ = false;
  for (const Service& service : services_) {
    // One that is named by others follows them: see StopInOrder(). Also one that has nobody, since what it
    // names may serve those that name it.
    const bool later = next == ShutdownStage::kGraceful && service.up() && !MayStop(service);
    stops_later_ = stops_later_ || later;
    OnService(service.id(), at, effects, [later, mode](Service& s, StepContext& step) {
      later ? s.AwaitShutdown(step) : s.Shutdown(step, mode);
    });
  }
}

void Supervisor::FinishIfDone(Effects& effects) {
  if (!shutting_down() || finished_) return;
  const bool empty =
      std::all_of(services_.begin(), services_.end(), [](const Service& s) { return s.processes() == 0; });
  if (!empty) return;
  finished_ = true;
  for (const RequestId request : shutdown_waiters_) effects.emplace_back(Reply{request, Answer::kDone, ""});
  effects.emplace_back(Finish{});
}

}  // namespace fectl::core
