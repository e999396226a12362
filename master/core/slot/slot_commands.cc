// What the service tells a slot. (Questions: slot.cc. Events of processes: slot_process.cc.)

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>

#include "master/core/basis/check.h"
#include "master/core/basis/limits.h"
#include "master/core/basis/overloaded.h"
#include "master/core/slot/slot.h"

namespace fectl::core {

Process Slot::NewProcess(StepContext& step, PlanVersion plan) {
  Process process;
  process.generation = ++step.newest;
  process.plan = plan;
  process.since = step.at.now;
  process.timeout = step.policy.timeout;
  process.shutdown_timeout = step.policy.shutdown_timeout;
  process.oneshot = step.policy.oneshot;
  step.effects.emplace_back(Spawn{Who(step, process), plan});
  return process;
}

void Slot::ForgetAsks() {
  due_ask_.reset();
  later_ask_.reset();
  ask_at_ = kNever;
}

// It belongs to the past once what somebody asked for has come up.
void Slot::ForgetTrouble() {
  if (crashing_) return;
  last_trouble_ = {};
  trouble_of_ = 0;
}

void Slot::Start(StepContext& step, Cause cause) {
  state_ = Starting{NewProcess(step, plan_), kNever, std::move(cause)};
}

void Slot::Launch(StepContext& step, Cause cause, PlanVersion plan) {
  FECTL_CHECK(on_duty() == 0, "a slot is launched where it has nobody");
  failed_starts_ = 0;
  losses_ = 0;
  crashing_ = false;
  shortages_ = 0;
  asks_ = 0;
  start_by_ = step.at.now + step.policy.startup_timeout;
  plan_ = plan;
  Start(step, std::move(cause));
}

void Slot::Replace(StepContext& step, const Replacement& how) {
  std::visit(Overloaded{
                 [&](OneOf<Vacant, Waiting, GivenUp, Done> auto&) { Launch(step, how.cause, how.plan); },
                 [&](Starting& starting) {
                   // It may still be one of the old program: what was asked for is the new one.
                   const Process given_up = std::move(starting.process);
                   state_ = Vacant{};
                   Note(step, Milestone::kStopping, given_up, how.cause);
                   Retire(step, given_up, StopMode::kAbandon, AbandonGrace(given_up));
                   Launch(step, how.cause, how.plan);
                 },
                 [&](Serving& serving) {
                   how.old_first ? LeaveFirst(step, std::move(serving), how)
                                 : BeginReplacing(step, std::move(serving), how);
                 },
                 [](OneOf<Replacing, Baking> auto& /*under way*/) {},
             },
             state_);
}

// The old process makes room for the new one.
void Slot::LeaveFirst(StepContext& step, Serving old, const Replacement& how) {
  ForgetAsks();
  state_ = Vacant{};
  Note(step, Milestone::kStoppingOld, old.process, how.cause);
  Retire(step, old.process, StopMode::kFinish, old.process.shutdown_timeout);
  Launch(step, how.cause, how.plan);
}

void Slot::BeginReplacing(StepContext& step, Serving old, const Replacement& how) {
  ForgetAsks();
  state_ = Replacing{.old = std::move(old),
                     .next = NewProcess(step, how.plan),
                     .deadline = kNever,
                     .loaded_at = {},
                     .urgency = how.urgency,
                     .cause = how.cause};
}

void Slot::Serve(StepContext& step, Process process, Instant deadline, Instant loaded_at,
                 const Cause& cause) {
  Serving serving{std::move(process), deadline, loaded_at, Serving::LastOrder::kNothing};
  serving.process.recycle_at = RecycleTime(step, loaded_at);
  if (step.paused) {
    // It was never told to start, so it need not be told to pause: it becomes `start` with the resume.
    Note(step, Milestone::kPaused, serving.process, cause);
  } else {
    step.effects.emplace_back(Send{Who(step, serving.process), Order::kStart});
    serving.last_order = Serving::LastOrder::kStart;
    Note(step, Milestone::kRunning, serving.process, cause);
  }
  state_ = std::move(serving);
}

void Slot::Commit(StepContext& step, bool keep_old) {
  std::visit(Overloaded{
                 [](OneOf<Vacant, Waiting, Starting, Serving, Baking, GivenUp, Done> auto&) {},
                 [&](Replacing& replacing) {
                   if (replacing.next_loaded) EndReplacing(step, std::move(replacing), keep_old);
                 },
             },
             state_);
}

void Slot::EndReplacing(StepContext& step, Replacing done, bool keep_old) {
  if (done.cause.kind == Cause::Kind::kOperator) {
    // What is new is judged anew, as after Launch().
    losses_ = 0;
    crashing_ = false;
  }
  if (step.at.now - done.old.loaded_at >= kStableAfter) losses_ = 0;  // the old one was healthy
  ForgetTrouble();
  plan_ = done.next.plan;
  // The new one is told to serve before the old one is told to leave.
  Serve(step, std::move(done.next), done.deadline, done.loaded_at, done.cause);
  if (keep_old) return KeepOld(step, std::move(done.old), done.urgency);
  Note(step, Milestone::kStoppingOld, done.old.process, done.cause);
  Retire(step, done.old.process, StopMode::kFinish, done.old.process.shutdown_timeout);
}

void Slot::Abandon(StepContext& step, const Cause& why) {
  std::visit(Overloaded{
                 [](OneOf<Vacant, Waiting, Starting, Serving, Baking, GivenUp, Done> auto&) {},
                 [&](Replacing& replacing) {
                   Replacing given_up = std::move(replacing);
                   const bool failed =
                       why.kind != Cause::Kind::kGaveWay && why.kind != Cause::Kind::kMasterStops;
                   Note(step, EndOfReplacement(given_up.urgency, failed), given_up.next, why);
                   Retire(step, given_up.next, StopMode::kAbandon, AbandonGrace(given_up.next));
                   Restore(step, std::move(given_up.old));
                 },
             },
             state_);
}

void Slot::Restore(StepContext& step, Serving old) {
  Note(step, old.last_order == Serving::LastOrder::kStart ? Milestone::kRunning : Milestone::kPaused,
       old.process, MakeCause(Cause::Kind::kRestored));
  state_ = std::move(old);
}

void Slot::Retire(StepContext& step, const Process& process, StopMode mode, Span grace) {
  const Incarnation who = Who(step, process);
  ForgetLease(process.generation);
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
    case StopMode::kExamine:
      leaving.examined = true;
      leaving.stage = Leaving::Stage::kHurried;
      leaving.grace = kExaminationMax;
      leaving.deadline = step.at.now + leaving.grace;
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
  const uint32_t max = step.policy.rollout.max_old_generations;
  // More than one where fewer may leave than before.
  for (auto left = std::count_if(leaving_.begin(), leaving_.end(), has_time); left > ptrdiff_t{max}; --left) {
    Leaving& oldest = *std::find_if(leaving_.begin(), leaving_.end(), has_time);
    Note(step, Milestone::kStopping, oldest.process, MakeCause(Cause::Kind::kTooManyLeaving, int64_t{max}));
    KillLeaving(step, oldest);
  }
}

void Slot::Hurry(StepContext& step) {
  for (Leaving& leaving : leaving_) {
    const Instant hurried = step.at.now + kHurriedGrace;
    if (leaving.examined || leaving.stage >= Leaving::Stage::kKilled || leaving.deadline <= hurried) continue;
    leaving.grace = kHurriedGrace;
    leaving.deadline = hurried;
    Note(step, Milestone::kStopping, leaving.process,
         MakeCause(Cause::Kind::kHurried, ToMilliseconds(kHurriedGrace)));
  }
}

void Slot::RetireAll(StepContext& step, StopMode mode, const Cause& why) {
  ForgetAsks();
  crashing_ = false;
  const StopMode unready_mode = mode == StopMode::kFinish ? StopMode::kAbandon : mode;
  const SlotState before = std::exchange(state_, Vacant{});
  std::visit(Overloaded{
                 [](const OneOf<Vacant, Done> auto&) {},
                 [&](const OneOf<Waiting, GivenUp> auto&) { NoteOfNone(step, Milestone::kStopped, why); },
                 [&](const Starting& starting) {
                   Note(step, Milestone::kStopping, starting.process, why);
                   Retire(step, starting.process, unready_mode, AbandonGrace(starting.process));
                 },
                 [&](const Serving& serving) {
                   Note(step, Milestone::kStopping, serving.process, why);
                   Retire(step, serving.process, mode, serving.process.shutdown_timeout);
                 },
                 [&](const Replacing& replacing) {
                   const Cause stopped =
                       why.kind == Cause::Kind::kOperator ? MakeCause(Cause::Kind::kToldToStop) : why;
                   Note(step, EndOfReplacement(replacing.urgency, false), replacing.next, stopped);
                   Retire(step, replacing.next, unready_mode, AbandonGrace(replacing.next));
                   Note(step, Milestone::kStopping, replacing.old.process, why);
                   Retire(step, replacing.old.process, mode, replacing.old.process.shutdown_timeout);
                 },
                 [&](const Baking& baking) {
                   for (const Serving* one : {&baking.old, &baking.now}) {
                     Note(step, Milestone::kStopping, one->process, why);
                     Retire(step, one->process, mode, one->process.shutdown_timeout);
                   }
                 },
             },
             before);
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
  Serving* serving = OnDuty();
  if (serving == nullptr || serving->last_order != Serving::LastOrder::kStart) return;
  step.effects.emplace_back(Send{Who(step, serving->process), Order::kPause});
  serving->last_order = Serving::LastOrder::kPause;
  Note(step, Milestone::kPaused, serving->process, why);
}

void Slot::Resume(StepContext& step, const Cause& why) {
  Serving* serving = OnDuty();
  if (serving == nullptr || serving->last_order == Serving::LastOrder::kStart) return;
  const Order order = serving->last_order == Serving::LastOrder::kPause ? Order::kResume : Order::kStart;
  step.effects.emplace_back(Send{Who(step, serving->process), order});
  serving->last_order = Serving::LastOrder::kStart;
  Note(step, Milestone::kRunning, serving->process, why);
}

}  // namespace fectl::core
