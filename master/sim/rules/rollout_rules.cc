#include "master/sim/rules/rollout_rules.h"

#include <algorithm>
#include <string>
#include <variant>

#include "master/core/basis/limits.h"
#include "master/sim/rules/facts.h"

namespace fectl::sim {
namespace {

using Stage = core::ReplaceOperation::Stage;
using What = core::ServiceReport::What;

// Of the slot: the one that serves, or is to; nullptr: nobody.
const Life* Holder(const View& view, core::ServiceId id, uint32_t slot) {
  const Life* holder = nullptr;
  for (const Life& life : view.ledger.InSlot(id, slot)) {
    const bool counts = !life.told() && !life.ended && !life.process_ended && !life.kept;
    if (counts && !view.ledger.IsNext(life)) holder = &life;
  }
  return holder;
}

// Why the process was started, as far as the state still says so.
core::Cause::Kind WhyStarted(const View& view, const core::Incarnation& who) {
  const core::Service* service = view.Find(who.service);
  if (service == nullptr || who.slot >= service->slots().size()) return core::Cause::Kind::kNone;
  const core::SlotState& state = service->slots()[who.slot].state();
  const auto* starting = std::get_if<core::Starting>(&state);
  if (starting != nullptr && starting->process.generation == who.generation) return starting->cause.kind;
  const auto* replacing = std::get_if<core::Replacing>(&state);
  if (replacing != nullptr && replacing->next.generation == who.generation) return replacing->cause.kind;
  return core::Cause::Kind::kNone;
}

}  // namespace

void RolloutRules::BeforeStep(const core::Supervisor& supervisor, const core::Event& event) {
  const auto* commanded = std::get_if<core::Commanded>(&event);
  const core::Service* service = commanded == nullptr ? nullptr : supervisor.Find(commanded->service);
  if (service != nullptr && service->rollout() != nullptr)
    marks_->CommandedInRollout(*service->rollout(), commanded->verb);
}

void RolloutRules::OnEvent(const View& view) {
  const auto* stalled = view.event_as<core::Stalled>();
  const auto* loaded = view.event_as<core::WorkerLoaded>();
  for (core::ServiceId id = 0; id < view.ledger.services(); ++id) {
    Roll& roll = rolls_[id];
    if (!view.ledger.rolls(id)) continue;
    if (roll.waits) {  // its time goes on with the operator's word
      roll.began = roll.began + (view.at.now - roll.progress_at);
      roll.progress_at = view.at.now;
    }
    if (stalled != nullptr) {
      roll.began = roll.began + stalled->length;
      roll.progress_at = roll.progress_at + stalled->length;
    }
    if (view.changes(id)) {
      roll.changed = true;
      Learn(view, id);
      roll.progress_at = view.at.now;
    }
    if (loaded != nullptr && loaded->who.service == id) roll.progress_at = view.at.now;
    const auto* commanded = view.event_as<core::Commanded>();
    if (commanded != nullptr && commanded->service == id && commanded->verb == core::Verb::kAbort)
      roll.aborted = true;
  }
}

void RolloutRules::OnEffect(const View& view, const core::Effect& effect) {
  if (const auto* spawn = std::get_if<core::Spawn>(&effect)) {
    OneIsRecycledAtATime(view, *spawn);
    SpawnIsOfAKnownPlan(view, *spawn);
    rolls_[spawn->who.service].progress_at = view.at.now;
  } else if (const auto* send = std::get_if<core::Send>(&effect)) {
    if (send->order == core::Order::kStop) OnTold(view, send->who);
  } else if (const auto* signal = std::get_if<core::Signal>(&effect)) {
    OnTold(view, signal->who);
  } else if (const auto* report = std::get_if<core::ServiceReport>(&effect)) {
    OnRoll(view, *report);
  }
}

void RolloutRules::OnTold(const View& view, const core::Incarnation& who) {
  const Life* life = view.ledger.Find(who);
  if (life == nullptr || life->told() || life->process_ended || life->ended) return;
  if (!view.ledger.rolls(who.service) || view.is_about(who)) return;
  if (view.event_as<core::TimePassed>() != nullptr && life->due() <= view.at.now) return;
  if (life->proves) GoesBackForAReason(view, *life);
  if (life->on_duty() && !life->kept) OldOneLeavesFirst(view, *life);
}

// Where nobody else has its duty, the places that are left are enough.
void RolloutRules::OldOneLeavesFirst(const View& view, const Life& life) const {
  const core::ServiceId id = life.who.service;
  const core::ServicePolicy& policy = view.ledger.policy(id);
  if (life.who.slot >= policy.num) return;
  const std::vector<Life>& lives = view.ledger.InSlot(id, life.who.slot);
  const bool alone = std::none_of(lives.begin(), lives.end(),
                                  [&](const Life& one) { return &one != &life && one.on_duty(); });
  if (!alone) return;
  const uint32_t left = view.ledger.ReadyWithout(id, &life);
  if (left + policy.rollout.max_unavailable.RoundedDown(policy.num) < policy.num)
    view.Break("a rollout leaves enough workers on duty (I44)", Name(life.who));
}

// One that has to prove itself, and is told to leave for no fault of its own.
void RolloutRules::GoesBackForAReason(const View& view, const Life& life) const {
  const auto* commanded = view.event_as<core::Commanded>();
  if (commanded != nullptr) {
    if (commanded->verb != core::Verb::kAbort) view.Break("nobody goes back unasked (I47)", Name(life.who));
    return;
  }
  const core::Incarnation* who = view.event == nullptr ? nullptr : Concerns(*view.event);
  const bool other_fails =
      view.event_as<core::TimePassed>() != nullptr || (who != nullptr && who->service == life.who.service);
  if (!other_fails || !view.ledger.policy(life.who.service).rollout.auto_revert)
    view.Break("nobody goes back without a reason (I47)", Name(life.who));
}

void RolloutRules::OneIsRecycledAtATime(const View& view, const core::Spawn& spawn) const {
  const core::ServiceId id = spawn.who.service;
  const std::vector<Life>& lives = view.ledger.InSlot(id, spawn.who.slot);
  const bool recycles = std::any_of(lives.begin(), lives.end(), [&view](const Life& life) {
    return life.on_duty() && life.is_old(view.at.now) && !life.asked;
  });
  if (view.ledger.rolls(id) || !recycles) return;
  if (view.ledger.ReadyWithout(id, nullptr) < view.ledger.policy(id).num)
    view.Break("what is well is replaced while all serve (I45)", Name(spawn.who));
  if (view.ledger.Begins(id)) view.Break("one is recycled at a time (I45)", Name(spawn.who));
}

// In a rollout: the newest one, or the one before.
void RolloutRules::SpawnIsOfAKnownPlan(const View& view, const core::Spawn& spawn) const {
  const core::ServiceId id = spawn.who.service;
  const Roll& roll = rolls_[id];
  if (WhyStarted(view, spawn.who) != core::Cause::Kind::kWentBack) return;
  if (!view.ledger.rolls(id)) return view.Break("only a rollout goes back (I47)", Name(spawn.who));
  const core::PlanVersion before = spawn.who.slot < roll.before.size() ? roll.before[spawn.who.slot] : 0;
  if (before != 0 && spawn.plan != before && !roll.changed)
    view.Break("who goes back is of the plan before (I35)", Name(spawn.who));
}

// How long it may take by the policy as it is now; what was begun under the one before has its time.
void RolloutRules::Learn(const View& view, core::ServiceId id) {
  Roll& roll = rolls_[id];
  const core::ServicePolicy& policy = view.ledger.policy(id);
  const core::RolloutPolicy& rollout = policy.rollout;
  roll.endless = roll.endless || rollout.progress_deadline == core::Span{};
  roll.patience = std::max({roll.patience, rollout.progress_deadline, rollout.min_ready, rollout.bake});
  // There and back, each place in a batch of its own.
  const int64_t steps = 2 * int64_t{policy.num} + 2;
  roll.whole = std::max(roll.whole, core::Span{steps * (rollout.progress_deadline.ns + rollout.min_ready.ns) +
                                               rollout.bake.ns});
}

void RolloutRules::OnRoll(const View& view, const core::ServiceReport& report) {
  const core::ServiceId id = report.service;
  Roll& roll = rolls_[id];
  switch (report.what) {
    case What::kRollBegan:
      if (view.ledger.rolls(id)) view.Break("one rollout at a time (I49)", std::to_string(id));
      roll = Roll();
      roll.began = view.at.now;
      roll.progress_at = view.at.now;
      Learn(view, id);
      for (uint32_t slot = 0; slot < view.ledger.policy(id).num; ++slot) {
        const Life* life = Holder(view, id, slot);
        roll.before.push_back(life == nullptr ? 0 : life->plan);
      }
      return;
    case What::kRollProceeds:
      roll.progress_at = view.at.now;
      return;
    case What::kRollDone:
    case What::kRollFailed:
    case What::kRollAborted:
    case What::kRollReverted:
      if (!view.ledger.rolls(id)) view.Break("a rollout ends once (I49)", std::to_string(id));
      if (report.what != What::kRollDone) EndsWithTheVersionBefore(view, report);
      return;
    default:
      return;
  }
}

// Unless going back failed as well.
void RolloutRules::EndsWithTheVersionBefore(const View& view, const core::ServiceReport& report) const {
  const core::ServiceId id = report.service;
  const Roll& roll = rolls_[id];
  const bool reverts = view.ledger.policy(id).rollout.auto_revert || roll.aborted;
  const bool was_stopped = report.what == What::kRollAborted && !roll.aborted;
  const bool in_vain = report.words.find("; going back failed, too: ") != std::string::npos;
  if (!reverts || was_stopped || in_vain || roll.changed) return;
  for (uint32_t slot = 0; slot < roll.before.size() && slot < view.ledger.policy(id).num; ++slot) {
    const Life* life = Holder(view, id, slot);
    if (life != nullptr && roll.before[slot] != 0 && life->plan != roll.before[slot])
      view.Break("a rollout that failed ends with the version before (I47)", Name(life->who));
  }
}

void RolloutRules::AfterStep(const View& view, core::ServiceId id) {
  const auto* commanded = view.event_as<core::Commanded>();
  if (commanded != nullptr && commanded->service == id) {
    const bool done = std::any_of(view.effects.begin(), view.effects.end(), [&](const core::Effect& effect) {
      const auto* reply = std::get_if<core::Reply>(&effect);
      return reply != nullptr && reply->request == commanded->request && reply->answer == core::Answer::kDone;
    });
    Roll& roll = rolls_[id];
    if (done && commanded->verb == core::Verb::kHold) roll.held = true;
    if (done && commanded->verb == core::Verb::kPromote) roll.held = false;
  }
  KeptMeansPaused(view, id);
  if ((view.service(id).rollout() != nullptr) != view.ledger.rolls(id))
    view.Break("each rollout is told of (I49)", std::to_string(id));
  OldGenerationsAreFew(view, id);
  EveryRolloutEnds(view, id);
  WhoIsWornIsReplaced(view, id);
}

void RolloutRules::KeptMeansPaused(const View& view, core::ServiceId id) const {
  for (uint32_t slot = 0; slot < view.ledger.slots(id); ++slot) {
    for (const Life& life : view.ledger.InSlot(id, slot)) {
      if (!life.kept) continue;
      if (!view.ledger.rolls(id)) view.Break("nobody is kept without a rollout (I46)", Name(life.who));
      if (life.active) view.Break("who is kept is paused (I46)", Name(life.who));
      if (view.ledger.Successor(life) == nullptr)
        view.Break("somebody serves in the place of who is kept (I46)", Name(life.who));
    }
  }
}

// The policy may have been changed: those that leave already have their time.
void RolloutRules::OldGenerationsAreFew(const View& view, core::ServiceId id) const {
  for (uint32_t slot = 0; slot < view.ledger.slots(id); ++slot) {
    const std::vector<Life>& lives = view.ledger.InSlot(id, slot);
    const bool anew = std::any_of(lives.begin(), lives.end(), [&](const Life& life) {
      return life.told_at == view.at.now && life.has_time();
    });
    if (anew && view.ledger.WithTime(id, slot) > view.ledger.policy(id).rollout.max_old_generations &&
        !view.changes(id))
      view.Break("old generations are few (I48)", Name(id, slot));
  }
}

void RolloutRules::EveryRolloutEnds(const View& view, core::ServiceId id) {
  const core::ReplaceOperation* rollout = view.service(id).rollout();
  Roll& roll = rolls_[id];
  roll.waits = rollout != nullptr && rollout->stage == Stage::kHeld;
  if (rollout == nullptr) return;
  if (roll.waits) {
    const bool canary = view.ledger.policy(id).rollout.canary != core::Share();
    if (!roll.held && !canary && !roll.changed)
      view.Break("a rollout waits for an operator where one wants it (I49)", std::to_string(id));
    return;
  }
  if (view.event_as<core::TimePassed>() == nullptr || roll.endless) return;
  if (roll.progress_at + roll.patience < view.at.now)
    view.Break("a rollout goes on (I49)", std::to_string(id));
  if (roll.began + roll.whole < view.at.now) view.Break("a rollout ends (I49)", std::to_string(id));
}

// Where it can be: when all serve.
void RolloutRules::WhoIsWornIsReplaced(const View& view, core::ServiceId id) {
  const core::Service& service = view.service(id);
  const bool rests = std::holds_alternative<std::monostate>(service.operation()) && service.up() &&
                     !view.supervisor.shutting_down() &&
                     view.ledger.ReadyWithout(id, nullptr) >= view.ledger.policy(id).num;
  core::Instant& since = at_rest_since_[id];
  if (!rests) since = core::kNever;
  if (rests && since == core::kNever) since = view.at.now;
  if (view.event_as<core::TimePassed>() == nullptr || since + core::kBackoffMax >= view.at.now) return;
  for (uint32_t slot = 0; slot < view.ledger.slots(id); ++slot) {
    for (const Life& life : view.ledger.InSlot(id, slot)) {
      const core::Instant due = std::min(life.worn_at, life.old_by);
      if (life.on_duty() && due + core::kBackoffMax < view.at.now)
        view.Break("who is worn out is replaced (J7)", Name(life.who));
    }
  }
}

}  // namespace fectl::sim
