#include "master/sim/rules/change_rules.h"

#include <string>
#include <variant>
#include <vector>

#include "master/sim/rules/facts.h"

namespace fectl::sim {

ChangeRules::ChangeRules(const std::vector<core::ServicePolicy>& policies) {
  for (const core::Plan& plan : core::FirstPlans(policies)) plans_.insert(plan.version);
}

void ChangeRules::OnEvent(const View& view) {
  dropped_.clear();
  if (const auto* added = view.event_as<core::ServiceAdded>()) plans_.insert(added->plan.version);
  if (const auto* changed = view.event_as<core::PlanChanged>()) plans_.insert(changed->plan.version);
}

void ChangeRules::OnEffect(const View& view, const core::Effect& effect) {
  if (const auto* spawn = std::get_if<core::Spawn>(&effect)) {
    SpawnNamesTheRightPlan(view, *spawn);
  } else if (const auto* drop = std::get_if<core::DropPlan>(&effect)) {
    if (plans_.erase(drop->plan) == 0) view.Break("a plan is dropped once (I36)", std::to_string(drop->plan));
    dropped_.push_back(drop->plan);
  } else if (const auto* forget = std::get_if<core::ForgetService>(&effect)) {
    if (!view.ledger.removed(forget->service) || view.Find(forget->service) != nullptr)
      view.Break("what is forgotten was removed (I33)", std::to_string(forget->service));
  }
}

void ChangeRules::SpawnNamesTheRightPlan(const View& view, const core::Spawn& spawn) const {
  const core::PlanVersion before = on_duty_.At(spawn.who.service, spawn.who.slot);
  const core::PlanVersion newest = view.ledger.plan(spawn.who.service);
  const core::Service* service = view.Find(spawn.who.service);
  if (service == nullptr || spawn.who.slot >= service->slots().size()) return;  // other rules say so
  if (!plans_.contains(spawn.plan)) view.Break("a plan is kept while it is used (I36)", Name(spawn.who));
  const core::SlotState& state = service->slots()[spawn.who.slot].state();
  const auto is_it = [&spawn](const core::Process& p) { return p.generation == spawn.who.generation; };
  if (const auto* starting = std::get_if<core::Starting>(&state);
      starting != nullptr && is_it(starting->process)) {
    const core::Cause::Kind why = starting->cause.kind;
    if (why == core::Cause::Kind::kAfterCrash || why == core::Cause::Kind::kAfterFailedStart) {
      if (spawn.plan != before)
        view.Break("who is lost is followed by one of its own plan (I35)", Name(spawn.who));
      return;
    }
    // One that left at its own wish is followed like one that was lost, or replaced like what is asked for.
    if (why != core::Cause::Kind::kWorkerAsked && why != core::Cause::Kind::kWentBack && spawn.plan != newest)
      view.Break("what is asked for is of the newest plan (I35)", Name(spawn.who));
  } else if (const auto* replacing = std::get_if<core::Replacing>(&state);
             replacing != nullptr && is_it(replacing->next)) {
    if (replacing->cause.kind != core::Cause::Kind::kWentBack && spawn.plan != newest)
      view.Break("what is asked for is of the newest plan (I35)", Name(spawn.who));
  }
  if (view.ledger.rolls(spawn.who.service)) return;  // it may be going back
  // Else something else was asked for in the same step, so that why it was started is not known any more.
  if (spawn.plan != before && spawn.plan != newest)
    view.Break("a process is of the newest plan or of that before it (I35)", Name(spawn.who));
}

void ChangeRules::AfterStep(const View& view, core::ServiceId id) {
  RemovedIsForgottenWhenItIsEmpty(view, id);
  NobodyIsLeftWhoIsNotWanted(view, id);
  DroppedPlansAreUnused(view);
  for (uint32_t slot = 0; slot < view.ledger.slots(id); ++slot) {
    const Life* only = nullptr;
    size_t count = 0;
    for (const Life& life : view.ledger.InSlot(id, slot)) {
      if (life.told() || life.ended || life.kept) continue;
      only = &life;
      ++count;
    }
    if (count == 1) on_duty_.At(id, slot) = only->plan;
  }
}

void ChangeRules::RemovedIsForgottenWhenItIsEmpty(const View& view, core::ServiceId id) const {
  const bool gone = view.ledger.removed(id) && !view.ledger.HasProcess(id);
  if ((view.Find(id) == nullptr) != gone)
    view.Break("a removed service is forgotten with its last process (I33)", std::to_string(id));
}

void ChangeRules::NobodyIsLeftWhoIsNotWanted(const View& view, core::ServiceId id) const {
  const core::Service* service = view.Find(id);
  if (service != nullptr && service->slots().size() < view.ledger.policy(id).num)
    view.Break("each worker that is wanted has a slot (I34)", std::to_string(id));
  for (uint32_t slot = 0; slot < view.ledger.slots(id); ++slot) {
    const bool wanted = slot < view.ledger.policy(id).num;
    const bool known = service == nullptr || slot < service->slots().size();
    for (const Life& life : view.ledger.InSlot(id, slot)) {
      if (!life.ended && (!known || (!wanted && !life.told())))
        view.Break("workers that are not wanted are told to leave, and not forgotten before (I34)",
                   Name(life.who));
    }
  }
}

void ChangeRules::DroppedPlansAreUnused(const View& view) const {
  for (const core::PlanVersion plan : dropped_) {
    if (view.ledger.Uses(plan)) view.Break("a plan is kept while it is used (I36)", std::to_string(plan));
  }
}

}  // namespace fectl::sim
