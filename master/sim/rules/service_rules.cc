#include "master/sim/rules/service_rules.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/basis/limits.h"
#include "master/sim/rules/facts.h"

namespace fectl::sim {
namespace {

// The place of core::GivenUp in core::SlotState.
const uint8_t kGivenUp = static_cast<uint8_t>(core::SlotState(core::GivenUp{}).index());

constexpr uint64_t kComparedEvery = 64;

// A message that means nothing: of a process that is gone, or said twice, or too late.
bool MeansNothing(const core::Event& event, const Ledger& ledger) {
  const core::Incarnation* who = Concerns(event);
  if (who == nullptr) return false;
  const Life* life = ledger.Find(*who);
  if (life == nullptr) return true;
  const bool begun = life->message_due != core::kNever;  // and a whole message ends that
  if (std::holds_alternative<core::WorkerLoaded>(event))
    return (life->loaded || life->told() || life->oneshot) && !begun;
  if (std::holds_alternative<core::WorkerBeat>(event))
    return (life->told() || !life->loaded || life->closed) && !begun;
  if (std::holds_alternative<core::WorkerBeganMessage>(event)) return life->told() || life->oneshot || begun;
  if (std::holds_alternative<core::WorkerLeased>(event))
    return (life->told() || life->oneshot || life->closed) && !begun;
  if (std::holds_alternative<core::Examined>(event)) return !life->examined;
  if (std::holds_alternative<core::WorkerWornOut>(event)) return life->told() || !life->loaded;
  if (std::holds_alternative<core::WorkerDisproved>(event)) return life->told() || !life->proves;
  if (std::holds_alternative<core::GroupEnded>(event)) return !life->process_ended;
  return life->told() && (std::holds_alternative<core::WorkerConfigError>(event) ||
                          std::holds_alternative<core::WorkerViolated>(event));
}

}  // namespace

void ServiceRules::BeforeStep(const core::Supervisor& supervisor, const core::Event& event,
                              const Ledger& ledger) {
  unchanged_.reset();
  means_nothing_ = MeansNothing(event, ledger);
  // The whole is costly to compare; that nothing comes of it is looked at each time.
  if (means_nothing_ && ++meaningless_ % kComparedEvery == 1) unchanged_ = supervisor;
  requests_ += std::holds_alternative<core::Commanded>(event) ? 1 : 0;
}

void ServiceRules::OnEffect(const View& view, const core::Effect& effect) {
  if (finished_) view.Break("nothing comes after the end (I30)", "an effect after Finish");
  if (!std::holds_alternative<core::Finish>(effect)) return;
  finished_ = true;
  FinishMeansNobody(view);
}

void ServiceRules::FinishMeansNobody(const View& view) const {
  for (core::ServiceId id = 0; id < view.ledger.services(); ++id) {
    for (uint32_t slot = 0; slot < view.ledger.slots(id); ++slot) {
      for (const Life& life : view.ledger.InSlot(id, slot)) {
        if (!life.ended && !life.alarmed)
          view.Break("the end means that nobody is left (I30)", Name(life.who));
      }
    }
  }
  if (!view.supervisor.shutting_down())
    view.Break("the end comes in a shutdown (I30)", "nobody asked for one");
}

void ServiceRules::AfterStep(const View& view, core::ServiceId id) {
  NotMoreThanTwoForEachPlace(view, id);
  CountsAreTrue(view, id);
  StoppedMeansNobody(view, id);
  StopEnds(view, id);
  EdgesAreInTheTables(view, id);
  WhoAsksIsReplaced(view, id);
  RestartsAreCounted(view, id);
  RestartHurries(view, id);
}

void ServiceRules::AfterStep(const View& view) {
  LateEventsChangeNothing(view);
  WhatIsDueIsDone(view);
  WorkIsBounded(view);
  if (view.event_as<core::TimePassed>() != nullptr) time_passed_at_ = view.at.now;
}

// Those that were told to leave do not count until they should have been killed, which is done when time
// passes for the supervisor: a busy master comes to that late. Those that outlive SIGKILL are told of and do
// not count at all.
void ServiceRules::NotMoreThanTwoForEachPlace(const View& view, core::ServiceId id) const {
  size_t alive = 0;
  for (uint32_t slot = 0; slot < view.ledger.slots(id); ++slot) {
    for (const Life& life : view.ledger.InSlot(id, slot)) {
      const bool leaves = life.told() && (life.told_kill || life.deadline > time_passed_at_);
      alive += life.ended || leaves ? 0 : 1;
    }
  }
  if (alive > size_t{2} * view.ledger.policy(id).num)
    view.Break("at most two for each place (I1)", std::to_string(alive));
}

void ServiceRules::CountsAreTrue(const View& view, core::ServiceId id) const {
  uint32_t ready = 0;
  uint32_t processes = 0;
  for (uint32_t slot = 0; slot < view.ledger.slots(id); ++slot) {
    bool on_duty = false;
    for (const Life& life : view.ledger.InSlot(id, slot)) {
      on_duty = on_duty || life.on_duty();
      processes += life.ended || life.alarmed ? 0 : 1;
    }
    ready += on_duty ? 1 : 0;
  }
  if (ready != view.service(id).ready() || processes != view.service(id).processes())
    view.Break("counts are true (I31)", "service " + std::to_string(id));
}

void ServiceRules::StoppedMeansNobody(const View& view, core::ServiceId id) const {
  if (view.service(id).state() == core::ServiceState::kStopped && view.service(id).processes() != 0)
    view.Break("stopped means nobody (I15)", "service " + std::to_string(id));
}

// With I13 (what is due is done) and I16 (a kill in its time): a stop is not waited for when nobody is left,
// and each that is left was told.
void ServiceRules::StopEnds(const View& view, core::ServiceId id) const {
  const core::ServiceState state = view.service(id).state();
  if (state != core::ServiceState::kStopping && state != core::ServiceState::kStopped) return;
  for (uint32_t slot = 0; slot < view.ledger.slots(id); ++slot) {
    for (const Life& life : view.ledger.InSlot(id, slot)) {
      if (!life.told() && !life.ended) view.Break("a stop tells everybody (I16)", Name(life.who));
    }
  }
}

void ServiceRules::EdgesAreInTheTables(const View& view, core::ServiceId id) {
  const core::Service& service = view.service(id);
  const core::ServiceState state = service.state();
  if (state != states_[id] && !marks_->ServiceEdge(states_[id], state)) {
    view.Break("a service goes by its table (I14)",
               std::string(core::ToWord(states_[id])) + " -> " + std::string(core::ToWord(state)));
  }
  states_[id] = state;
  slot_states_.Trim(id, service.slots().size());
  // A reload that had to wait for something else begins with whatever event ends that.
  const bool by_command = view.changes(id) || service.removing() || state == core::ServiceState::kReloading ||
                          state == core::ServiceState::kStarting || state == core::ServiceState::kWaiting ||
                          view.event_as<core::Commanded>() != nullptr ||
                          view.event_as<core::ShutdownAsked>() != nullptr;
  for (uint32_t slot = 0; slot < service.slots().size(); ++slot) {
    const core::SlotState& slot_state = service.slots()[slot].state();
    const auto after = static_cast<uint8_t>(slot_state.index());
    uint8_t& before = slot_states_.At(id, slot);
    if (before == kGivenUp && after != kGivenUp && !by_command)
      view.Break("given up until somebody asks (I14)", Name(id, slot));
    const auto* starting = std::get_if<core::Starting>(&slot_state);
    const bool anew = starting != nullptr && starting->process.since == view.at.now;
    if ((before != after || anew) && !marks_->SlotEdge(before, after))
      view.Break("a slot goes by its table (I14)", Name(id, slot) + " " + Marks::SlotEdgeName(before, after));
    before = after;
  }
}

// At the latest when the pacing allows it and nothing else is under way.
void ServiceRules::WhoAsksIsReplaced(const View& view, core::ServiceId id) const {
  const core::ServiceState state = view.service(id).state();
  const bool busy = state == core::ServiceState::kStarting || state == core::ServiceState::kReloading;
  if (view.event_as<core::TimePassed>() == nullptr || busy || view.ledger.Begins(id)) return;
  if (view.supervisor.shutting_down()) return;  // nobody is started any more
  for (uint32_t slot = 0; slot < view.ledger.slots(id); ++slot) {
    for (const Life& life : view.ledger.InSlot(id, slot)) {
      if (life.on_duty() && life.asked_at + core::kBackoffMax < view.at.now)
        view.Break("who asks is replaced (J3)", Name(life.who));
    }
  }
}

// One for each that was lost and is to be followed by another.
void ServiceRules::RestartsAreCounted(const View& view, core::ServiceId id) {
  const core::Service& service = view.service(id);
  restarts_.Trim(id, service.slots().size());
  const auto* failed = view.event_as<core::SpawnFailed>();
  const bool shortage =
      failed != nullptr &&
      failed->failure == core::StartFailure::kTransient;  // which is no loss of the worker's
  const bool rolled = std::any_of(view.effects.begin(), view.effects.end(), [id](const core::Effect& effect) {
    const auto* report = std::get_if<core::ServiceReport>(&effect);
    return report != nullptr && report->service == id &&
           report->what == core::ServiceReport::What::kRollBegan;
  });
  for (uint32_t slot = 0; slot < service.slots().size(); ++slot) {
    bool lost = false;
    bool given_up = false;
    size_t others = 0;  // records of other slots
    bool follows = std::holds_alternative<core::Waiting>(service.slots()[slot].state());
    for (const core::Effect& effect : view.effects) {
      const auto* spawn = std::get_if<core::Spawn>(&effect);
      follows = follows || (spawn != nullptr && spawn->who.service == id && spawn->who.slot == slot);
      const auto* report = std::get_if<core::Report>(&effect);
      if (report != nullptr && report->service == id && report->slot != slot) ++others;
      if (report == nullptr || report->service != id || report->slot != slot) continue;
      lost = lost || report->record.milestone == core::Milestone::kLost;
      given_up = given_up || report->record.milestone == core::Milestone::kFailed;
    }
    const uint64_t before = std::exchange(restarts_.At(id, slot), service.slots()[slot].restarts());
    const uint64_t counted = restarts_.At(id, slot) - before;
    // A late master finds several alarms due in one step. A worker may be lost in it that is being replaced,
    // by a reload which has begun in the same step.
    const bool exact = view.event_as<core::TimePassed>() == nullptr || (others == 0 && !rolled);
    const uint64_t expected = lost && follows && !given_up && !shortage ? 1 : 0;
    if (exact ? counted != expected : counted > expected)
      view.Break("restarts are counted (I31)", Name(id, slot));
  }
}

// What is leaving after earlier commands does not keep its time when a restart begins.
void ServiceRules::RestartHurries(const View& view, core::ServiceId id) const {
  const auto* commanded = view.event_as<core::Commanded>();
  if (commanded == nullptr || commanded->service != id || commanded->verb != core::Verb::kRestart) return;
  const bool begins = std::any_of(view.effects.begin(), view.effects.end(), [](const core::Effect& effect) {
    return std::holds_alternative<core::Spawn>(effect);
  });
  if (!begins) return;
  for (uint32_t slot = 0; slot < view.ledger.slots(id); ++slot) {
    for (const Life& life : view.ledger.InSlot(id, slot)) {
      if (life.has_time() && life.deadline > view.at.now + core::kHurriedGrace)
        view.Break("a restart hurries what is leaving (I16)", Name(life.who));
    }
  }
}

void ServiceRules::LateEventsChangeNothing(const View& view) const {
  if (!means_nothing_) return;
  if (!view.effects.empty() || (unchanged_.has_value() && !(*unchanged_ == view.supervisor)))
    view.Break("what is late or means nothing changes nothing (I23, I32)", Name(*Concerns(*view.event)));
}

void ServiceRules::WhatIsDueIsDone(const View& view) const {
  if (view.event_as<core::TimePassed>() != nullptr && view.supervisor.next_deadline() <= view.at.now)
    view.Break("what is due is done (I13)", "a deadline is left behind");
}

// A command for each place may retire two processes and start one; each costs a few effects. Answers go to
// whoever waits.
void ServiceRules::WorkIsBounded(const View& view) const {
  size_t places = 0;
  for (core::ServiceId id = 0; id < view.ledger.services(); ++id) places += view.ledger.slots(id);
  if (view.effects.size() > 16 * places + requests_ + 2)
    view.Break("a step's work is bounded (I22)", std::to_string(view.effects.size()) + " effects");
}

}  // namespace fectl::sim
