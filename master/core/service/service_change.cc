// Changes of what a service is to be: its number of workers, its plan, its end. (The rest of the service is
// in service.cc.)

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/basis/overloaded.h"
#include "master/core/service/service.h"

namespace fectl::core {
namespace {

// Of the first `num` slots.
std::optional<uint32_t> FirstGivenUp(const std::vector<Slot>& slots, uint32_t num) {
  for (uint32_t i = 0; i < num; ++i) {
    if (slots[i].given_up()) return i;
  }
  return std::nullopt;
}

}  // namespace

void Service::OnRemoved(StepContext& step) {
  if (removing_) return;
  removing_ = true;
  ReplyAll(step, std::exchange(held_starts_, {}), Answer::kErrorStopping,
           policy().name + " is being removed");
  if (up_) BeginStop(step, 0, StopMode::kFinish, MakeCause(Cause::Kind::kRemoved));
}

void Service::OnResized(StepContext& step, uint32_t num) {
  if (removing_ || num == 0 || num == policy().num) return;
  const uint32_t before = std::exchange(plan_.policy.num, num);
  Tell(step, {.what = ServiceReport::What::kResized, .num_before = before});
  AddSlots(num);
  for (uint32_t i = num; i < slots_.size(); ++i) {
    MarkDirty(i).RetireAll(step, StopMode::kFinish, MakeCause(Cause::Kind::kFewerWanted));
  }
  LeaveOutOfOperation(step, num);
  auto* start = std::get_if<StartOperation>(&operation_);
  const bool starts = up_ && waiting() == nullptr && !step.ending;
  for (uint32_t i = before; starts && i < num; ++i) {
    MarkDirty(i).Launch(step, MakeCause(Cause::Kind::kMoreWanted), step.plan);
    if (start == nullptr) continue;
    awaited_[i].awaited = true;
    ++start->awaited;
  }
  // What waits until all serve does not wait for those that are not wanted any more.
  if (up_ && std::holds_alternative<std::monostate>(operation_)) BeginWhatWaits(step);
}

// The operation under way goes on for the first `num` slots.
void Service::LeaveOutOfOperation(StepContext& step, uint32_t num) {
  uint32_t awaited = 0;
  uint32_t without_room = 0;
  for (uint32_t i = num; i < slots_.size(); ++i) {
    const Awaited left_out = std::exchange(awaited_[i], {});
    awaited += left_out.awaited ? 1 : 0;
    without_room += left_out.without_room ? 1 : 0;
  }
  std::visit(Overloaded{
                 [](OneOf<std::monostate, StopOperation, WaitOperation> auto&) {},
                 [&](StartOperation& start) {
                   start.awaited -= awaited;
                   start.without_room -= without_room;
                   if (start.failed.has_value() && *start.failed >= num)
                     start.failed = FirstGivenUp(slots_, num);
                   EndStartIfDone(step, start);
                 },
                 [&](ReplaceOperation& replace) {
                   replace.awaited -= awaited;
                   // The slots are in order, so that only the end of the list goes.
                   std::erase_if(replace.slots, [num](uint32_t index) { return index >= num; });
                   replace.begun = std::min(replace.begun, replace.slots.size());
                   replace.committed = std::min(replace.committed, replace.begun);
                   if (!replace.before.empty()) replace.before.resize(replace.slots.size());
                   const bool loading = replace.stage == ReplaceOperation::Stage::kLoading;
                   if (loading && replace.awaited == 0 && !replace.before_roll.has_value())
                     CommitBatch(step, replace);
                 },
             },
             operation_);
}

void Service::TrimSlots() {
  while (slots_.size() > policy().num && slots_.back().empty()) {
    slots_.pop_back();
    awaited_.pop_back();
    counted_.pop_back();
  }
}

bool Service::KnowsPlan(PlanVersion plan) const {
  return plan_.version == plan ||
         std::find(older_plans_.begin(), older_plans_.end(), plan) != older_plans_.end();
}

void Service::OnPlanChanged(Plan plan) {
  if (plan.version != plan_.version) {
    std::erase(older_plans_, plan.version);  // one may come back
    older_plans_.push_back(plan_.version);
  }
  plan.policy.num = policy().num;
  plan_ = std::move(plan);
}

void Service::OnPolicyChanged(const StepContext& step) {
  for (uint32_t i = 0; i < slots_.size(); ++i) MarkDirty(i).OnPolicyChanged(step);
}

void Service::DropOlderPlans(StepContext& step) {
  const auto* replace = std::get_if<ReplaceOperation>(&operation_);
  std::erase_if(older_plans_, [&](PlanVersion plan) {
    const bool may_come_back = replace != nullptr && std::find(replace->before.begin(), replace->before.end(),
                                                               plan) != replace->before.end();
    const bool used = may_come_back || std::any_of(slots_.begin(), slots_.end(),
                                                   [plan](const Slot& slot) { return slot.uses(plan); });
    if (!used) step.effects.emplace_back(DropPlan{plan});
    return !used;
  });
}

}  // namespace fectl::core
