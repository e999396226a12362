#include "master/sim/rules/slot_rules.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "master/core/basis/limits.h"
#include "master/sim/rules/facts.h"

namespace fectl::sim {
namespace {

// Lives of the slot that were not told to leave and did not end.
uint32_t Untold(const View& view, core::ServiceId id, uint32_t slot) {
  uint32_t count = 0;
  for (const Life& life : view.ledger.InSlot(id, slot)) count += !life.told() && !life.ended ? 1 : 0;
  return count;
}

bool Fits(std::optional<core::Milestone> newest, const Life& life, const Ledger& ledger) {
  if (!newest.has_value()) return life.told();  // it was told to leave before it was there
  switch (*newest) {
    case core::Milestone::kStarting:
    case core::Milestone::kReloading:
    case core::Milestone::kRestarting:
      return !life.told() && (!life.loaded || ledger.IsNext(life));
    case core::Milestone::kRunning:
      return life.on_duty() && life.active;
    case core::Milestone::kPaused:
      return life.on_duty() && !life.active;
    case core::Milestone::kAlarm:
      return life.alarmed;
    case core::Milestone::kReloadFailed:
    case core::Milestone::kRestartFailed:
    case core::Milestone::kReloadGivenUp:
    case core::Milestone::kRestartGivenUp:
    case core::Milestone::kStoppingOld:
    case core::Milestone::kStopping:
    case core::Milestone::kLost:
    case core::Milestone::kExamined:
      return life.told() && !life.alarmed;
    case core::Milestone::kStopped:
    case core::Milestone::kCutShort:
    case core::Milestone::kDone:
      return life.process_ended;
    case core::Milestone::kFailed:
    case core::Milestone::kCrashing:
    case core::Milestone::kRecovered:
      break;
  }
  return false;
}

}  // namespace

void SlotRules::AfterStep(const View& view, core::ServiceId id, uint32_t slot) {
  OneOfEachRole(view, id, slot);
  StateMeansWhatItSays(view, id, slot);
  TimerIsTheEarliestDeadline(view, id, slot);
  if (view.event_as<core::WorkerBeat>() != nullptr) return;  // which moves a deadline and nothing else
  ProcessesAreKnown(view, id, slot);
  NothingFollowsTheUnkillable(view, id, slot);
  RecordsSayWhatIs(view, id, slot);
  PausedServesNobody(view, id, slot);
  MemoryIsBounded(view, id, slot);
}

void SlotRules::OneOfEachRole(const View& view, core::ServiceId id, uint32_t slot) {
  int starting = 0;
  int loaded = 0;
  int active = 0;
  for (const Life& life : view.ledger.InSlot(id, slot)) {
    if (life.told() || life.ended) continue;
    ++(life.loaded ? loaded : starting);
    active += life.active ? 1 : 0;
  }
  if (starting > 1 || loaded > 2 || starting + loaded > 2 || active > 1)
    view.Break("one process of each role in a slot (I2)", Name(id, slot));
}

void SlotRules::StateMeansWhatItSays(const View& view, core::ServiceId id, uint32_t slot) {
  const core::SlotState& state = view.service(id).slots()[slot].state();
  uint32_t expected = 0;
  const auto is = [&](const core::Process& process, bool loaded, core::Instant loaded_at,
                      core::Instant deadline) {
    ++expected;
    const Life* life = view.ledger.Find({id, slot, process.generation});
    if (life == nullptr || life->told() || life->ended || life->loaded != loaded ||
        life->pid != process.pid || life->spawned_at != process.since ||
        (loaded && life->loaded_at != loaded_at)) {
      view.Break("a slot's state means what it says (I4, I31)", Name({id, slot, process.generation}));
    } else if (life->deadline != deadline || life->message_due != process.message_due) {
      view.Break("each process has its own deadline (I13)", Name(life->who));
    }
  };
  if (const auto* serving = std::get_if<core::Serving>(&state)) {
    is(serving->process, true, serving->loaded_at, serving->deadline);
  } else if (const auto* starting = std::get_if<core::Starting>(&state)) {
    is(starting->process, false, {}, starting->deadline);
  } else if (const auto* replacing = std::get_if<core::Replacing>(&state)) {
    is(replacing->old.process, true, replacing->old.loaded_at, replacing->old.deadline);
    is(replacing->next, replacing->next_loaded, replacing->loaded_at, replacing->deadline);
  } else if (const auto* baking = std::get_if<core::Baking>(&state)) {
    is(baking->now.process, true, baking->now.loaded_at, baking->now.deadline);
    is(baking->old.process, true, baking->old.loaded_at, baking->old.deadline);
    const Life* old = view.ledger.Find({id, slot, baking->old.process.generation});
    if (old != nullptr && !old->kept)
      view.Break("a slot's state means what it says (I4, I31)", Name(old->who) + " is not told to be kept");
  }
  if (Untold(view, id, slot) != expected) {
    view.Break("a slot's state means what it says (I4, I31)",
               Name(id, slot) + " has a process that is in no state");
  }
}

void SlotRules::ProcessesAreKnown(const View& view, core::ServiceId id, uint32_t slot) {
  const core::Slot& s = view.service(id).slots()[slot];
  size_t alive = 0;
  uint32_t alarmed = 0;
  for (const Life& life : view.ledger.InSlot(id, slot)) {
    alive += life.ended ? 0 : 1;
    alarmed += life.alarmed && !life.ended ? 1 : 0;
  }
  if (s.process_count() + alarmed != alive)
    view.Break("the supervisor knows its processes (I9)", Name(id, slot));
  for (const core::Leaving& leaving : s.leaving()) {
    const Life* life = view.ledger.Find({id, slot, leaving.process.generation});
    if (life == nullptr || life->ended || !life->told() || life->pid != leaving.process.pid)
      view.Break("the supervisor knows its processes (I9)", Name({id, slot, leaving.process.generation}));
    else if (!life->told_quit && !life->told_kill && !life->examined &&
             !(life->told_by_pipe && life->told_by_signal))
      view.Break("who shall leave is told by its pipe and by a signal (I16)", Name(life->who));
    else if (life->process_ended != leaving.ended)
      view.Break("the supervisor knows whose process has ended (I9)", Name(life->who));
    else if (life->deadline != leaving.deadline || life->message_due != leaving.process.message_due)
      view.Break("each process has its own deadline (I13)", Name(life->who));
  }
}

void SlotRules::NothingFollowsTheUnkillable(const View& view, core::ServiceId id, uint32_t slot) {
  const auto* starting = std::get_if<core::Starting>(&view.service(id).slots()[slot].state());
  if (starting == nullptr) return;
  const core::Cause::Kind why = starting->cause.kind;
  if (why != core::Cause::Kind::kAfterCrash && why != core::Cause::Kind::kAfterFailedStart) return;
  const core::Incarnation who{id, slot, starting->process.generation};
  const bool now = std::any_of(view.effects.begin(), view.effects.end(), [&who](const core::Effect& effect) {
    const auto* spawn = std::get_if<core::Spawn>(&effect);
    return spawn != nullptr && spawn->who == who;
  });
  for (const Life& life : view.ledger.InSlot(id, slot)) {
    if (now && life.alarmed && !life.ended)
      view.Break("where a process cannot be killed nothing is started by itself (I1)", Name(life.who));
  }
}

// What people read last of each process that exists is what it does.
void SlotRules::RecordsSayWhatIs(const View& view, core::ServiceId id, uint32_t slot) {
  for (const Life& life : view.ledger.InSlot(id, slot)) {
    if (life.ended || life.pid == 0 || Fits(life.newest, life, view.ledger)) continue;
    view.Break("the newest record of a process is true (I31)", Name(life.who));
  }
}

void SlotRules::TimerIsTheEarliestDeadline(const View& view, core::ServiceId id, uint32_t slot) {
  const core::Service& service = view.service(id);
  const core::Slot& s = service.slots()[slot];
  const core::Instant timer = s.next_deadline();
  core::Instant due = core::kNever;
  bool asked = false;
  for (const Life& life : view.ledger.InSlot(id, slot)) {
    if (life.ended) continue;
    due = std::min(due, life.due());
    asked = asked || ((life.asked || life.worn) && life.on_duty()) || life.old_from <= timer;
  }
  const auto* serving = std::get_if<core::Serving>(&s.state());
  if (s.crashing() && serving != nullptr) due = std::min(due, serving->loaded_at + core::kStableAfter);
  if (const auto* waiting = std::get_if<core::Waiting>(&s.state())) due = std::min(due, waiting->retry_at);
  // A request that is held back may come earlier than what the processes are due for.
  if (timer != due && (!asked || timer > due))
    view.Break("a slot's timer is its earliest deadline (I13)",
               Name(id, slot) + " is " + std::to_string(timer.ns) + ", should be " + std::to_string(due.ns));
  if (service.armed(slot) > timer) view.Break("each slot is looked at in its time (I13)", Name(id, slot));
  if (view.supervisor.next_deadline() > service.armed(slot))
    view.Break("the supervisor's timer is the earliest of all (I13)", Name(id, slot));
}

void SlotRules::PausedServesNobody(const View& view, core::ServiceId id, uint32_t slot) {
  const bool paused = view.service(id).paused();
  const core::SlotState& state = view.service(id).slots()[slot].state();
  const core::Serving* serving = std::get_if<core::Serving>(&state);
  if (const auto* replacing = std::get_if<core::Replacing>(&state)) serving = &replacing->old;
  if (const auto* baking = std::get_if<core::Baking>(&state)) serving = &baking->now;
  if (serving == nullptr) return;
  const Life* life = view.ledger.Find({id, slot, serving->process.generation});
  if (life != nullptr && life->active == paused)
    view.Break(paused ? "paused means that nobody serves (I17)" : "who is on duty was told to start (I17)",
               Name(life->who));
}

void SlotRules::MemoryIsBounded(const View& view, core::ServiceId id, uint32_t slot) {
  const core::Slot& s = view.service(id).slots()[slot];
  const auto& records = s.history().records();
  const bool fits = records.size() <= core::kHistoryRecords &&
                    (records.empty() || records.back().cause.text.size() <= core::kCauseTextBytes) &&
                    s.leaving().size() <= view.ledger.InSlot(id, slot).size() &&
                    view.ledger.WithTime(id, slot) <= core::kLeavingMax;
  if (!fits) view.Break("memory is bounded (I21)", Name(id, slot));
}

}  // namespace fectl::sim
