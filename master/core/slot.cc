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

Incarnation Slot::Who(const Turn& turn, const Process& process) const {
  return Incarnation{turn.service, index_, process.generation};
}

void Slot::Note(Turn& turn, Milestone milestone, int32_t pid, Cause cause) {
  Record record{turn.at.wall_seconds, pid, milestone, std::move(cause)};
  turn.effects.emplace_back(Report{turn.service, index_, record});
  history_.Add(std::move(record));
}

Process Slot::NewProcess(Turn& turn) {
  Process process;
  process.generation = ++generation_;
  process.since = turn.at.now;
  turn.effects.emplace_back(Spawn{Who(turn, process)});
  return process;
}

void Slot::ForgetAsks() {
  due_ask_.reset();
  later_ask_.reset();
  ask_at_ = kNever;
}

void Slot::Start(Turn& turn, Cause cause) {
  state_ = Starting{NewProcess(turn), turn.at.now + turn.policy.startup_timeout, std::move(cause)};
}

void Slot::Launch(Turn& turn, Cause cause) {
  failed_starts_ = 0;
  losses_ = 0;
  crashing_ = false;
  shortages_ = 0;
  asks_ = 0;
  start_by_ = turn.at.now + turn.policy.startup_timeout;
  Start(turn, std::move(cause));
}

void Slot::Replace(Turn& turn, Urgency urgency, Cause cause) {
  if (auto* serving = std::get_if<Serving>(&state_)) {
    ForgetAsks();
    state_ = Replacing{.old = std::move(*serving),
                       .next = NewProcess(turn),
                       .deadline = turn.at.now + turn.policy.startup_timeout,
                       .loaded_at = {},
                       .urgency = urgency,
                       .cause = std::move(cause)};
  } else if (!std::holds_alternative<Replacing>(state_)) {
    // A start that is on its way may still be one of the old program: what was asked for is the new one.
    if (auto* starting = std::get_if<Starting>(&state_)) {
      Note(turn, Milestone::kStopping, starting->process.pid, cause);
      Retire(turn, starting->process, Way::kAbandon, std::min(turn.policy.shutdown_timeout, kAbandonGrace));
    }
    Launch(turn, std::move(cause));
  }
}

void Slot::Serve(Turn& turn, Process process, Instant deadline, Instant loaded_at, const Cause& cause) {
  Serving serving{std::move(process), deadline, loaded_at, Serving::Told::kNothing};
  if (turn.paused) {
    // It was never told to start, so it need not be told to pause: it becomes `start` with the resume.
    Note(turn, Milestone::kPaused, serving.process.pid, cause);
  } else {
    turn.effects.emplace_back(Send{Who(turn, serving.process), Order::kStart});
    serving.told = Serving::Told::kStart;
    Note(turn, Milestone::kRunning, serving.process.pid, cause);
  }
  state_ = std::move(serving);
}

void Slot::Commit(Turn& turn) {
  auto* replacing = std::get_if<Replacing>(&state_);
  if (replacing == nullptr || !replacing->next_loaded) return;
  Replacing done = std::move(*replacing);
  if (done.cause.kind == Cause::Kind::kOperator) {
    // What is new is judged anew, as after Launch().
    losses_ = 0;
    crashing_ = false;
  }
  ForgetTrouble();
  // The new one is told to serve before the old one is told to leave.
  Serve(turn, std::move(done.next), done.deadline, done.loaded_at, done.cause);
  Note(turn, Milestone::kStoppingOld, done.old.process.pid, done.cause);
  Retire(turn, done.old.process, Way::kFinish, turn.policy.shutdown_timeout);
}

void Slot::Abandon(Turn& turn, const Cause& why) {
  auto* replacing = std::get_if<Replacing>(&state_);
  if (replacing == nullptr) return;
  Replacing given_up = std::move(*replacing);
  const bool failed = why.kind != Cause::Kind::kGaveWay;
  Note(turn, EndOfReplacement(given_up.urgency, failed), given_up.next.pid, why);
  Retire(turn, given_up.next, Way::kAbandon, std::min(turn.policy.shutdown_timeout, kAbandonGrace));
  Restore(turn, std::move(given_up.old));
}

void Slot::Restore(Turn& turn, Serving old) {
  Note(turn, old.told == Serving::Told::kStart ? Milestone::kRunning : Milestone::kPaused, old.process.pid,
       MakeCause(Cause::Kind::kRestored));
  state_ = std::move(old);
}

void Slot::Retire(Turn& turn, const Process& process, Way way, Span grace) {
  const Incarnation who = Who(turn, process);
  Leaving leaving{.process = process,
                  .told_at = turn.at.now,
                  .deadline = turn.at.now + grace,
                  .grace = grace,
                  .finishes = way == Way::kFinish};
  leaving.process.message_due = kNever;  // it is not waited for any more
  switch (way) {
    case Way::kFinish:
    case Way::kAbandon:
      // Both, since a worker may have lost its pipe, and one that only waits for the signal may have no
      // handler yet.
      turn.effects.emplace_back(Send{who, Order::kStop});
      turn.effects.emplace_back(Signal{who, Sig::kTerminate});
      break;
    case Way::kQuick:
      turn.effects.emplace_back(Signal{who, Sig::kQuit});
      leaving.stage = Leaving::Stage::kHurried;
      leaving.grace = std::min(grace, kQuickGrace);
      leaving.deadline = turn.at.now + leaving.grace;
      break;
    case Way::kKill:
      turn.effects.emplace_back(Signal{who, Sig::kKill});
      leaving.stage = Leaving::Stage::kKilled;
      leaving.deadline = turn.at.now + kUnkillableAfter;
      break;
  }
  leaving_.push_back(std::move(leaving));
  BoundLeaving(turn);
}

void Slot::KillLeaving(Turn& turn, Leaving& leaving) {
  turn.effects.emplace_back(Signal{Who(turn, leaving.process), Sig::kKill});
  leaving.stage = Leaving::Stage::kKilled;
  leaving.deadline = turn.at.now + kUnkillableAfter;
}

void Slot::BoundLeaving(Turn& turn) {
  const auto has_time = [](const Leaving& leaving) { return leaving.stage < Leaving::Stage::kKilled; };
  if (static_cast<size_t>(std::count_if(leaving_.begin(), leaving_.end(), has_time)) <= kLeavingMax) return;
  Leaving& oldest = *std::find_if(leaving_.begin(), leaving_.end(), has_time);
  Note(turn, Milestone::kStopping, oldest.process.pid,
       MakeCause(Cause::Kind::kTooManyLeaving, int64_t{kLeavingMax}));
  KillLeaving(turn, oldest);
}

void Slot::Hurry(Turn& turn) {
  for (Leaving& leaving : leaving_) {
    const Instant hurried = turn.at.now + kHurriedGrace;
    if (leaving.stage >= Leaving::Stage::kKilled || leaving.deadline <= hurried) continue;
    leaving.grace = kHurriedGrace;
    leaving.deadline = hurried;
    Note(turn, Milestone::kStopping, leaving.process.pid,
         MakeCause(Cause::Kind::kHurried, InMilliseconds(kHurriedGrace)));
  }
}

void Slot::RetireAll(Turn& turn, Way way, const Cause& why) {
  ForgetAsks();
  crashing_ = false;
  const Span abandon_grace = std::min(turn.policy.shutdown_timeout, kAbandonGrace);
  const Way unready_way = way == Way::kFinish ? Way::kAbandon : way;
  SlotState before = std::exchange(state_, Vacant{});
  if (auto* starting = std::get_if<Starting>(&before)) {
    Note(turn, Milestone::kStopping, starting->process.pid, why);
    Retire(turn, starting->process, unready_way, abandon_grace);
  } else if (auto* serving = std::get_if<Serving>(&before)) {
    Note(turn, Milestone::kStopping, serving->process.pid, why);
    Retire(turn, serving->process, way, turn.policy.shutdown_timeout);
  } else if (auto* replacing = std::get_if<Replacing>(&before)) {
    const Cause stopped = why.kind == Cause::Kind::kOperator ? MakeCause(Cause::Kind::kToldToStop) : why;
    Note(turn, EndOfReplacement(replacing->urgency, false), replacing->next.pid, stopped);
    Retire(turn, replacing->next, unready_way, abandon_grace);
    Note(turn, Milestone::kStopping, replacing->old.process.pid, why);
    Retire(turn, replacing->old.process, way, turn.policy.shutdown_timeout);
  } else if (!std::holds_alternative<Vacant>(before)) {
    Note(turn, Milestone::kStopped, 0, why);
  }
}

void Slot::Hasten(Turn& turn, Way way) {
  for (Leaving& leaving : leaving_) {
    if (way != Way::kFinish) leaving.finishes = false;
    if (way == Way::kQuick && leaving.stage == Leaving::Stage::kAsked) {
      // The signal is for the process alone.
      if (!leaving.ended) turn.effects.emplace_back(Signal{Who(turn, leaving.process), Sig::kQuit});
      leaving.stage = Leaving::Stage::kHurried;
      leaving.grace = kQuickGrace;
      leaving.deadline = std::min(leaving.deadline, turn.at.now + kQuickGrace);
    } else if (way == Way::kKill && leaving.stage < Leaving::Stage::kKilled) {
      KillLeaving(turn, leaving);
    }
  }
}

void Slot::Pause(Turn& turn, const Cause& why) {
  Serving* serving = std::get_if<Serving>(&state_);
  if (auto* replacing = std::get_if<Replacing>(&state_)) serving = &replacing->old;
  if (serving == nullptr || serving->told != Serving::Told::kStart) return;
  turn.effects.emplace_back(Send{Who(turn, serving->process), Order::kPause});
  serving->told = Serving::Told::kPause;
  Note(turn, Milestone::kPaused, serving->process.pid, why);
}

void Slot::Resume(Turn& turn, const Cause& why) {
  Serving* serving = std::get_if<Serving>(&state_);
  if (auto* replacing = std::get_if<Replacing>(&state_)) serving = &replacing->old;
  if (serving == nullptr || serving->told == Serving::Told::kStart) return;
  const Order order = serving->told == Serving::Told::kPause ? Order::kResume : Order::kStart;
  turn.effects.emplace_back(Send{Who(turn, serving->process), order});
  serving->told = Serving::Told::kStart;
  Note(turn, Milestone::kRunning, serving->process.pid, why);
}

// Failed starts and crashes are counted together: a program that fails now in its start and now behind it is
// one loop.
void Slot::TryAgain(Turn& turn, Cause::Kind why) {
  ++restarts_;
  const Span delay = BackoffDelay(losses_++, turn.random);
  if (delay == Span{0}) {
    StartAgain(turn, why);
  } else {
    state_ = Waiting{turn.at.now + delay, why};
  }
}

// The system's shortage is no loss of the worker's, so it counts neither as one nor as a restart.
News Slot::TryWhenThereIsRoom(Turn& turn) {
  const Instant now = turn.at.now;
  Instant retry_at = now + std::min(BackoffDelay(++shortages_, turn.random), kRoomRetryMax);
  const bool in_time = now < start_by_;
  if (in_time) retry_at = std::min(retry_at, start_by_);  // the last attempt before somebody is told
  retry_at = std::max(retry_at, now + kRoomPause);
  state_ = Waiting{retry_at, Cause::Kind::kAfterFailedStart, now + kRoomPause};
  return in_time ? News::kStartFailed : News::kNoRoom;
}

// People are told once, not at each loss.
void Slot::NoteIfCrashing(Turn& turn, const Cause& cause) {
  if (crashing_ || losses_ + 1 < kCrashingFrom) return;
  crashing_ = true;
  Cause loop = MakeCause(Cause::Kind::kCrashLoop, ToWords(cause));
  loop.number = static_cast<int32_t>(losses_ + 1);
  Note(turn, Milestone::kCrashing, 0, std::move(loop));
}

// It belongs to the past once what somebody asked for has come up.
void Slot::ForgetTrouble() {
  if (!crashing_) last_trouble_ = {};
}

// What one process hung on its successor will hang on, too, and they would become more and more: so nothing
// is started by itself until it is gone.
void Slot::StartAgain(Turn& turn, Cause::Kind why) {
  if (has_unkillable()) {
    state_ = Waiting{kNever, why};
  } else {
    Start(turn, MakeCause(why));
  }
}

News Slot::AfterFailedStart(Turn& turn, const Cause& cause) {
  // A configuration error is the worker's own word that another attempt is of no use.
  const bool useless = cause.kind == Cause::Kind::kConfigError;
  // A system without memory or process numbers says nothing about the worker: no number of such attempts is
  // the last.
  const bool transient = cause.kind == Cause::Kind::kSpawnFailed && cause.number != 0;
  if (!transient) ++failed_starts_;
  const bool last = useless || (!transient && failed_starts_ >= std::max(1U, turn.policy.restarts));
  if (transient) return TryWhenThereIsRoom(turn);
  if (!last) {
    // A start that never came up is told by the start itself; this is about a worker that served before.
    if (losses_ + 1 > failed_starts_) NoteIfCrashing(turn, cause);
    TryAgain(turn, Cause::Kind::kAfterFailedStart);
    return News::kStartFailed;
  }
  state_ = GivenUp{};
  crashing_ = false;
  Note(turn, Milestone::kFailed, 0, cause);
  return News::kGaveUp;
}

void Slot::AfterLoss(Turn& turn, const Serving& lost, const Cause& cause, bool on_purpose) {
  if (turn.at.now - lost.loaded_at >= kStableAfter) losses_ = 0;
  if (on_purpose) {
    // It left on purpose before its replacement was there: no failure, but paced like one.
    TryAgain(turn, Cause::Kind::kWorkerAsked);
    --restarts_;  // those are after losses
    return;
  }
  NoteIfCrashing(turn, cause);
  TryAgain(turn, Cause::Kind::kAfterCrash);
}

News Slot::Lose(Turn& turn, Role role, const Cause& cause) {
  SlotState before = std::exchange(state_, Vacant{});
  last_trouble_ = cause;
  if (role == Role::kServing) ForgetAsks();  // what it asked for went with it
  switch (role) {
    case Role::kStarting: {
      Note(turn, Milestone::kLost, std::get<Starting>(before).process.pid, cause);
      return AfterFailedStart(turn, cause);
    }
    case Role::kServing: {
      const Serving& lost = std::get<Serving>(before);
      const bool on_purpose = lost.process.excused && cause.kind == Cause::Kind::kExited;
      if (on_purpose) last_trouble_ = {};
      Note(turn, on_purpose ? Milestone::kStopped : Milestone::kLost, lost.process.pid, cause);
      if (cause.kind == Cause::Kind::kConfigError) return AfterFailedStart(turn, cause);
      AfterLoss(turn, lost, cause, on_purpose);
      return News::kNothing;
    }
    case Role::kOld: {
      Replacing& replacing = std::get<Replacing>(before);
      Note(turn, Milestone::kLost, replacing.old.process.pid, cause);
      // The new one goes on alone; if it is ready, nobody is left to wait for.
      if (replacing.next_loaded) {
        Serve(turn, std::move(replacing.next), replacing.deadline, replacing.loaded_at, replacing.cause);
      } else {
        state_ = Starting{std::move(replacing.next), replacing.deadline, std::move(replacing.cause)};
      }
      return News::kNothing;
    }
    case Role::kNext: {
      Replacing& replacing = std::get<Replacing>(before);
      Note(turn, EndOfReplacement(replacing.urgency, true), replacing.next.pid, cause);
      Restore(turn, std::move(replacing.old));
      return News::kReplacementFailed;
    }
    case Role::kUnknown:
    case Role::kLeaving:
      break;
  }
  state_ = std::move(before);
  return News::kNothing;
}

void Slot::LeavingOnTime(Turn& turn) {
  for (Leaving& leaving : leaving_) {
    if (leaving.deadline > turn.at.now) continue;
    if (leaving.stage < Leaving::Stage::kKilled) {
      Note(turn, Milestone::kStopping, leaving.process.pid,
           MakeCause(Cause::Kind::kShutdownTimeout, InMilliseconds(leaving.grace)));
      KillLeaving(turn, leaving);
    } else {
      Note(turn, Milestone::kAlarm, leaving.process.pid, MakeCause(Cause::Kind::kUnkillable));
      leaving.stage = Leaving::Stage::kAlarmed;
      leaving.deadline = kNever;
    }
  }
}

}  // namespace fectl::core
