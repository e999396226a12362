// What a service does about others: those that it names in its policy, and those that name it. Who they are
// knows the supervisor (supervisor_order.cc). (The rest of the service is in service.cc.)

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/basis/check.h"
#include "master/core/basis/overloaded.h"
#include "master/core/service/batch.h"
#include "master/core/service/service.h"

namespace fectl::core {

Standing Service::standing() const {
  switch (state()) {
    case ServiceState::kStopped:
      return Standing::kDown;
    case ServiceState::kStopping:
      return held_starts_.empty() ? Standing::kDown : Standing::kComing;
    case ServiceState::kFailed:
      return Standing::kFailed;
    case ServiceState::kDone:
      return Standing::kReady;
    case ServiceState::kWaiting:
      return waiting()->blocked ? Standing::kBlocked : Standing::kComing;
    case ServiceState::kStarting:
      return Standing::kComing;
    case ServiceState::kRunning:
    case ServiceState::kPaused:
    case ServiceState::kReloading:
      break;
  }
  return counts_.ready >= policy().num ? Standing::kReady : Standing::kComing;
}

std::string Service::TroubleInWords() const {
  if (const WaitOperation* wait = waiting()) return wait->words;
  const auto found = trouble();
  if (!found.has_value()) return "";
  const std::string words = ToWords(found->second);
  return policy().oneshot ? words : "worker(" + std::to_string(found->first + 1) + ") " + words;
}

Instant Service::done_since() const {
  if (state() != ServiceState::kDone) return kNever;
  Instant since{0};
  for (const Slot& slot : slots_) {
    if (const auto* done = std::get_if<Done>(&slot.state())) since = std::max(since, done->since);
  }
  return since;
}

// What has somebody on duty is not started, but completed, and waits for nothing.
void Service::BeginStart(StepContext& step, RequestId request, const Cause& cause, bool alone) {
  std::vector<RequestId> waiters;
  if (request != 0) waiters.push_back(request);
  const bool names_others = !policy().after.empty() || !policy().require.empty();
  const bool waits =
      names_others && !alone &&
      std::none_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.on_duty() > 0; });
  if (waits) {
    BeginWait(step, std::move(waiters), cause);
  } else {
    BeginStartNow(step, std::move(waiters), cause);
  }
}

void Service::BeginWait(StepContext& step, std::vector<RequestId> waiters, const Cause& cause) {
  FECTL_CHECK(std::holds_alternative<std::monostate>(operation_), "one operation at a time");
  if (!up_) up_since_ = step.at.now;
  up_ = true;
  // Attempts that would be made again by themselves come too early now.
  for (uint32_t i = 0; i < slots_.size(); ++i) MarkDirty(i).RetireAll(step, StopMode::kFinish, cause);
  operation_ = WaitOperation{.waiters = std::move(waiters), .cause = cause};
}

void Service::BeginStartNow(StepContext& step, std::vector<RequestId> waiters, const Cause& cause) {
  if (!up_) up_since_ = step.at.now;
  up_ = true;
  ++runs_;
  // There is one operation at a time. A worker's own replacement, which nobody waits for, gives way.
  if (const auto* replace = std::get_if<ReplaceOperation>(&operation_)) {
    GiveUpBatch(step, *replace, MakeCause(Cause::Kind::kGaveWay));
  }
  StartOperation start;
  start.waiters = std::move(waiters);
  for (uint32_t i = 0; i < policy().num; ++i) {
    awaited_[i].without_room = false;
    awaited_[i].awaited = !slots_[i].ready();
    if (!awaited_[i].awaited) continue;
    ++start.awaited;
    // A reload that failed may have left a start under way: its worker is as new as one that would be started
    // now.
    if (!slots_[i].starting()) MarkDirty(i).Launch(step, cause, step.plan);
  }
  operation_ = std::move(start);
}

bool Service::OnVerdict(StepContext& step, const StartVerdict& verdict) {
  auto& wait = std::get<WaitOperation>(operation_);
  if (verdict.begins) {
    const WaitOperation done = std::move(wait);
    operation_ = std::monostate{};
    BeginStartNow(step, done.waiters, done.cause);
    return true;
  }
  const bool changed = wait.blocked != verdict.blocked || wait.words != verdict.words;
  wait.blocked = verdict.blocked;
  wait.words = verdict.words;
  // Where it waits for another one now; that it waits at all is told by Settle().
  if (changed && told_.condition == Condition::kWaiting)
    Tell(step, {.what = ServiceReport::What::kCondition, .words = wait.words});
  // It goes on waiting, but who asked for it need not.
  if (wait.blocked) ReplyAll(step, std::exchange(wait.waiters, {}), Answer::kFailed, wait.words);
  return changed;
}

const BeforeRoll* Service::before_roll() const {
  const auto* replace = std::get_if<ReplaceOperation>(&operation_);
  return replace != nullptr && replace->before_roll.has_value() ? &*replace->before_roll : nullptr;
}

void Service::OnOneshotKnown(const BeforeRoll& before_roll) {
  std::get<ReplaceOperation>(operation_).before_roll = before_roll;
}

void Service::BeginRoll(StepContext& step) {
  auto& replace = std::get<ReplaceOperation>(operation_);
  replace.before_roll.reset();
  BeginBatch(step, replace);
}

void Service::FailRoll(StepContext& step, const std::string& words) {
  auto& replace = std::get<ReplaceOperation>(operation_);
  const std::string all = words + WhoServesOn(replace, slots_);
  EndReplace(step, std::move(replace), Answer::kFailed, all);
}

// Of everything that is under way or is to follow it.
void Service::AnswerWaiters(StepContext& step) {
  const std::string words = WasStopped();
  if (const ReplaceOperation* replace = rollout()) {
    log_.End(RolloutRecord::Outcome::kStopped, words, step.at.now);
    TellOfRoll(step, *replace, ServiceReport::What::kRollAborted, words);
  }
  std::visit(Overloaded{
                 [](const OneOf<std::monostate, StopOperation> auto&) {},
                 [&](const OneOf<StartOperation, ReplaceOperation, WaitOperation> auto& given_up) {
                   ReplyAll(step, given_up.waiters, Answer::kErrorStopping, words);
                 },
             },
             operation_);
  if (queued_.has_value()) ReplyAll(step, queued_->waiters, Answer::kErrorStopping, words);
  queued_.reset();
  ReplyAll(step, std::exchange(held_starts_, {}), Answer::kErrorStopping, words);
}

void Service::AwaitShutdown(StepContext& step) {
  AnswerWaiters(step);
  if (const auto* replace = std::get_if<ReplaceOperation>(&operation_))
    GiveUpBatch(step, *replace, MakeCause(Cause::Kind::kMasterStops));
  for (uint32_t i = 0; i < slots_.size(); ++i) MarkDirty(i).LetOldGo(step);
  std::fill(awaited_.begin(), awaited_.end(), Awaited{});
  operation_ = std::monostate{};
}

}  // namespace fectl::core
