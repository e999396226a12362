// What services do in an order: starts behind what they name, oneshots before a roll, stops in a shutdown.
// (The rest of the supervisor is in supervisor.cc.)

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "master/core/boundary/cause.h"
#include "master/core/supervisor.h"

namespace fectl::core {

bool Supervisor::IsOfInterest(const Service& service) const {
  return service.waiting() != nullptr || service.before_roll() != nullptr ||
         dependencies_.IsNamed(service.id());
}

// What the event did to one service may be what others wait for. So that each sees all that was decided in
// this step, they are looked at when the event is done with.
void Supervisor::KeepOrder(const Moment& at, Effects& effects) {
  if (!dependencies_.known()) {
    dependencies_.Learn(services_);
    news_ = true;
  }
  if (stops_later_) StopInOrder(at, effects);
  if (!std::exchange(news_, false) || shutting_down()) return;
  // Whoever starts in this step is waited for by all that are judged in it.
  const auto start_others = [&](Service& service) {
    const bool calls = service.waiting() != nullptr && service.waiting()->calls;
    if (calls) Call(service, at, effects);
    return calls || (service.before_roll() != nullptr && PrepareRoll(service, at, effects));
  };
  // Who is blocked no longer is to come, and waited for: all of these are known before anybody begins.
  const auto judge = [&](bool begins) {
    return [&, begins](Service& service) {
      if (service.waiting() == nullptr) return false;
      const StartVerdict verdict = VerdictOf(service);
      if (!begins && verdict.begins && service.waiting()->blocked)
        return Judge(service, {.words = "waiting for its turn"}, at, effects);
      return verdict.begins == begins && Judge(service, verdict, at, effects);
    };
  };
  const auto each = [this](const auto& act) {
    bool changed = false;
    for (Service& service : services_) changed = act(service) || changed;
    return changed;
  };
  // One that was called, has begun, or is blocked may be what another waits for. There are no circles, so
  // that this ends by itself; the bound is for those who make one all the same.
  size_t left = 4 * services_.size() + 1;
  while (left > 0 && (each(start_others) || each(judge(false)) || each(judge(true)))) --left;
}

void Supervisor::StartFor(Service& service, const Cause& cause, const Moment& at, Effects& effects) {
  StepContext step = ContextFor(service, at, effects);
  service.StartFor(step, cause);
  service.Settle(step, timers_);
}

// Starts what the service requires and what would not come by itself.
void Supervisor::Call(Service& service, const Moment& at, Effects& effects) {
  service.OnCalled();
  for (const std::string& name : service.policy().require) {
    const std::optional<ServiceId> id = dependencies_.Find(name);
    Service* const other = id.has_value() ? FindService(*id) : nullptr;
    if (other == nullptr || other == &service) continue;
    const Standing standing = other->standing();
    if (standing == Standing::kReady || standing == Standing::kComing) continue;
    StartFor(*other, MakeCause(Cause::Kind::kRequired, service.policy().name), at, effects);
  }
}

// Of a service that waits for others. True: something has changed.
bool Supervisor::Judge(Service& service, const StartVerdict& verdict, const Moment& at, Effects& effects) {
  StepContext step = ContextFor(service, at, effects);
  const bool changed = service.OnVerdict(step, verdict);
  service.Settle(step, timers_);
  return changed;
}

StartVerdict Supervisor::VerdictOf(const Service& service) const {
  const ServicePolicy& policy = service.policy();
  std::string awaited;
  const auto await = [&awaited](const std::string& name) { awaited += (awaited.empty() ? "" : ", ") + name; };
  for (const std::string& name : policy.require) {
    const std::optional<ServiceId> id = dependencies_.Find(name);
    if (!id.has_value()) return {.blocked = true, .words = "blocked: " + name + " is not configured"};
    switch (Find(*id)->standing()) {
      case Standing::kReady:
        break;
      case Standing::kComing:
        await(name);
        break;
      case Standing::kBlocked:
        return {.blocked = true, .words = "blocked: " + name + " is blocked"};
      case Standing::kFailed:
        return {.blocked = true, .words = "blocked: " + name + " failed"};
      case Standing::kDown:
        return {.blocked = true, .words = "blocked: " + name + " is stopped"};
    }
  }
  for (const std::string& name : policy.after) {
    const std::optional<ServiceId> id = dependencies_.Find(name);
    if (!id.has_value() || Find(*id)->standing() != Standing::kComing) continue;
    const bool told = std::find(policy.require.begin(), policy.require.end(), name) != policy.require.end();
    if (!told) await(name);
  }
  return {.begins = awaited.empty(), .words = "waiting for " + awaited};
}

// The run of the oneshot that counts is one that began after the replacement was asked for. True: something
// has changed.
bool Supervisor::PrepareRoll(Service& service, const Moment& at, Effects& effects) {
  StepContext step = ContextFor(service, at, effects);
  const auto end = [&](const std::string& failure) {
    if (failure.empty()) {
      service.BeginRoll(step);
    } else {
      service.FailRoll(step, service.policy().before_roll + " failed: " + failure);
    }
    service.Settle(step, timers_);
    service.StartWhatWasHeld(step, timers_);  // the event is another service's
    return true;
  };
  const std::string& name = service.policy().before_roll;
  if (name.empty()) return end("");  // the plan has changed meanwhile
  const std::optional<ServiceId> id = dependencies_.Find(name);
  if (!id.has_value()) return end("it is not configured");
  Service& oneshot = *FindService(*id);
  if (!oneshot.policy().oneshot || (oneshot.state() != ServiceState::kDone && oneshot.ready() > 0))
    return end("it is no oneshot");
  const bool anew = !service.before_roll()->known || service.before_roll()->oneshot != *id;
  if (anew) service.OnOneshotKnown({.known = true, .oneshot = *id, .runs_before = oneshot.runs()});
  const bool ran = oneshot.runs() > service.before_roll()->runs_before;
  const auto run = [&] {
    StartFor(oneshot, MakeCause(Cause::Kind::kBeforeRoll, service.policy().name), at, effects);
    return true;
  };
  switch (oneshot.standing()) {
    case Standing::kComing:
      return false;
    case Standing::kReady:
      return ran ? end("") : run();
    case Standing::kFailed:
      return ran ? end(oneshot.TroubleInWords()) : run();
    case Standing::kDown:
      return anew ? run() : end("it was stopped");
    case Standing::kBlocked:
      return end(oneshot.TroubleInWords());
  }
  return false;
}

// Who is named by others serves until nothing is left of these.
bool Supervisor::MayStop(const Service& service) const {
  bool may = true;
  dependencies_.ForEachDependent(service.id(), [&](ServiceId id) {
    const Service* dependent = Find(id);
    may = may && (dependent == nullptr || dependent == &service ||
                  (!dependent->up() && dependent->processes() == 0));
  });
  return may;
}

void Supervisor::StopInOrder(const Moment& at, Effects& effects) {
  const auto tell = [&](Service& service) {
    StepContext step = ContextFor(service, at, effects);
    service.Shutdown(step, StopMode::kFinish);
    service.Settle(step, timers_);
  };
  bool left = true;
  for (bool more = true; more;) {
    more = false;
    left = false;
    // Mostly a service comes behind those that it names.
    for (auto service = services_.rbegin(); service != services_.rend(); ++service) {
      if (!service->up()) continue;
      if (MayStop(*service)) {
        tell(*service);
        more = true;
      } else {
        left = true;
      }
    }
  }
  stops_later_ = left;
  if (!left) return;
  // Where nothing is on its way out, nothing would ever come of waiting: they name one another in a circle.
  const bool stuck = std::all_of(services_.begin(), services_.end(), [](const Service& service) {
    return service.up() || service.processes() == 0;
  });
  if (!stuck) return;
  for (Service& service : services_) {
    if (service.up()) tell(service);
  }
  stops_later_ = false;
}

}  // namespace fectl::core
