#include "master/core/supervisor.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include "master/core/limits.h"

namespace fectl::core {
namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

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

News OfProcess(const Spawned& e, Slot& slot, Turn& turn) {
  slot.OnSpawned(turn, e.who.generation, e.pid);
  return News::kNothing;
}

News OfProcess(const SpawnFailed& e, Slot& slot, Turn& turn) {
  Cause cause = MakeCause(Cause::Kind::kSpawnFailed, e.words);
  cause.number = static_cast<int32_t>(e.transient);
  return slot.OnExited(turn, e.who.generation, cause);
}

News OfProcess(const WorkerLoaded& e, Slot& slot, Turn& turn) {
  return slot.OnLoaded(turn, e.who.generation);
}

News OfProcess(const WorkerBeganMessage& e, Slot& slot, Turn& turn) {
  slot.OnBeganMessage(turn, e.who.generation);
  return News::kNothing;
}

News OfProcess(const WorkerAsked& e, Slot& slot, Turn& turn) {
  return slot.OnAsked(turn, e);
}

// One that is broken by its own word has nothing to finish.
News OfProcess(const WorkerConfigError& e, Slot& slot, Turn& turn) {
  return slot.OnLost(turn, e.who.generation, MakeCause(Cause::Kind::kConfigError, e.words), Way::kAbandon);
}

// One that breaks the protocol is asked to leave like any other: it may have requests open.
News OfProcess(const WorkerViolated& e, Slot& slot, Turn& turn) {
  return slot.OnLost(turn, e.who.generation, MakeCause(Cause::Kind::kProtocolViolation, e.words),
                     Way::kFinish);
}

News OfProcess(const ChannelClosed& e, Slot& slot, Turn& turn) {
  slot.OnChannelClosed(turn, e.who.generation);
  return News::kNothing;
}

News OfProcess(const Exited& e, Slot& slot, Turn& turn) {
  return slot.OnExited(turn, e.who.generation, ExitCause(e), e.group_left);
}

News OfProcess(const GroupEnded& e, Slot& slot, Turn& turn) {
  return slot.OnGroupEnded(turn, e.who.generation);
}

}  // namespace

Supervisor::Supervisor(std::vector<ServicePolicy> policies, uint64_t random_seed) : random_(random_seed) {
  services_.reserve(policies.size());
  for (ServicePolicy& policy : policies) {
    const auto first_key = static_cast<TimerQueue::Key>(
        services_.empty() ? 0 : services_.back().first_key() + services_.back().policy().num);
    timers_.AddKeys(policy.num);
    services_.emplace_back(static_cast<ServiceId>(services_.size()), std::move(policy), first_key);
  }
}

bool Supervisor::RestoreTimers() {
  TimerQueue::Key next_key = 0;
  for (const Service& service : services_) {
    if (service.first_key() != next_key || !service.Consistent()) return false;
    timers_.AddKeys(service.slots().size());
    for (const Slot& slot : service.slots()) timers_.Set(next_key++, slot.next_deadline());
  }
  return true;
}

void Supervisor::Boot(const Moment& at, Effects& effects) {
  for (Service& service : services_) {
    Turn turn = service.MakeTurn(at, random_, effects);
    service.Boot(turn);
    service.Settle(turn, timers_);
  }
}

bool Supervisor::Knows(const Incarnation& who) const {
  return who.service < services_.size() && who.slot < services_[who.service].slots().size();
}

template <typename Handle>
void Supervisor::OnSlot(const Incarnation& who, const Moment& at, Effects& effects, Handle handle) {
  if (!Knows(who)) return;
  Service& service = services_[who.service];
  Turn turn = service.MakeTurn(at, random_, effects);
  service.OnSlot(turn, who.slot, [&](Slot& slot) { return handle(slot, turn); });
  service.Settle(turn, timers_);
}

// What may only be judged when everything that the event did to the service is done.
void Supervisor::EndEvent(Service& service, const Moment& at, Effects& effects) {
  Turn turn = service.MakeTurn(at, random_, effects);
  service.StartWhatWasHeld(turn, timers_);
}

void Supervisor::Step(const Event& event, const Moment& at, Effects& effects) {
  std::visit(Overloaded{
                 [&](const WorkerBeat& e) {
                   if (Knows(e.who))
                     services_[e.who.service].OnBeat(e.who.slot, e.who.generation, at.now, timers_);
                 },
                 [&](const Commanded& e) { OnCommanded(e, at, effects); },
                 [&](const ShutdownAsked& e) { OnShutdown(e, at, effects); },
                 [&](const TimePassed&) { OnTimePassed(at, effects); },
                 [&](const RoomMade&) { OnRoomMade(at, effects); },
                 [&](const Stalled& e) { OnStalled(e, at, effects); },
                 [&](const auto& e) {
                   OnSlot(e.who, at, effects,
                          [&](Slot& slot, Turn& turn) { return OfProcess(e, slot, turn); });
                   if (Knows(e.who)) EndEvent(services_[e.who.service], at, effects);
                   FinishIfDone(effects);
                 },
             },
             event);
}

void Supervisor::OnCommanded(const Commanded& event, const Moment& at, Effects& effects) {
  if (event.service >= services_.size()) {
    effects.emplace_back(Reply{event.request, Answer::kErrorUnknownService, "there is no such service"});
    return;
  }
  if (shutting_down() && event.verb != Verb::kStop) {
    effects.emplace_back(Reply{event.request, Answer::kErrorStopping, "fectld is stopping"});
    return;
  }
  Service& service = services_[event.service];
  Turn turn = service.MakeTurn(at, random_, effects);
  service.OnCommand(turn, event.request, event.verb);
  service.Settle(turn, timers_);
}

void Supervisor::OnRoomMade(const Moment& at, Effects& effects) {
  for (Service& service : services_) {
    if (service.waiting_for_room() == 0) continue;
    Turn turn = service.MakeTurn(at, random_, effects);
    service.OnRoomMade(at.now);
    service.Settle(turn, timers_);
  }
}

void Supervisor::OnStalled(const Stalled& event, const Moment& at, Effects& effects) {
  for (Service& service : services_) {
    Turn turn = service.MakeTurn(at, random_, effects);
    service.OnStall(event.length);
    service.Settle(turn, timers_);
  }
}

void Supervisor::OnTimePassed(const Moment& at, Effects& effects) {
  while (timers_.earliest() <= at.now) {
    const TimerQueue::Key key = timers_.earliest_key();
    const auto after =
        std::upper_bound(services_.begin(), services_.end(), key,
                         [](TimerQueue::Key k, const Service& s) { return k < s.first_key(); });
    const auto id = static_cast<ServiceId>(std::distance(services_.begin(), after) - 1);
    const Incarnation who{.service = id, .slot = key - services_[id].first_key()};
    OnSlot(who, at, effects, [](Slot& slot, Turn& turn) { return slot.OnTime(turn); });
  }
  for (Service& service : services_) EndEvent(service, at, effects);
  FinishIfDone(effects);
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
  const Way way = next == ShutdownStage::kGraceful ? Way::kFinish
                  : next == ShutdownStage::kQuick  ? Way::kQuick
                                                   : Way::kKill;
  for (Service& service : services_) {
    Turn turn = service.MakeTurn(at, random_, effects);
    service.Shutdown(turn, way);
    service.Settle(turn, timers_);
  }
  FinishIfDone(effects);
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
