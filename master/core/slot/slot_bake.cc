// A new process that serves and has to prove itself, while the one before it is kept; and what is replaced
// though it is well.

#include <string>
#include <utility>
#include <variant>

#include "master/core/basis/limits.h"
#include "master/core/slot/slot.h"

namespace fectl::core {

// Behind Serve() of the new one.
void Slot::KeepOld(StepContext& step, Serving old, Urgency urgency) {
  if (old.last_order == Serving::LastOrder::kStart) {
    step.effects.emplace_back(Send{Who(step, old.process), Order::kPause});
    old.last_order = Serving::LastOrder::kPause;
  }
  Note(step, Milestone::kPaused, old.process, MakeCause(Cause::Kind::kKept));
  Serving now = std::get<Serving>(std::move(state_));
  state_ = Baking{.now = std::move(now), .old = std::move(old), .urgency = urgency};
}

void Slot::LetOldGo(StepContext& step) {
  auto* baking = std::get_if<Baking>(&state_);
  if (baking == nullptr) return;
  const Process old = baking->old.process;
  Serving now = std::move(baking->now);
  state_ = std::move(now);
  Note(step, Milestone::kStoppingOld, old, MakeCause(Cause::Kind::kProven));
  Retire(step, old, StopMode::kFinish, old.shutdown_timeout);
}

void Slot::GoBack(StepContext& step, const Cause& why) {
  auto* baking = std::get_if<Baking>(&state_);
  if (baking == nullptr) return;
  const Baking before = std::move(*baking);
  // The old one accepts again before the new one ceases to.
  ServeAgain(step, before.old);
  Note(step, EndOfReplacement(before.urgency, why.kind != Cause::Kind::kMasterStops), before.now.process,
       why);
  Retire(step, before.now.process, StopMode::kFinish, before.now.process.shutdown_timeout);
}

void Slot::ServeAgain(StepContext& step, Serving old) {
  ForgetAsks();  // of the new one
  plan_ = old.process.plan;
  if (!step.paused) {
    const bool began = old.last_order != Serving::LastOrder::kNothing;
    step.effects.emplace_back(Send{Who(step, old.process), began ? Order::kResume : Order::kStart});
    old.last_order = Serving::LastOrder::kStart;
  }
  Restore(step, std::move(old));
}

SlotOutcome Slot::LoseBaking(StepContext& step, Role role, Baking before, const Cause& cause) {
  if (role == Role::kOld) {
    // What is left is an ordinary worker. There is no way back in this place any more.
    Note(step, Milestone::kLost, before.old.process, cause);
    state_ = std::move(before.now);
    return SlotOutcome::kNothing;
  }
  if (before.now.process.excused && cause.kind == Cause::Kind::kExited) {
    const SlotOutcome outcome = LoseServing(step, before.now, cause);
    Note(step, Milestone::kStoppingOld, before.old.process, MakeCause(Cause::Kind::kProven));
    Retire(step, before.old.process, StopMode::kFinish, before.old.process.shutdown_timeout);
    return outcome;
  }
  Note(step, EndOfReplacement(before.urgency, true), before.now.process, cause);
  ServeAgain(step, std::move(before.old));
  return SlotOutcome::kReplacementFailed;
}

SlotOutcome Slot::OnDisproved(StepContext& step, Generation generation, const std::string& words) {
  const auto* baking = std::get_if<Baking>(&state_);
  if (baking == nullptr || baking->now.process.generation != generation) return SlotOutcome::kNothing;
  return OnLost(step, generation, MakeCause(Cause::Kind::kDisproved, words), StopMode::kFinish);
}

SlotOutcome Slot::WornOut(StepContext& step, Generation generation, const std::string& words) {
  const Place found = Find(generation);
  if (found.process == nullptr || found.role == Role::kLeaving) return SlotOutcome::kNothing;
  // Where its successor does not come up it is asked for again, later.
  if (found.process->recycle_at != kNever) found.process->recycle_at = step.at.now + kRecyclePause;
  const WorkerAsked asked{.who = {step.service, index_, generation}, .words = words, .recycles = true};
  return OnAsked(step, asked);
}

}  // namespace fectl::core
