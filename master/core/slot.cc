#include "master/core/slot.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>

#include "master/core/backoff.h"
#include "master/core/limits.h"

namespace fectl::core {
namespace {

// `failed`: and not given up for something else.
Milestone EndOfReplacement(Urgency urgency, bool failed) {
  if (urgency == Urgency::kReload) return failed ? Milestone::kReloadFailed : Milestone::kReloadGivenUp;
  return failed ? Milestone::kRestartFailed : Milestone::kRestartGivenUp;
}

int64_t InMilliseconds(Span span) {
  return span.ns / 1'000'000;
}

}  // namespace

Incarnation Slot::Who(const StepContext& step, const Process& process) const {
  return Incarnation{step.service, index_, process.generation};
}

void Slot::Note(StepContext& step, Milestone milestone, int32_t pid, Cause cause) {
  Record record{step.at.wall_seconds, pid, milestone, std::move(cause)};
  step.effects.emplace_back(Report{step.service, index_, record});
  history_.Add(std::move(record));
}

Process Slot::NewProcess(StepContext& step, PlanVersion plan) {
  Process process;
  process.generation = ++step.newest;
  process.plan = plan;
  process.since = step.at.now;
  process.timeout = step.policy.timeout;
  process.shutdown_timeout = step.policy.shutdown_timeout;
  step.effects.emplace_back(Spawn{Who(step, process), plan});
  return process;
}

void Slot::ForgetAsks() {
  due_ask_.reset();
  later_ask_.reset();
  ask_at_ = kNever;
}

void Slot::Start(StepContext& step, Cause cause) {
  state_ = Starting{NewProcess(step, plan_), step.at.now + step.policy.startup_timeout, std::move(cause)};
}

void Slot::Launch(StepContext& step, Cause cause) {
  failed_starts_ = 0;
  losses_ = 0;
  crashing_ = false;
  shortages_ = 0;
  asks_ = 0;
  start_by_ = step.at.now + step.policy.startup_timeout;
  plan_ = step.plan;
  Start(step, std::move(cause));
}

void Slot::Replace(StepContext& step, Urgency urgency, Cause cause) {
  if (auto* serving = std::get_if<Serving>(&state_)) {
    ForgetAsks();
    state_ = Replacing{.old = std::move(*serving),
                       .next = NewProcess(step, step.plan),
                       .deadline = step.at.now + step.policy.startup_timeout,
                       .loaded_at = {},
                       .urgency = urgency,
                       .cause = std::move(cause)};
  } else if (!std::holds_alternative<Replacing>(state_)) {
    // A start that is on its way may still be one of the old program: what was asked for is the new one.
    if (auto* starting = std::get_if<Starting>(&state_)) {
      Note(step, Milestone::kStopping, starting->process.pid, cause);
      Retire(step, starting->process, StopMode::kAbandon, AbandonGrace(starting->process));
    }
    Launch(step, std::move(cause));
  }
}

void Slot::Serve(StepContext& step, Process process, Instant deadline, Instant loaded_at,
                 const Cause& cause) {
  Serving serving{std::move(process), deadline, loaded_at, Serving::LastOrder::kNothing};
  if (step.paused) {
    // It was never told to start, so it need not be told to pause: it becomes `start` with the resume.
    Note(step, Milestone::kPaused, serving.process.pid, cause);
  } else {
    step.effects.emplace_back(Send{Who(step, serving.process), Order::kStart});
    serving.last_order = Serving::LastOrder::kStart;
    Note(step, Milestone::kRunning, serving.process.pid, cause);
  }
  state_ = std::move(serving);
}

void Slot::Commit(StepContext& step) {
  auto* replacing = std::get_if<Replacing>(&state_);
  if (replacing == nullptr || !replacing->next_loaded) return;
  Replacing done = std::move(*replacing);
  if (done.cause.kind == Cause::Kind::kOperator) {
    // What is new is judged anew, as after Launch().
    losses_ = 0;
    crashing_ = false;
  }
  ForgetTrouble();
  plan_ = done.next.plan;
  // The new one is told to serve before the old one is told to leave.
  Serve(step, std::move(done.next), done.deadline, done.loaded_at, done.cause);
  Note(step, Milestone::kStoppingOld, done.old.process.pid, done.cause);
  Retire(step, done.old.process, StopMode::kFinish, done.old.process.shutdown_timeout);
}

void Slot::Abandon(StepContext& step, const Cause& why) {
  auto* replacing = std::get_if<Replacing>(&state_);
  if (replacing == nullptr) return;
  Replacing given_up = std::move(*replacing);
  const bool failed = why.kind != Cause::Kind::kGaveWay;
  Note(step, EndOfReplacement(given_up.urgency, failed), given_up.next.pid, why);
  Retire(step, given_up.next, StopMode::kAbandon, AbandonGrace(given_up.next));
  Restore(step, std::move(given_up.old));
}

void Slot::Restore(StepContext& step, Serving old) {
  Note(step, old.last_order == Serving::LastOrder::kStart ? Milestone::kRunning : Milestone::kPaused,
       old.process.pid, MakeCause(Cause::Kind::kRestored));
  state_ = std::move(old);
}

void Slot::Retire(StepContext& step, const Process& process, StopMode mode, Span grace) {
  const Incarnation who = Who(step, process);
  Leaving leaving{.process = process,
                  .told_at = step.at.now,
                  .deadline = step.at.now + grace,
                  .grace = grace,
                  .finishes = mode == StopMode::kFinish};
  leaving.process.message_due = kNever;  // it is not waited for any more
  switch (mode) {
    case StopMode::kFinish:
    case StopMode::kAbandon:
      // Both, since a worker may have lost its pipe, and one that only waits for the signal may have no
      // handler yet.
      step.effects.emplace_back(Send{who, Order::kStop});
      step.effects.emplace_back(Signal{who, Sig::kTerminate});
      break;
    case StopMode::kQuick:
      step.effects.emplace_back(Signal{who, Sig::kQuit});
      leaving.stage = Leaving::Stage::kHurried;
      leaving.grace = std::min(grace, kQuickGrace);
      leaving.deadline = step.at.now + leaving.grace;
      break;
    case StopMode::kKill:
      step.effects.emplace_back(Signal{who, Sig::kKill});
      leaving.stage = Leaving::Stage::kKilled;
      leaving.deadline = step.at.now + kUnkillableAfter;
      break;
  }
  leaving_.push_back(std::move(leaving));
  BoundLeaving(step);
}

void Slot::KillLeaving(StepContext& step, Leaving& leaving) {
  step.effects.emplace_back(Signal{Who(step, leaving.process), Sig::kKill});
  leaving.stage = Leaving::Stage::kKilled;
  leaving.deadline = step.at.now + kUnkillableAfter;
}

void Slot::BoundLeaving(StepContext& step) {
  const auto has_time = [](const Leaving& leaving) { return leaving.stage < Leaving::Stage::kKilled; };
  if (static_cast<size_t>(std::count_if(leaving_.begin(), leaving_.end(), has_time)) <= kLeavingMax) return;
  Leaving& oldest = *std::find_if(leaving_.begin(), leaving_.end(), has_time);
  Note(step, Milestone::kStopping, oldest.process.pid,
       MakeCause(Cause::Kind::kTooManyLeaving, int64_t{kLeavingMax}));
  KillLeaving(step, oldest);
}

void Slot::Hurry(StepContext& step) {
  for (Leaving& leaving : leaving_) {
    const Instant hurried = step.at.now + kHurriedGrace;
    if (leaving.stage >= Leaving::Stage::kKilled || leaving.deadline <= hurried) continue;
    leaving.grace = kHurriedGrace;
    leaving.deadline = hurried;
    Note(step, Milestone::kStopping, leaving.process.pid,
         MakeCause(Cause::Kind::kHurried, InMilliseconds(kHurriedGrace)));
  }
}

void Slot::RetireAll(StepContext& step, StopMode mode, const Cause& why) {
  ForgetAsks();
  crashing_ = false;
  const StopMode unready_mode = mode == StopMode::kFinish ? StopMode::kAbandon : mode;
  SlotState before = std::exchange(state_, Vacant{});
  if (auto* starting = std::get_if<Starting>(&before)) {
    Note(step, Milestone::kStopping, starting->process.pid, why);
    Retire(step, starting->process, unready_mode, AbandonGrace(starting->process));
  } else if (auto* serving = std::get_if<Serving>(&before)) {
    Note(step, Milestone::kStopping, serving->process.pid, why);
    Retire(step, serving->process, mode, serving->process.shutdown_timeout);
  } else if (auto* replacing = std::get_if<Replacing>(&before)) {
    const Cause stopped = why.kind == Cause::Kind::kOperator ? MakeCause(Cause::Kind::kToldToStop) : why;
    Note(step, EndOfReplacement(replacing->urgency, false), replacing->next.pid, stopped);
    Retire(step, replacing->next, unready_mode, AbandonGrace(replacing->next));
    Note(step, Milestone::kStopping, replacing->old.process.pid, why);
    Retire(step, replacing->old.process, mode, replacing->old.process.shutdown_timeout);
  } else if (!std::holds_alternative<Vacant>(before)) {
    Note(step, Milestone::kStopped, 0, why);
  }
}

void Slot::Hasten(StepContext& step, StopMode mode) {
  for (Leaving& leaving : leaving_) {
    if (mode != StopMode::kFinish) leaving.finishes = false;
    if (mode == StopMode::kQuick && leaving.stage == Leaving::Stage::kAsked) {
      // The signal is for the process alone.
      if (!leaving.ended) step.effects.emplace_back(Signal{Who(step, leaving.process), Sig::kQuit});
      leaving.stage = Leaving::Stage::kHurried;
      leaving.grace = kQuickGrace;
      leaving.deadline = std::min(leaving.deadline, step.at.now + kQuickGrace);
    } else if (mode == StopMode::kKill && leaving.stage < Leaving::Stage::kKilled) {
      KillLeaving(step, leaving);
    }
  }
}

void Slot::Pause(StepContext& step, const Cause& why) {
  Serving* serving = std::get_if<Serving>(&state_);
  if (auto* replacing = std::get_if<Replacing>(&state_)) serving = &replacing->old;
  if (serving == nullptr || serving->last_order != Serving::LastOrder::kStart) return;
  step.effects.emplace_back(Send{Who(step, serving->process), Order::kPause});
  serving->last_order = Serving::LastOrder::kPause;
  Note(step, Milestone::kPaused, serving->process.pid, why);
}

void Slot::Resume(StepContext& step, const Cause& why) {
  Serving* serving = std::get_if<Serving>(&state_);
  if (auto* replacing = std::get_if<Replacing>(&state_)) serving = &replacing->old;
  if (serving == nullptr || serving->last_order == Serving::LastOrder::kStart) return;
  const Order order = serving->last_order == Serving::LastOrder::kPause ? Order::kResume : Order::kStart;
  step.effects.emplace_back(Send{Who(step, serving->process), order});
  serving->last_order = Serving::LastOrder::kStart;
  Note(step, Milestone::kRunning, serving->process.pid, why);
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
  Note(step, Milestone::kCrashing, 0, std::move(loop));
}

// It belongs to the past once what somebody asked for has come up.
void Slot::ForgetTrouble() {
  if (!crashing_) last_trouble_ = {};
}

// What one process hung on its successor will hang on, too, and they would become more and more: so nothing
// is started by itself until it is gone.
void Slot::StartAgain(StepContext& step, Cause::Kind why) {
  if (has_unkillable()) {
    state_ = Waiting{kNever, why};
  } else {
    Start(step, MakeCause(why));
  }
}

SlotOutcome Slot::AfterFailedStart(StepContext& step, const Cause& cause) {
  // A configuration error is the worker's own word that another attempt is of no use.
  const bool useless = cause.kind == Cause::Kind::kConfigError;
  // A system without memory or process numbers says nothing about the worker: no number of such attempts is
  // the last.
  const bool transient = cause.kind == Cause::Kind::kSpawnFailed && cause.number != 0;
  if (!transient) ++failed_starts_;
  const bool last = useless || (!transient && failed_starts_ >= std::max(1U, step.policy.restarts));
  if (transient) return TryWhenThereIsRoom(step);
  if (!last) {
    // A start that never came up is told by the start itself; this is about a worker that served before.
    if (losses_ + 1 > failed_starts_) NoteIfCrashing(step, cause);
    TryAgain(step, Cause::Kind::kAfterFailedStart);
    return SlotOutcome::kStartFailed;
  }
  state_ = GivenUp{};
  crashing_ = false;
  Note(step, Milestone::kFailed, 0, cause);
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
  if (role == Role::kServing) ForgetAsks();  // what it asked for went with it
  switch (role) {
    case Role::kStarting: {
      Note(step, Milestone::kLost, std::get<Starting>(before).process.pid, cause);
      return AfterFailedStart(step, cause);
    }
    case Role::kServing: {
      const Serving& lost = std::get<Serving>(before);
      const bool on_purpose = lost.process.excused && cause.kind == Cause::Kind::kExited;
      if (on_purpose) last_trouble_ = {};
      Note(step, on_purpose ? Milestone::kStopped : Milestone::kLost, lost.process.pid, cause);
      if (cause.kind == Cause::Kind::kConfigError) return AfterFailedStart(step, cause);
      AfterLoss(step, lost, cause, on_purpose);
      return SlotOutcome::kNothing;
    }
    case Role::kOld: {
      Replacing& replacing = std::get<Replacing>(before);
      Note(step, Milestone::kLost, replacing.old.process.pid, cause);
      // The new one goes on alone; if it is ready, nobody is left to wait for.
      plan_ = replacing.next.plan;
      if (replacing.next_loaded) {
        Serve(step, std::move(replacing.next), replacing.deadline, replacing.loaded_at, replacing.cause);
      } else {
        state_ = Starting{std::move(replacing.next), replacing.deadline, std::move(replacing.cause)};
      }
      return SlotOutcome::kNothing;
    }
    case Role::kNext: {
      Replacing& replacing = std::get<Replacing>(before);
      Note(step, EndOfReplacement(replacing.urgency, true), replacing.next.pid, cause);
      Restore(step, std::move(replacing.old));
      return SlotOutcome::kReplacementFailed;
    }
    case Role::kUnknown:
    case Role::kLeaving:
      break;
  }
  state_ = std::move(before);
  return SlotOutcome::kNothing;
}

void Slot::LeavingOnTime(StepContext& step) {
  for (Leaving& leaving : leaving_) {
    if (leaving.deadline > step.at.now) continue;
    if (leaving.stage < Leaving::Stage::kKilled) {
      Note(step, Milestone::kStopping, leaving.process.pid,
           MakeCause(Cause::Kind::kShutdownTimeout, InMilliseconds(leaving.grace)));
      KillLeaving(step, leaving);
    } else {
      Note(step, Milestone::kAlarm, leaving.process.pid, MakeCause(Cause::Kind::kUnkillable));
      leaving.stage = Leaving::Stage::kAlarmed;
      leaving.deadline = kNever;
    }
  }
}

}  // namespace fectl::core
