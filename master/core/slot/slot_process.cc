// What happens to a slot's processes. (Commands of the service: slot_commands.cc.)

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "master/core/basis/backoff.h"
#include "master/core/basis/limits.h"
#include "master/core/basis/overloaded.h"
#include "master/core/slot/slot.h"

namespace fectl::core {
namespace {

constexpr int32_t kTerminateNumber = 15;  // SIGTERM, as in signal_names.cc

}  // namespace

void Slot::OnSpawned(StepContext& step, Generation generation, int32_t pid) {
  const Place found = Find(generation);
  if (found.process == nullptr || found.process->pid != 0) return;  // a second number is another process's
  found.process->pid = pid;
  shortages_ = 0;
  if (found.role == Role::kLeaving) return;  // told to leave in the same turn
  // Its time begins now: it may have waited behind many other starts.
  found.process->since = step.at.now;
  const Instant deadline = StartDeadline(step, *found.process);
  std::visit(Overloaded{
                 [](const OneOf<Vacant, Waiting, Serving, Baking, GivenUp, Done> auto&) {},
                 [&](Starting& starting) {
                   starting.deadline = deadline;
                   Note(step, Milestone::kStarting, starting.process, starting.cause);
                 },
                 [&](Replacing& replacing) {
                   if (found.role != Role::kNext) return;
                   replacing.deadline = deadline;
                   const bool reload = replacing.urgency == Urgency::kReload;
                   Note(step, reload ? Milestone::kReloading : Milestone::kRestarting, replacing.next,
                        replacing.cause);
                 },
             },
             state_);
}

SlotOutcome Slot::OnLost(StepContext& step, Generation generation, const Cause& cause, StopMode mode) {
  const Place found = Find(generation);
  if (found.role == Role::kUnknown || found.role == Role::kLeaving) return SlotOutcome::kNothing;
  // A worker that does not serve yet has nothing to finish.
  const bool served = found.role == Role::kServing || found.role == Role::kOld;
  const StopMode milder = mode == StopMode::kFinish && !served ? StopMode::kAbandon : mode;
  const Process process = *found.process;
  Retire(step, process, milder,
         milder == StopMode::kAbandon ? AbandonGrace(process) : process.shutdown_timeout);
  if (mode == StopMode::kExamine) step.effects.emplace_back(Examine{Who(step, process), cause});
  const SlotOutcome outcome = Lose(step, found.role, cause);
  if (mode == StopMode::kExamine) trouble_of_ = generation;
  return outcome;
}

void Slot::OnExamined(StepContext& step, const Examined& event) {
  const auto found = FindLeaving(event.who.generation);
  if (found == leaving_.end() || !found->examined) return;
  if (!event.words.empty()) {
    Note(step, Milestone::kExamined, found->process, MakeCause(Cause::Kind::kFound, event.words));
    if (trouble_of_ == event.who.generation) {
      std::string before = last_trouble_.text;
      if (before.empty() && last_trouble_.kind == Cause::Kind::kLeaseExpired) before = "something";
      if (!before.empty()) before += "; ";
      last_trouble_.text = (before + event.words).substr(0, kCauseTextBytes);
      trouble_of_ = 0;
    }
  }
  if (found->stage < Leaving::Stage::kKilled) KillLeaving(step, *found);
}

SlotOutcome Slot::OnExited(StepContext& step, Generation generation, const Cause& cause, bool group_left) {
  const Place found = Find(generation);
  if (found.role == Role::kUnknown) return SlotOutcome::kNothing;
  if (found.role == Role::kLeaving) {
    Leaving& leaving = *FindLeaving(generation);
    return leaving.ended ? SlotOutcome::kNothing : LeavingExited(step, leaving, cause, group_left);
  }
  if (group_left) {
    // Nobody asked it to leave, so nothing that it had started was given time.
    Retire(step, *found.process, StopMode::kKill, Span{0});
    leaving_.back().ended = true;
  }
  ForgetLease(generation);
  return Lose(step, found.role, cause);
}

SlotOutcome Slot::LeavingExited(StepContext& step, Leaving& leaving, Cause cause, bool group_left) {
  const bool signaled = leaving.finishes && cause.kind == Cause::Kind::kSignaled;
  const bool cut_short = signaled && cause.number == kTerminateNumber;
  if (cut_short) cause.text += (cause.text.empty() ? "" : ", ") + std::string(kCutShortHint);
  Note(step, cut_short ? Milestone::kCutShort : Milestone::kStopped, leaving.process, cause);
  leaving.ended = true;
  leaving.cut_short = cut_short;
  // Where a shell was killed and the program behind it goes on, that may still finish everything.
  const bool undrained = signaled && !(cut_short && group_left);
  undrained_.all += undrained ? 1 : 0;
  undrained_.by_sigterm += undrained && cut_short ? 1 : 0;
  if (!group_left) ForgetLeaving(step, leaving.process.generation);
  return SlotOutcome::kNothing;
}

SlotOutcome Slot::OnGroupEnded(StepContext& step, Generation generation) {
  const auto found = FindLeaving(generation);
  if (found == leaving_.end() || !found->ended) return SlotOutcome::kNothing;
  Note(step, Milestone::kStopped, found->process, MakeCause(Cause::Kind::kGroupEnded));
  if (found->finishes && found->cut_short && found->stage >= Leaving::Stage::kKilled) ++undrained_.all;
  ForgetLeaving(step, generation);
  return SlotOutcome::kNothing;
}

void Slot::ForgetLeaving(StepContext& step, Generation gone) {
  leaving_.erase(FindLeaving(gone));
  std::visit(Overloaded{
                 [](OneOf<Vacant, Starting, Serving, Replacing, Baking, GivenUp, Done> auto&) {},
                 [&](Waiting& waiting) {
                   if (waiting.retry_at == kNever && !has_unkillable()) waiting.retry_at = step.at.now;
                 },
             },
             state_);
}

SlotOutcome Slot::OnLoaded(StepContext& step, Generation generation) {
  const Place found = Find(generation);
  if (found.process == nullptr) return SlotOutcome::kNothing;
  found.process->message_due = kNever;
  if (found.role == Role::kLeaving) return SlotOutcome::kNothing;  // too late
  return std::visit(Overloaded{
                        [](OneOf<Vacant, Waiting, Serving, Baking, GivenUp, Done> auto& /*said twice*/) {
                          return SlotOutcome::kNothing;
                        },
                        [&](Starting& starting) {
                          if (starting.process.oneshot) return SlotOutcome::kNothing;
                          return Loaded(step, std::move(starting));
                        },
                        [&](Replacing& replacing) {
                          if (found.role != Role::kNext || replacing.next_loaded)
                            return SlotOutcome::kNothing;
                          ForgetLease(generation);
                          replacing.next_loaded = true;
                          replacing.deadline = step.at.now + replacing.next.timeout;
                          replacing.loaded_at = step.at.now;
                          return SlotOutcome::kReady;
                        },
                    },
                    state_);
}

SlotOutcome Slot::Loaded(StepContext& step, Starting starting) {
  failed_starts_ = 0;
  ForgetLease(starting.process.generation);
  if (starting.cause.kind == Cause::Kind::kOperator) ForgetTrouble();
  const Instant beat_deadline = step.at.now + starting.process.timeout;
  Serve(step, std::move(starting.process), beat_deadline, step.at.now, MakeCause(Cause::Kind::kNone));
  return SlotOutcome::kReady;
}

void Slot::OnBeat(Generation generation, Instant now) {
  // By far the most frequent event, and nearly always of the process that serves.
  const auto extend = [&](Process& process, bool loaded, Instant& deadline) {
    if (process.generation != generation) return;
    process.message_due = kNever;
    if (loaded && !process.channel_closed)
      deadline = std::max(now + process.timeout, LeasedUntil(generation));
  };
  std::visit(Overloaded{
                 [](OneOf<Vacant, Waiting, GivenUp, Done> auto&) {},
                 [&](Starting& starting) { extend(starting.process, false, starting.deadline); },
                 [&](Serving& serving) { extend(serving.process, true, serving.deadline); },
                 [&](Baking& baking) {
                   extend(baking.now.process, true, baking.now.deadline);
                   extend(baking.old.process, true, baking.old.deadline);
                 },
                 [&](Replacing& replacing) {
                   extend(replacing.old.process, true, replacing.old.deadline);
                   extend(replacing.next, replacing.next_loaded, replacing.deadline);
                 },
             },
             state_);
}

void Slot::OnBeganMessage(StepContext& step, Generation generation) {
  const Place found = Find(generation);
  if (found.process == nullptr || found.role == Role::kLeaving || found.process->oneshot) return;
  found.process->message_due = std::min(found.process->message_due, step.at.now + kMessageGrace);
}

SlotOutcome Slot::OnAsked(StepContext& step, const WorkerAsked& event) {
  const Place found = Find(event.who.generation);
  if (found.process == nullptr) return SlotOutcome::kNothing;
  if (event.leaves) found.process->excused = true;
  if (found.role == Role::kLeaving) return SlotOutcome::kNothing;
  // A worker that is being replaced already, or that does not serve yet, asks for nothing new.
  return std::visit(Overloaded{
                        [](const OneOf<Vacant, Waiting, Starting, Replacing, GivenUp, Done> auto&) {
                          return SlotOutcome::kNothing;
                        },
                        [&](const Serving& serving) { return Asked(step, serving, event); },
                        [&](const Baking& /*is heeded when the rollout is over*/) {
                          const bool asked = due_ask_.has_value() && !due_ask_->recycles;
                          if (found.role == Role::kServing && !(asked && event.recycles)) due_ask_ = event;
                          return SlotOutcome::kNothing;
                        },
                    },
                    state_);
}

SlotOutcome Slot::Asked(StepContext& step, const Serving& serving, const WorkerAsked& event) {
  if (std::optional<WorkerAsked>& before = due_ask_.has_value() ? due_ask_ : later_ask_; before.has_value()) {
    // Its own request does not wait until all serve.
    if (event.recycles || !before->recycles) return SlotOutcome::kNothing;
    before = event;
    return due_ask_.has_value() ? SlotOutcome::kAsks : SlotOutcome::kNothing;
  }
  if (step.at.now - serving.loaded_at >= kStableAfter) asks_ = 0;
  const Span delay = BackoffDelay(asks_++, step.random);
  if (delay == Span{0}) {
    due_ask_ = event;
    return SlotOutcome::kAsks;
  }
  later_ask_ = event;
  ask_at_ = step.at.now + delay;
  return SlotOutcome::kNothing;
}

void Slot::OnChannelClosed(StepContext& step, Generation generation) {
  const Place found = Find(generation);
  if (found.process == nullptr || found.process->channel_closed) return;
  found.process->channel_closed = true;
  if (found.process->oneshot) return;  // it may know nothing of its pipe
  ForgetLease(generation);             // which it could not end
  if (found.deadline != nullptr) *found.deadline = std::min(*found.deadline, step.at.now + kChannelGrace);
}

// Failed starts and crashes are counted together: a program that fails now in its start and now behind it is
// one loop.
void Slot::TryAgain(StepContext& step, Cause::Kind why) {
  ++restarts_;
  const Span delay = BackoffDelay(losses_++, step.random);
  if (delay == Span{0}) {
    StartAgain(step, why);
  } else {
    state_ = Waiting{step.at.now + delay, why};
  }
}

// The system's shortage is no loss of the worker's, so it counts neither as one nor as a restart.
SlotOutcome Slot::TryWhenThereIsRoom(StepContext& step) {
  const Instant now = step.at.now;
  Instant retry_at = now + std::min(BackoffDelay(++shortages_, step.random), kRoomRetryMax);
  const bool in_time = now < start_by_;
  if (in_time) retry_at = std::min(retry_at, start_by_);  // the last attempt before somebody is told
  retry_at = std::max(retry_at, now + kRoomPause);
  state_ = Waiting{retry_at, Cause::Kind::kAfterFailedStart, now + kRoomPause};
  return in_time ? SlotOutcome::kStartFailed : SlotOutcome::kNoRoom;
}

// People are told once, not at each loss.
void Slot::NoteIfCrashing(StepContext& step, const Cause& cause) {
  if (crashing_ || losses_ + 1 < kCrashingFrom) return;
  crashing_ = true;
  Cause loop = MakeCause(Cause::Kind::kCrashLoop, ToWords(cause));
  loop.number = static_cast<int32_t>(losses_ + 1);
  NoteOfNone(step, Milestone::kCrashing, std::move(loop));
}

// What one process hung on its successor will hang on, too, and they would become more and more: so nothing
// is started by itself until it is gone.
void Slot::StartAgain(StepContext& step, Cause::Kind why) {
  if (has_unkillable() || step.ending) {
    state_ = Waiting{kNever, why};
  } else {
    Start(step, MakeCause(why));
  }
}

// `once`: it is not tried again, as what a oneshot has done by half is for people to look at.
SlotOutcome Slot::AfterFailedStart(StepContext& step, const Cause& cause, bool once) {
  // A configuration error is the worker's own word that another attempt is of no use.
  const bool useless = cause.kind == Cause::Kind::kConfigError;
  // A system without memory or process numbers says nothing about the worker: no number of such attempts is
  // the last.
  if (cause.start_failure == StartFailure::kTransient) return TryWhenThereIsRoom(step);
  ++failed_starts_;
  const bool last = useless || once || failed_starts_ >= std::max(1U, step.policy.restarts);
  if (!last) {
    // A start that never came up is told by the start itself; this is about a worker that served before.
    if (losses_ + 1 > failed_starts_) NoteIfCrashing(step, cause);
    TryAgain(step, Cause::Kind::kAfterFailedStart);
    return SlotOutcome::kStartFailed;
  }
  state_ = GivenUp{};
  crashing_ = false;
  NoteOfNone(step, Milestone::kFailed, cause);
  return SlotOutcome::kGaveUp;
}

void Slot::AfterLoss(StepContext& step, const Serving& lost, const Cause& cause, bool on_purpose) {
  if (step.at.now - lost.loaded_at >= kStableAfter) losses_ = 0;
  if (on_purpose) {
    // It left on purpose before its replacement was there: no failure, but paced like one.
    TryAgain(step, Cause::Kind::kWorkerAsked);
    --restarts_;  // those are after losses
    return;
  }
  NoteIfCrashing(step, cause);
  TryAgain(step, Cause::Kind::kAfterCrash);
}

SlotOutcome Slot::Lose(StepContext& step, Role role, const Cause& cause) {
  SlotState before = std::exchange(state_, Vacant{});
  last_trouble_ = cause;
  trouble_of_ = 0;
  return std::visit(Overloaded{
                        [](OneOf<Vacant, Waiting, GivenUp, Done> auto& /*has nobody to lose*/) {
                          return SlotOutcome::kNothing;
                        },
                        [&](Starting& starting) {
                          const Process& process = starting.process;
                          if (process.oneshot && cause.kind == Cause::Kind::kExited && cause.number == 0)
                            return EndOneshot(step, process, cause);
                          Note(step, Milestone::kLost, process, cause);
                          return AfterFailedStart(step, cause, process.oneshot);
                        },
                        [&](Serving& serving) { return LoseServing(step, serving, cause); },
                        [&](Baking& baking) { return LoseBaking(step, role, std::move(baking), cause); },
                        [&](Replacing& replacing) {
                          return role == Role::kOld ? LoseOld(step, std::move(replacing), cause)
                                                    : LoseNext(step, std::move(replacing), cause);
                        },
                    },
                    before);
}

SlotOutcome Slot::EndOneshot(StepContext& step, const Process& process, const Cause& cause) {
  last_trouble_ = {};
  Note(step, Milestone::kDone, process, cause);
  state_ = Done{step.at.now};
  return SlotOutcome::kReady;
}

SlotOutcome Slot::LoseServing(StepContext& step, const Serving& lost, const Cause& cause) {
  ForgetAsks();  // what it asked for went with it
  const bool on_purpose = lost.process.excused && cause.kind == Cause::Kind::kExited;
  if (on_purpose) last_trouble_ = {};
  Note(step, on_purpose ? Milestone::kStopped : Milestone::kLost, lost.process, cause);
  if (cause.kind == Cause::Kind::kConfigError) return AfterFailedStart(step, cause, false);
  AfterLoss(step, lost, cause, on_purpose);
  return on_purpose ? SlotOutcome::kNothing : SlotOutcome::kLost;
}

SlotOutcome Slot::LoseOld(StepContext& step, Replacing before, const Cause& cause) {
  Note(step, Milestone::kLost, before.old.process, cause);
  // The new one goes on alone; if it is ready, nobody is left to wait for.
  plan_ = before.next.plan;
  if (before.next_loaded) {
    Serve(step, std::move(before.next), before.deadline, before.loaded_at, before.cause);
  } else {
    state_ = Starting{std::move(before.next), before.deadline, std::move(before.cause)};
  }
  return SlotOutcome::kNothing;
}

SlotOutcome Slot::LoseNext(StepContext& step, Replacing before, const Cause& cause) {
  Note(step, EndOfReplacement(before.urgency, true), before.next, cause);
  Restore(step, std::move(before.old));
  return SlotOutcome::kReplacementFailed;
}

}  // namespace fectl::core
