#include "master/core/service/batch.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace fectl::core {

using Stage = ReplaceOperation::Stage;

// A restart is for when it shall be quick, so it takes them all at once.
Batch NextBatch(const ServicePolicy& policy, const ReplaceOperation& replace) {
  const RolloutPolicy& rollout = policy.rollout;
  const size_t left = replace.slots.size() - replace.begun;
  if (replace.urgency == Urgency::kRestart) return {.size = left, .beside = left};
  const uint32_t num = policy.num;
  if (replace.keeps && replace.begun == 0 && rollout.canary != Share()) {
    const size_t size = std::clamp<size_t>(rollout.canary.RoundedUp(num), 1, left);
    return {.size = size, .beside = size, .canary = size < left};
  }
  const size_t surge = rollout.max_surge.RoundedUp(num);
  const size_t unavailable = rollout.max_unavailable.RoundedDown(num);
  if (surge + unavailable == 0) return {.size = left, .beside = left};
  // What nobody asked for takes no worker away before there is another one.
  if (!replace.by_operator) {
    const size_t size = std::min(left, std::max<size_t>(surge, 1));
    return {.size = size, .beside = size};
  }
  return {.size = std::min(left, surge + unavailable), .beside = std::min(left, surge)};
}

bool HasBegun(const ReplaceOperation& replace, uint32_t slot) {
  const auto begun = replace.slots.begin() + static_cast<ptrdiff_t>(replace.begun);
  return std::find(replace.slots.begin(), begun, slot) != begun;
}

Instant ProgressBy(const ServicePolicy& policy, Instant now) {
  const Span patience = policy.rollout.progress_deadline;
  return patience == Span{0} ? kNever : now + patience;
}

Instant OwnDeadline(const Operation& operation) {
  const auto* replace = std::get_if<ReplaceOperation>(&operation);
  return replace == nullptr ? kNever : std::min(replace->until, replace->progress_by);
}

bool WaitsForTime(const ReplaceOperation& replace) {
  return replace.stage == Stage::kHeld || replace.stage == Stage::kBaking;
}

std::string WhatItWaitsFor(const ReplaceOperation& replace) {
  const std::string ways = ": `fectl rollout promote` goes on at once, `fectl rollout abort` goes back";
  return replace.stage == Stage::kHeld ? "has a rollout that waits for an operator" + ways
                                       : "has a rollout that still keeps the old workers" + ways;
}

std::string ProgressWords(const ReplaceOperation& replace, const std::string& next) {
  return std::to_string(replace.begun) + " of " + std::to_string(replace.slots.size()) +
         " new workers serve; " + next;
}

std::string WhoServesOn(const ReplaceOperation& replace, const std::vector<Slot>& slots) {
  const auto kept = std::count_if(replace.slots.begin() + static_cast<ptrdiff_t>(replace.committed),
                                  replace.slots.end(), [&slots](uint32_t i) { return slots[i].ready(); });
  if (kept == 0) return "";
  return kept == 1 ? "; the old worker keeps serving" : "; the old workers keep serving";
}

void FindWhatToBringBack(const ReplaceOperation& replace, const std::vector<Slot>& slots, uint32_t num,
                         ReplaceOperation& back) {
  const auto add = [&](uint32_t index, PlanVersion before) {
    if (index >= num || slots[index].plan() == before || before == 0) return;
    back.slots.push_back(index);
    back.before.push_back(before);
  };
  if (replace.before.empty()) return;
  for (size_t i = 0; i < replace.begun; ++i) add(replace.slots[i], replace.before[i]);
  // Workers that came into being meanwhile, where all are replaced.
  const bool all = replace.slots.front() == 0 && replace.slots.size() > 1;
  for (auto i = static_cast<uint32_t>(replace.slots.size()); all && i < num; ++i)
    add(i, replace.before.front());
}

}  // namespace fectl::core
