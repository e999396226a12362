// Reload and restart: one operation with an urgency. (The rest of the service is in service.cc.)

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/basis/check.h"
#include "master/core/service/service.h"

namespace fectl::core {

void Service::BeginReplaceAll(StepContext& step, RequestId request, Urgency urgency) {
  if (std::holds_alternative<ReplaceOperation>(operation_)) {
    // What was asked for now comes after what is under way, so that each worker that serves at the end was
    // started after the command: joining would answer for a program that was never loaded. Commands that wait
    // merge into one.
    if (!queued_.has_value()) queued_ = QueuedReplace{urgency, {}};
    if (urgency == Urgency::kRestart) queued_->urgency = urgency;
    queued_->waiters.push_back(request);
    return;
  }
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    MarkDirty(i).ForgetUndrained();
    if (urgency == Urgency::kRestart) MarkDirty(i).Hurry(step);
  }
  ReplaceOperation operation;
  operation.urgency = urgency;
  operation.by_operator = true;
  operation.cause = MakeCause(Cause::Kind::kOperator);
  operation.waiters.push_back(request);
  operation.slots.resize(policy().num);
  std::iota(operation.slots.begin(), operation.slots.end(), 0U);
  if (policy().before_roll.empty()) return BeginReplace(step, std::move(operation));
  operation.before_roll.emplace();
  operation_ = std::move(operation);  // BeginRoll() comes later
}

// Behind another operation all of them are replaced, which is more than was asked for. What a service runs
// before its workers are replaced is not run for one of them.
void Service::BeginReplaceOne(StepContext& step, RequestId request, Urgency urgency, uint32_t slot) {
  if (std::holds_alternative<ReplaceOperation>(operation_)) return BeginReplaceAll(step, request, urgency);
  MarkDirty(slot).ForgetUndrained();
  if (urgency == Urgency::kRestart) MarkDirty(slot).Hurry(step);
  ReplaceOperation operation;
  operation.urgency = urgency;
  operation.by_operator = true;
  operation.cause = MakeCause(Cause::Kind::kOperator);
  operation.waiters.push_back(request);
  operation.slots.push_back(slot);
  BeginReplace(step, std::move(operation));
}

void Service::BeginReplace(StepContext& step, ReplaceOperation operation) {
  FECTL_CHECK(std::holds_alternative<std::monostate>(operation_), "one operation at a time");
  operation_ = std::move(operation);
  BeginBatch(step, std::get<ReplaceOperation>(operation_));
}

void Service::BeginBatch(StepContext& step, ReplaceOperation& replace) {
  size_t count = replace.slots.size() - replace.begun;
  // A restart is for when it shall be quick, so it takes them all at once.
  if (policy().max_surge > 0 && replace.urgency == Urgency::kReload) {
    count = std::min<size_t>(count, policy().max_surge);
  }
  replace.committed = replace.begun;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t index = replace.slots[replace.begun++];
    // The worker that asked has ended meanwhile and was started anew: nothing is left to replace.
    if (!replace.by_operator && !slots_[index].due_ask().has_value()) continue;
    awaited_[index].awaited = true;
    ++replace.awaited;
    MarkDirty(index).Replace(step, replace.urgency, replace.cause);
  }
  if (replace.awaited == 0) CommitBatch(step, replace);
}

void Service::OnReplaceOutcome(StepContext& step, ReplaceOperation& replace, uint32_t index,
                               SlotOutcome outcome) {
  bool& awaited = awaited_[index].awaited;
  if (awaited && outcome == SlotOutcome::kReady) {
    awaited = false;
    FECTL_CHECK(replace.awaited > 0, "a worker that is ready was counted as awaited");
    if (--replace.awaited == 0) CommitBatch(step, replace);
  } else if (awaited || outcome == SlotOutcome::kReplacementFailed) {
    // A slot that had nobody to replace and whose new worker came up and crashed is an ordinary crash: only
    // what is still awaited, or a replacement that was ready and is lost before the commit, ends the
    // operation.
    AbortReplace(step, replace, index);
  }
}

void Service::CommitBatch(StepContext& step, ReplaceOperation& replace) {
  for (size_t i = replace.committed; i < replace.begun; ++i) MarkDirty(replace.slots[i]).Commit(step);
  if (replace.begun < replace.slots.size()) {
    BeginBatch(step, replace);
  } else {
    EndReplace(step, std::move(replace), Answer::kStarted, "");
  }
}

void Service::GiveUpBatch(StepContext& step, const ReplaceOperation& replace, const Cause& why) {
  for (size_t i = replace.committed; i < replace.begun; ++i) {
    awaited_[replace.slots[i]].awaited = false;
    MarkDirty(replace.slots[i]).Abandon(step, why);
  }
}

std::string Service::WhoServesOn(const ReplaceOperation& replace) const {
  const auto kept = std::count_if(replace.slots.begin() + static_cast<ptrdiff_t>(replace.committed),
                                  replace.slots.end(), [this](uint32_t i) { return slots_[i].ready(); });
  if (kept == 0) return "";
  return kept == 1 ? "; the old worker keeps serving" : "; the old workers keep serving";
}

void Service::AbortReplace(StepContext& step, ReplaceOperation& replace, uint32_t failed) {
  std::string words = SlotTrouble(failed);
  GiveUpBatch(step, replace, MakeCause(Cause::Kind::kOtherFailed));
  words += WhoServesOn(replace);
  if (replace.committed > 0) {
    words += " (" + std::to_string(replace.committed) + " of " + std::to_string(replace.slots.size()) +
             " workers had been replaced before)";
  }
  EndReplace(step, std::move(replace), Answer::kFailed, words);
}

void Service::EndReplace(StepContext& step, ReplaceOperation done, Answer answer, const std::string& words) {
  operation_ = std::monostate{};
  ReplyAll(step, done.waiters, answer, words);
  BeginWhatWaits(step);
}

void Service::BeginWhatWaits(StepContext& step) {
  if (step.ending) return;
  if (queued_.has_value()) {
    const QueuedReplace queued = std::move(*queued_);
    queued_.reset();
    BeginReplaceAll(step, queued.waiters.front(), queued.urgency);
    auto& replace = std::get<ReplaceOperation>(operation_);
    replace.waiters = queued.waiters;
    return;
  }
  if (!held_starts_.empty()) return;  // StartWhatWasHeld comes next, and before what workers asked for
  ReplaceOperation asked;
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    const std::optional<WorkerAsked>& ask = slots_[i].due_ask();
    if (!ask.has_value()) continue;
    if (ask->urgency == Urgency::kRestart) asked.urgency = Urgency::kRestart;
    if (asked.slots.empty()) asked.cause = MakeCause(Cause::Kind::kWorkerAsked, ask->words);
    asked.slots.push_back(i);
  }
  if (!asked.slots.empty()) BeginReplace(step, std::move(asked));
}

}  // namespace fectl::core
