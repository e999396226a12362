#include "master/sim/rules/order_rules.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "master/sim/rules/facts.h"

namespace fectl::sim {
namespace {

using core::ServiceState;

// nullptr: there is none of that name, or it is being removed.
const core::Service* Named(const View& view, const std::string& name) {
  const std::vector<core::Service>& services = view.supervisor.services();
  const auto found = std::find_if(services.begin(), services.end(), [&name](const core::Service& service) {
    return service.policy().name == name && !service.removing();
  });
  return found == services.end() ? nullptr : &*found;
}

// Of a service as a whole: not of one worker that follows another.
bool IsStart(core::Cause::Kind cause) {
  return cause == core::Cause::Kind::kOperator || cause == core::Cause::Kind::kMasterStarted ||
         cause == core::Cause::Kind::kRequired || cause == core::Cause::Kind::kBeforeRoll;
}

bool IsToCome(const core::Service& service) {
  const core::WaitOperation* wait = service.waiting();
  if (wait != nullptr) return !wait->blocked;
  switch (service.state()) {
    case ServiceState::kStarting:
      return true;
    case ServiceState::kStopping:  // where a start waits for the stop
      return service.standing() == core::Standing::kComing;
    case ServiceState::kRunning:
    case ServiceState::kPaused:
    case ServiceState::kReloading:
      return service.ready() < service.policy().num;
    default:
      return false;
  }
}

bool WillNotCome(const core::Service* service) {
  if (service == nullptr) return true;
  const ServiceState state = service->state();
  return state == ServiceState::kStopped || state == ServiceState::kStopping ||
         state == ServiceState::kFailed || (service->waiting() != nullptr && service->waiting()->blocked);
}

}  // namespace

void OrderRules::OnEffect(const View& view, const core::Effect& effect) {
  if (const auto* spawn = std::get_if<core::Spawn>(&effect)) {
    StartsBehindWhatItNames(view, spawn->who);
    done_[spawn->who.service] = 0;
  } else if (const auto* report = std::get_if<core::Report>(&effect)) {
    if (report->record.milestone == core::Milestone::kDone) done_[report->service] = 1;
  }
}

// By the account of the ledger.
bool OrderRules::IsReady(const View& view, core::ServiceId id) const {
  if (view.ledger.policy(id).oneshot) return done_[id] != 0;
  for (uint32_t slot = 0; slot < view.ledger.policy(id).num; ++slot) {
    const std::vector<Life>& lives = view.ledger.InSlot(id, slot);
    if (std::none_of(lives.begin(), lives.end(), [](const Life& life) { return life.on_duty(); }))
      return false;
  }
  return true;
}

void OrderRules::StartsBehindWhatItNames(const View& view, const core::Incarnation& who) const {
  const core::Service* service = view.Find(who.service);
  if (service == nullptr || who.slot >= service->slots().size()) return;  // other rules say so
  const core::ServicePolicy& policy = view.ledger.policy(who.service);
  const auto* starting = std::get_if<core::Starting>(&service->slots()[who.slot].state());
  const bool start = starting != nullptr && starting->process.generation == who.generation &&
                     IsStart(starting->cause.kind) && service->state() == ServiceState::kStarting;
  const auto* commanded = view.event_as<core::Commanded>();
  if (!start || (commanded != nullptr && commanded->alone)) return;
  // What has somebody is completed, and waits for nobody.
  for (uint32_t slot = 0; slot < view.ledger.slots(who.service); ++slot) {
    for (const Life& life : view.ledger.InSlot(who.service, slot)) {
      if (!life.told() && !life.ended && !life.process_ended) return;
    }
  }
  for (const std::string& name : policy.require) {
    const core::Service* other = Named(view, name);
    if (other == nullptr || !IsReady(view, other->id()))
      view.Break("a start comes behind what it requires (I38)", Name(who) + " and " + name);
  }
  for (const std::string& name : policy.after) {
    const core::Service* other = Named(view, name);
    if (other != nullptr && !IsReady(view, other->id()) && IsToCome(*other))
      view.Break("a start comes behind what it names (I38)", Name(who) + " and " + name);
  }
}

void OrderRules::AfterStep(const View& view) {
  if (!view.ledger.ordered()) return;
  // Each signal is a step more urgent; a client that asks again waits with the others.
  const auto* asked = view.event_as<core::ShutdownAsked>();
  if (asked != nullptr && (asked->request == 0 || shutdown_stage_ == 0))
    shutdown_stage_ = std::max(shutdown_stage_ + 1, asked->graceful ? 1 : 2);
  for (const core::Service& service : view.supervisor.services()) {
    if (service.waiting() != nullptr) WaitsForAReason(view, service);
    StopsBehindWhoNamesIt(view, service.id());
  }
}

// Each wait ends: somebody comes, or will not come and is the reason of a block.
void OrderRules::WaitsForAReason(const View& view, const core::Service& service) const {
  const core::ServicePolicy& policy = service.policy();
  bool reason = false;
  const auto look = [&](const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      const core::Service* other = Named(view, name);
      reason =
          reason || (service.waiting()->blocked ? WillNotCome(other) : other != nullptr && IsToCome(*other));
    }
  };
  look(policy.require);
  if (!service.waiting()->blocked) look(policy.after);
  if (!reason) view.Break("a wait has a reason (I39)", policy.name + ", " + service.waiting()->words);
}

// Unless somebody asked for its stop, and not later either.
void OrderRules::StopsBehindWhoNamesIt(const View& view, core::ServiceId id) {
  const bool up = view.service(id).up();
  const bool was_up = was_up_[id] != 0;
  was_up_[id] = up ? 1 : 0;
  if (shutdown_stage_ != 1) return;
  bool left = false;
  view.ledger.ForEachDependent(id, [&](core::ServiceId other) {
    const core::Service* dependent = view.Find(other);
    left = left || view.ledger.HasProcess(other) || (dependent != nullptr && dependent->up());
  });
  const bool by_command = view.event_as<core::Commanded>() != nullptr;
  if (was_up && !up && left && !by_command)
    view.Break("a shutdown stops a service behind those that name it (I40)", view.service(id).policy().name);
  if (up && !left) view.Break("a shutdown goes on (I40)", view.service(id).policy().name);
}

}  // namespace fectl::sim
