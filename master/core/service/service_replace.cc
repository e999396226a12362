// Reload and restart: one operation with an urgency. (What comes
// between batches, and the way back, is in service_rollout.cc; the rest of the service in service.cc.)

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/basis/check.h"
#include "master/core/service/batch.h"
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
  std::vector<uint32_t> slots(policy().num);
  std::iota(slots.begin(), slots.end(), 0U);
  ReplaceOperation operation = AskedFor(step, request, urgency, std::move(slots));
  const RolloutPolicy& rollout = policy().rollout;
  operation.keeps = urgency == Urgency::kReload &&
                    (rollout.canary != Share() || rollout.min_ready > Span{0} || rollout.bake > Span{0});
  if (operation.keeps) log_.Keeps();
  if (policy().before_roll.empty()) return BeginReplace(step, std::move(operation));
  operation.before_roll.emplace();
  operation.progress_by = ProgressBy(policy(), step.at.now);
  operation_ = std::move(operation);  // BeginRoll() comes later
}

// Behind another operation all of them are replaced, which is more than was asked for. What a service runs
// before its workers are replaced is not run for one of them.
void Service::BeginReplaceOne(StepContext& step, RequestId request, Urgency urgency, uint32_t slot) {
  if (std::holds_alternative<ReplaceOperation>(operation_)) return BeginReplaceAll(step, request, urgency);
  BeginReplace(step, AskedFor(step, request, urgency, {slot}));
}

// What an operator asks for.
ReplaceOperation Service::AskedFor(StepContext& step, RequestId request, Urgency urgency,
                                   std::vector<uint32_t> of) {
  ReplaceOperation operation;
  operation.urgency = urgency;
  operation.by_operator = true;
  operation.cause = MakeCause(Cause::Kind::kOperator);
  operation.waiters.push_back(request);
  // What is not known any more cannot come back.
  for (const uint32_t index : of)
    operation.before.push_back(KnowsPlan(slots_[index].plan()) ? slots_[index].plan() : 0);
  const bool all = of.size() == policy().num;
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    if (!all && i != of.front()) continue;
    MarkDirty(i).ForgetUndrained();
    if (urgency == Urgency::kRestart) MarkDirty(i).Hurry(step);
  }
  operation.slots = std::move(of);
  log_.Begin(urgency, plan(), step.at.now);
  TellOfRoll(step, operation, ServiceReport::What::kRollBegan);
  return operation;
}

void Service::BeginReplace(StepContext& step, ReplaceOperation operation) {
  FECTL_CHECK(std::holds_alternative<std::monostate>(operation_), "one operation at a time");
  operation_ = std::move(operation);
  BeginBatch(step, std::get<ReplaceOperation>(operation_));
}

void Service::BeginBatch(StepContext& step, ReplaceOperation& replace) {
  const Batch batch = NextBatch(policy(), replace);
  replace.stage = ReplaceOperation::Stage::kLoading;
  replace.canary = batch.canary;
  replace.until = kNever;
  replace.committed = replace.begun;
  if (replace.by_operator) replace.progress_by = ProgressBy(policy(), step.at.now);
  // Workers that are missing already count as well: what is left to serve is what was asked for.
  const uint32_t num = policy().num;
  const auto wanted_end = slots_.begin() + static_cast<ptrdiff_t>(num);
  auto ready = std::count_if(slots_.begin(), wanted_end, [](const Slot& slot) { return slot.ready(); });
  const ptrdiff_t enough = ptrdiff_t{num} - policy().rollout.max_unavailable.RoundedDown(num);
  for (size_t i = 0; i < batch.size; ++i) {
    const size_t place = replace.begun++;
    const uint32_t index = replace.slots[place];
    // The worker that asked has ended meanwhile and was started anew: nothing is left to replace.
    if (!replace.by_operator && !slots_[index].due_ask().has_value()) continue;
    awaited_[index].awaited = true;
    ++replace.awaited;
    const bool old_first = i >= batch.beside && slots_[index].ready() && ready > enough;
    ready -= old_first ? 1 : 0;
    const Replacement how{.urgency = replace.urgency,
                          .cause = replace.cause,
                          .plan = replace.goes_back ? replace.before[place] : step.plan,
                          .old_first = old_first};
    ReplaceIn(step, replace, place, how);
  }
  if (replace.awaited == 0) CommitBatch(step, replace);
}

void Service::OnReplaceOutcome(StepContext& step, ReplaceOperation& replace, uint32_t index,
                               SlotOutcome outcome) {
  bool& awaited = awaited_[index].awaited;
  if (awaited && outcome == SlotOutcome::kReady) {
    awaited = false;
    FECTL_CHECK(replace.awaited > 0, "a worker that is ready was counted as awaited");
    if (replace.by_operator && !replace.goes_back) log_.OnLoaded(slots_[index], step.at.now);
    if (replace.by_operator) replace.progress_by = ProgressBy(policy(), step.at.now);
    if (--replace.awaited == 0) CommitBatch(step, replace);
  } else if (awaited || outcome == SlotOutcome::kReplacementFailed ||
             (outcome != SlotOutcome::kReady && replace.keeps && HasBegun(replace, index))) {
    // A slot that had nobody to replace and whose new worker came up and crashed is an ordinary crash where
    // nothing has to be proven: only what is still awaited, or a replacement that was ready and is lost
    // before the commit, ends the operation.
    AbortReplace(step, replace, index);
  }
}

// What a worker asked for is told of by its own records.
void Service::TellOfRoll(StepContext& step, const ReplaceOperation& roll, ServiceReport::What what,
                         const std::string& words) const {
  if (roll.by_operator) Tell(step, {.what = what, .words = words});
}

void Service::GiveUpBatch(StepContext& step, const ReplaceOperation& replace, const Cause& why) {
  for (size_t i = replace.committed; i < replace.begun; ++i) {
    awaited_[replace.slots[i]].awaited = false;
    MarkDirty(replace.slots[i]).Abandon(step, why);
  }
}

void Service::AbortReplace(StepContext& step, ReplaceOperation& replace, uint32_t failed) {
  const bool recorded = replace.by_operator && !replace.goes_back;
  std::string words = recorded ? log_.OnLost(slots_[failed], step.at.now) : "";
  if (words.empty()) words = SlotTrouble(failed);
  GiveUpBatch(step, replace, MakeCause(Cause::Kind::kOtherFailed));
  GoBack(step, replace, words);
}

void Service::EndReplace(StepContext& step, ReplaceOperation done, Answer answer, const std::string& words) {
  for (uint32_t i = 0; done.keeps && i < slots_.size(); ++i) MarkDirty(i).LetOldGo(step);
  operation_ = std::monostate{};
  std::fill(awaited_.begin(), awaited_.end(), Awaited{});
  const RolloutRecord::Outcome outcome = OutcomeOf(done, answer);
  if (done.by_operator) log_.End(outcome, words, step.at.now);
  TellOfRoll(step, done, ReportOf(outcome), words);
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
  std::optional<uint32_t> worn_out;  // one at a time, while all others serve
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    const std::optional<WorkerAsked>& ask = slots_[i].due_ask();
    if (!ask.has_value()) continue;
    if (ask->recycles) {
      if (!worn_out.has_value()) worn_out = i;
      continue;
    }
    if (ask->urgency == Urgency::kRestart) asked.urgency = Urgency::kRestart;
    if (asked.slots.empty()) asked.cause = MakeCause(Cause::Kind::kWorkerAsked, ask->words);
    asked.slots.push_back(i);
  }
  const auto is_ready = [](const Slot& slot) { return slot.ready(); };
  if (asked.slots.empty() && worn_out.has_value() &&
      std::count_if(slots_.begin(), slots_.end(), is_ready) >= static_cast<ptrdiff_t>(policy().num)) {
    asked.cause = MakeCause(Cause::Kind::kRecycled, slots_[*worn_out].due_ask()->words);
    asked.slots.push_back(*worn_out);
  }
  if (!asked.slots.empty()) BeginReplace(step, std::move(asked));
}

}  // namespace fectl::core
