// What comes between the batches of a replacement and behind the last one; the way back; and its record.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/service/batch.h"
#include "master/core/service/service.h"

namespace fectl::core {

using Stage = ReplaceOperation::Stage;
using What = ServiceReport::What;

const ReplaceOperation* Service::rollout() const {
  const auto* replace = std::get_if<ReplaceOperation>(&operation_);
  return replace != nullptr && replace->by_operator ? replace : nullptr;
}

void Service::ReplaceIn(StepContext& step, const ReplaceOperation& replace, size_t place,
                        const Replacement& how) {
  Slot& slot = MarkDirty(replace.slots[place]);
  const int32_t old_pid = slot.pid_on_duty();
  slot.Replace(step, how);
  if (!replace.by_operator || replace.goes_back) return;
  log_.Add({.slot = slot.index(),
            .old_pid = old_pid,
            .before = replace.before[place],
            .generation = step.newest,
            .begun = step.at.now,
            .cause = {}});
}

void Service::CommitBatch(StepContext& step, ReplaceOperation& replace) {
  for (size_t i = replace.committed; i < replace.begun; ++i)
    MarkDirty(replace.slots[i]).Commit(step, replace.keeps);
  replace.progress_by = kNever;
  const Span watch = policy().rollout.min_ready;
  if (!replace.keeps || watch == Span{0}) return Proceed(step, replace, /*promoted=*/false);
  replace.stage = Stage::kProving;
  replace.until = step.at.now + watch;
  TellOfRoll(step, replace, What::kRollProceeds,
             ProgressWords(replace, "they are watched for " + SecondsInWords(watch)));
}

// The new workers of the batch have proven themselves.
void Service::Proceed(StepContext& step, ReplaceOperation& replace, bool promoted) {
  const RolloutPolicy& rollout = policy().rollout;
  const bool last = replace.begun == replace.slots.size();
  const bool waits = replace.held || (replace.canary && !rollout.auto_promote);
  replace.until = kNever;
  if (waits && !promoted && (!last || replace.stage == Stage::kBaking)) {
    replace.stage = Stage::kHeld;
    return TellOfRoll(step, replace, What::kRollProceeds,
                      ProgressWords(replace, "it waits for an operator to promote it"));
  }
  if (!last) {
    for (size_t i = 0; rollout.bake == Span{0} && i < replace.begun; ++i)
      MarkDirty(replace.slots[i]).LetOldGo(step);
    return BeginBatch(step, replace);
  }
  if (replace.keeps && rollout.bake > Span{0} && !promoted && replace.stage != Stage::kBaking) {
    replace.stage = Stage::kBaking;
    replace.until = step.at.now + rollout.bake;
    return TellOfRoll(step, replace, What::kRollProceeds,
                      ProgressWords(replace, "the old ones are kept for " + SecondsInWords(rollout.bake)));
  }
  const std::string words = replace.words;
  EndReplace(step, std::move(replace), words.empty() ? Answer::kStarted : Answer::kFailed, words);
}

// The replacement has failed, or is not wanted any more. What is kept serves again at once; what runs another
// version than before without anybody to come back is replaced once more.
void Service::GoBack(StepContext& step, ReplaceOperation& replace, const std::string& words) {
  if (replace.goes_back) {
    const std::string all = replace.words + "; going back failed, too: " + words;
    replace.goes_back = false;
    return EndReplace(step, std::move(replace), Answer::kFailed, all);
  }
  ReplaceOperation back;
  back.words = words + WhoServesOn(replace, slots_);
  const bool wanted = policy().rollout.auto_revert || replace.aborted;
  const Cause why = MakeCause(replace.aborted ? Cause::Kind::kAborted : Cause::Kind::kOtherFailed);
  for (uint32_t i = 0; i < slots_.size(); ++i)
    wanted ? MarkDirty(i).GoBack(step, why) : MarkDirty(i).LetOldGo(step);
  if (wanted) FindWhatToBringBack(replace, slots_, policy().num, back);
  const bool came_back = replace.keeps && log_.SomeServeAgain(replace, slots_);
  if (came_back && back.slots.empty()) back.words = words + "; the old workers serve again";
  if (!came_back && back.slots.empty() && replace.committed > 0) {
    back.words += " (" + std::to_string(replace.committed) + " of " + std::to_string(replace.slots.size()) +
                  " workers had been replaced before)";
  }
  back.goes_back = came_back || !back.slots.empty();
  back.aborted = replace.aborted;
  back.by_operator = replace.by_operator;
  back.waiters = std::move(replace.waiters);
  back.cause = MakeCause(Cause::Kind::kWentBack);
  if (replace.by_operator) log_.GoesBack(step.at.now);
  operation_ = std::monostate{};
  if (back.slots.empty()) {
    const std::string all = back.words;
    return EndReplace(step, std::move(back), Answer::kFailed, all);
  }
  std::fill(awaited_.begin(), awaited_.end(), Awaited{});
  BeginReplace(step, std::move(back));
}

void Service::OnOwnTime(StepContext& step) {
  if (OwnDeadline(operation_) > step.at.now) return;
  auto& replace = std::get<ReplaceOperation>(operation_);
  if (replace.until <= step.at.now) return Proceed(step, replace, /*promoted=*/false);
  const std::string words = "no worker was loaded for " + SecondsInWords(policy().rollout.progress_deadline) +
                            " (progress_deadline)";
  if (replace.before_roll.has_value()) return FailRoll(step, words);
  GiveUpBatch(step, replace, MakeCause(Cause::Kind::kOtherFailed));
  GoBack(step, replace, words);
}

void Service::OnRolloutVerb(StepContext& step, RequestId request, Verb verb) {
  auto* replace = std::get_if<ReplaceOperation>(&operation_);
  const auto refuse = [&](const std::string& words) {
    ReplyAll(step, {request}, Answer::kErrorRunning, policy().name + " " + words);
  };
  if (replace == nullptr || !replace->by_operator) return refuse("has no rollout under way");
  if (replace->goes_back) return refuse("is going back to the version before already");
  if (verb == Verb::kPromote && replace->stage == Stage::kLoading && !replace->held)
    return refuse("waits for nothing: its new workers are not loaded yet");
  ReplyAll(step, {request}, Answer::kDone, "");
  if (verb == Verb::kHold) {
    replace->held = true;
  } else if (verb == Verb::kPromote) {
    replace->held = false;
    if (replace->stage != Stage::kLoading) Proceed(step, *replace, /*promoted=*/true);
  } else {
    replace->aborted = true;
    GiveUpBatch(step, *replace, MakeCause(Cause::Kind::kAborted));
    GoBack(step, *replace, "an operator aborted it");
  }
}

}  // namespace fectl::core
