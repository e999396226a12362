#include "master/sim/checks.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/limits.h"

namespace fectl::sim {
namespace {

// The bound of automatic starts of one slot in any kPaceWindow: what the back-off promises.
constexpr core::Span kPaceWindow = core::Seconds(10);
constexpr size_t kPaceMax = 10;

// How late the world may let a killed process be seen dead, on top of every deadline.
constexpr core::Span kSlack = core::Seconds(2);

// The place of core::GivenUp in core::SlotState.
const uint8_t kGivenUp = static_cast<uint8_t>(core::SlotState(core::GivenUp{}).index());

std::string Name(const core::Incarnation& who) {
  return std::to_string(who.service) + "/" + std::to_string(who.slot) + "#" + std::to_string(who.generation);
}

const core::Incarnation* Concerns(const core::Event& event) {
  return std::visit(
      [](const auto& e) -> const core::Incarnation* {
        if constexpr (requires { e.who; }) {
          return &e.who;
        } else {
          return nullptr;
        }
      },
      event);
}

}  // namespace

Checks::Checks(const std::vector<core::ServicePolicy>& policies, Marks* marks)
    : ledger_([&policies] {
        std::vector<uint32_t> slots;
        for (const core::ServicePolicy& policy : policies) slots.push_back(policy.num);
        return Ledger(slots);
      }()),
      marks_(marks),
      states_(policies.size(), core::ServiceState::kStopped),
      stopping_since_(policies.size(), core::kNever),
      policies_(policies) {
  for (const core::ServicePolicy& policy : policies) {
    slot_states_.emplace_back(policy.num);
    pace_.emplace_back(policy.num);
    generations_.emplace_back(policy.num);
  }
}

void Checks::Break(const std::string& rule, const std::string& what) {
  if (!broken_.has_value()) broken_ = rule + ": " + what;
}

void Checks::After(const core::Supervisor& supervisor, const core::Event* event, const core::Moment& at,
                   const core::Effects& effects) {
  exit_records_ = 0;
  known_exit_ = false;
  if (event != nullptr) Note(*event, at);
  for (const core::Effect& effect : effects) OnEffect(supervisor, event, at, effect);
  if (event != nullptr && std::holds_alternative<core::WorkerBeat>(*event)) {
    const core::Incarnation& who = std::get<core::WorkerBeat>(*event).who;
    CheckSlot(supervisor.services()[who.service], who.service, who.slot);
    return;
  }
  if (event != nullptr) CheckExitsWereRecorded(event);
  const core::Incarnation* who = event == nullptr ? nullptr : Concerns(*event);
  for (core::ServiceId id = 0; id < supervisor.services().size(); ++id) {
    if (who == nullptr || who->service == id) CheckService(supervisor, id, event, at);
  }
  if (event == nullptr) return;
  if (const auto* exited = std::get_if<core::Exited>(event)) ledger_.Remove(exited->who);
  if (const auto* failed = std::get_if<core::SpawnFailed>(event)) ledger_.Remove(failed->who);
}

// Takes the event into the ledger, before what the supervisor made of it is looked at.
void Checks::Note(const core::Event& event, const core::Moment& at) {
  if (const auto* stalled = std::get_if<core::Stalled>(&event)) {
    ledger_.Stall(stalled->length);
    for (core::Instant& since : stopping_since_) {
      if (since != core::kNever) since = since + stalled->length;
    }
    return;
  }
  if (const auto* commanded = std::get_if<core::Commanded>(&event)) {
    open_requests_.insert(commanded->request);
    if (commanded->service < pace_.size()) {
      for (Pace& pace : pace_[commanded->service]) pace.starts.clear();
    }
    return;
  }
  if (const auto* shutdown = std::get_if<core::ShutdownAsked>(&event)) {
    if (shutdown->request != 0) open_requests_.insert(shutdown->request);
    return;
  }
  const core::Incarnation* who = Concerns(event);
  Life* life = who == nullptr ? nullptr : ledger_.Find(*who);
  if (life == nullptr) return;
  if (std::holds_alternative<core::WorkerLoaded>(event) && !life->loaded) {
    life->loaded = true;
    life->heard_at = at.now;
    life->stalled = {};
  } else if (std::holds_alternative<core::WorkerBeat>(event) && life->loaded) {
    life->heard_at = at.now;
    life->stalled = {};
  } else if (std::holds_alternative<core::WorkerAsked>(event)) {
    life->asked = true;
  } else if (std::holds_alternative<core::WorkerConfigError>(event) ||
             std::holds_alternative<core::WorkerViolated>(event) ||
             std::holds_alternative<core::ChannelClosed>(event)) {
    life->broke = true;
  } else if (std::holds_alternative<core::Exited>(event) ||
             std::holds_alternative<core::SpawnFailed>(event)) {
    known_exit_ = true;
  }
}

void Checks::OnEffect(const core::Supervisor& supervisor, const core::Event* event, const core::Moment& at,
                      const core::Effect& effect) {
  marks_->Saw(effect);
  if (finished_) return Break("nothing after finish", "an effect came after Finish");
  if (const auto* spawn = std::get_if<core::Spawn>(&effect)) {
    OnSpawn(supervisor, event, at, spawn->who);
  } else if (const auto* send = std::get_if<core::Send>(&effect)) {
    if (ledger_.Find(send->who) == nullptr) return Break("orders to the living", Name(send->who));
    if (send->order == core::Order::kStop) OnTold(supervisor, at, send->who, false);
    if (send->order == core::Order::kStart && supervisor.services()[send->who.service].paused()) {
      Break("paused means nobody is started (I17)", Name(send->who));
    }
  } else if (const auto* signal = std::get_if<core::Signal>(&effect)) {
    OnTold(supervisor, at, signal->who, signal->sig == core::Sig::kKill);
  } else if (const auto* reply = std::get_if<core::Reply>(&effect)) {
    OnReply(supervisor, *reply);
  } else if (const auto* report = std::get_if<core::Report>(&effect)) {
    OnReport(event, *report);
  } else {
    finished_ = true;
    for (core::ServiceId id = 0; id < supervisor.services().size(); ++id) {
      if (supervisor.services()[id].processes() != 0)
        Break("finish with nobody left (I30)", "processes exist");
    }
  }
}

void Checks::OnSpawn(const core::Supervisor& supervisor, const core::Event* event, const core::Moment& at,
                     const core::Incarnation& who) {
  if (supervisor.shutting_down()) Break("no start in a shutdown (I30)", Name(who));
  const core::ServiceState state = supervisor.services()[who.service].state();
  if (state == core::ServiceState::kStopped || state == core::ServiceState::kStopping) {
    Break("no start in a stopped service (I15)", Name(who));
  }
  uint32_t& newest = generations_[who.service][who.slot];
  if (who.generation <= newest) Break("a generation is used once (I10)", Name(who));
  newest = who.generation;
  ledger_.Add(who, at.now);
  if (event != nullptr && std::holds_alternative<core::WorkerConfigError>(*event)) {
    const core::Incarnation& broken = std::get<core::WorkerConfigError>(*event).who;
    const bool same_place = broken.service == who.service && broken.slot == who.slot;
    if (same_place && state != core::ServiceState::kReloading)
      Break("a configuration error is not tried again", Name(who));
  }
  // What people or workers asked for is theirs to pace; the rest is the back-off's.
  if (event == nullptr || std::holds_alternative<core::Commanded>(*event)) return;
  const std::vector<Life>& lives = ledger_.InSlot(who.service, who.slot);
  // Beside a worker that serves it is a replacement. (One whose end this step is about does not serve.)
  const core::Incarnation* ended = known_exit_ ? Concerns(*event) : nullptr;
  const bool replaces = std::any_of(lives.begin(), lives.end(), [ended](const Life& life) {
    return life.loaded && !life.told() && (ended == nullptr || life.who != *ended);
  });
  if (replaces) return;
  std::vector<core::Instant>& starts = pace_[who.service][who.slot].starts;
  std::erase_if(starts, [&](core::Instant start) { return at.now - start > kPaceWindow; });
  starts.push_back(at.now);
  if (starts.size() > kPaceMax) Break("starts are paced (I12)", Name(who));
}

void Checks::OnTold(const core::Supervisor& supervisor, const core::Moment& at, const core::Incarnation& who,
                    bool kill) {
  Life* life = ledger_.Find(who);
  if (life == nullptr) return Break("signals only to the living (I8)", Name(who));
  if (!life->told()) {
    if (!MayBeTold(supervisor, at, *life)) Break("who serves in time is left alone (I5)", Name(who));
    life->told_at = at.now;
  }
  if (kill && life->told_kill) Break("one SIGKILL is enough", Name(who));
  life->told_kill = life->told_kill || kill;
}

bool Checks::MayBeTold(const core::Supervisor& supervisor, const core::Moment& at, const Life& life) const {
  const core::Service& service = supervisor.services()[life.who.service];
  const core::ServiceState state = service.state();
  if (state == core::ServiceState::kStopped || state == core::ServiceState::kStopping) return true;
  if (life.broke) return true;
  const core::ServicePolicy& policy = policies_[life.who.service];
  if (!life.loaded) {
    if (at.now - (life.spawned_at + life.stalled) >= policy.startup_timeout) return true;
  } else if (at.now - (life.heard_at + life.stalled) >= policy.timeout) {
    // Judged by what was heard, and nothing lay unread (I6, I7).
    return world_.has_unread_bytes == nullptr || !world_.has_unread_bytes(life.who);
  }
  // Its successor in the slot is loaded (I3), or it is itself a successor that is given up while the one
  // before it serves, or a start that is begun anew.
  bool served_by_older = false;
  for (const Life& other : ledger_.InSlot(life.who.service, life.who.slot)) {
    if (other.told() || other.who.generation == life.who.generation) continue;
    if (other.who.generation > life.who.generation && (other.loaded || !life.loaded)) return true;
    if (other.who.generation < life.who.generation && other.loaded) served_by_older = true;
  }
  // A start that is begun anew is told before its successor is spawned: the supervisor's own next spawn
  // follows in the same effects, so only the state can say it here.
  const bool begun_anew = !life.loaded && state == core::ServiceState::kReloading;
  return served_by_older || begun_anew;
}

void Checks::OnReply(const core::Supervisor& supervisor, const core::Reply& reply) {
  if (open_requests_.erase(reply.request) != 1) {
    Break("one answer for each request (I20)", std::to_string(reply.request));
  }
  // Whose request it was is not in the answer; that some service is in the state is the least that must be
  // true.
  const auto some = [&](core::ServiceState state) {
    return std::any_of(supervisor.services().begin(), supervisor.services().end(),
                       [state](const core::Service& service) { return service.state() == state; });
  };
  if (reply.answer == core::Answer::kStopped && !some(core::ServiceState::kStopped)) {
    Break("answers are true (I20)", "said stopped");
  }
  if (reply.answer == core::Answer::kErrorReloading && !some(core::ServiceState::kReloading)) {
    Break("answers are true (I20)", "said reloading");
  }
  if (reply.answer == core::Answer::kErrorStopped && !some(core::ServiceState::kStopped)) {
    Break("answers are true (I20)", "said stopped already");
  }
}

void Checks::OnReport(const core::Event* event, const core::Report& report) {
  if (event == nullptr) return;
  const auto* exited = std::get_if<core::Exited>(event);
  if (exited == nullptr) return;
  const core::Cause& cause = report.record.cause;
  const bool of_an_end = report.record.milestone == core::Milestone::kLost ||
                         report.record.milestone == core::Milestone::kStopped ||
                         report.record.milestone == core::Milestone::kReloadFailed ||
                         report.record.milestone == core::Milestone::kRestartFailed;
  const bool same_kind =
      cause.kind == (exited->signaled ? core::Cause::Kind::kSignaled : core::Cause::Kind::kExited);
  if (of_an_end && same_kind && cause.number == exited->number && report.slot == exited->who.slot)
    ++exit_records_;
}

void Checks::CheckExitsWereRecorded(const core::Event* event) {
  if (!std::holds_alternative<core::Exited>(*event)) return;
  const int expected = known_exit_ ? 1 : 0;
  if (exit_records_ != expected) {
    Break("an exit is recorded once (I11)", Name(std::get<core::Exited>(*event).who) + " was recorded " +
                                                std::to_string(exit_records_) + " times");
  }
}

void Checks::CheckService(const core::Supervisor& supervisor, core::ServiceId id, const core::Event* event,
                          const core::Moment& at) {
  const core::Service& service = supervisor.services()[id];
  const core::ServiceState state = service.state();
  if (state != states_[id]) marks_->ServiceEdge(states_[id], state);
  states_[id] = state;
  // A reload that had to wait for something else begins with whatever event ends that.
  const bool by_command = state == core::ServiceState::kReloading ||
                          (event != nullptr && (std::holds_alternative<core::Commanded>(*event) ||
                                                std::holds_alternative<core::ShutdownAsked>(*event)));
  uint32_t ready = 0;
  uint32_t processes = 0;
  size_t living = 0;
  for (uint32_t slot = 0; slot < service.slots().size(); ++slot) {
    const core::Slot& s = service.slots()[slot];
    const auto now_state = static_cast<uint8_t>(s.state().index());
    uint8_t& before = slot_states_[id][slot];
    const bool given_up_before = before == kGivenUp && now_state != kGivenUp;
    if (given_up_before && !by_command) Break("given up until somebody asks (I14)", std::to_string(slot));
    if (before != now_state || std::holds_alternative<core::Starting>(s.state()))
      marks_->SlotEdge(before, now_state);
    before = now_state;
    ready += s.ready() ? 1 : 0;
    processes += s.process_count();
    for (const Life& life : ledger_.InSlot(id, slot)) {
      // One whose end this step is about stays in the ledger until the step is checked.
      const bool ended = known_exit_ && life.who == *Concerns(*event);
      living += life.told() || ended ? 0 : 1;
    }
    CheckSlot(service, id, slot);
  }
  if (ready != service.ready() || processes != service.processes()) {
    Break("counts are true (I31)", "service " + std::to_string(id));
  }
  if (living > size_t{2} * service.policy().num)
    Break("at most two for each place (I1)", std::to_string(living));
  if (state == core::ServiceState::kStopped && processes != 0) Break("stopped means nobody (I15)", "");
  CheckStopping(service, id, at);
}

void Checks::CheckStopping(const core::Service& service, core::ServiceId id, const core::Moment& at) {
  core::Instant& since = stopping_since_[id];
  if (service.state() != core::ServiceState::kStopping) {
    since = core::kNever;
    return;
  }
  if (since == core::kNever) since = at.now;
  if (at.now - since <= service.policy().shutdown_timeout + kSlack) return;
  for (uint32_t slot = 0; slot < service.slots().size(); ++slot) {
    for (const Life& life : ledger_.InSlot(id, slot)) {
      const bool stuck = world_.is_unkillable != nullptr && world_.is_unkillable(life.who);
      if (!stuck && !life.told_kill) Break("a stop ends in time (I16)", Name(life.who));
    }
  }
}

void Checks::CheckSlot(const core::Service& service, core::ServiceId id, uint32_t slot) {
  const core::Slot& s = service.slots()[slot];
  if (s.history().records().size() > core::kHistoryRecords) Break("history is bounded (I21)", "");
  // Who is on duty is loaded and was not told to leave; who starts is neither (I2, I4).
  const auto is = [&](const core::Process& process, bool loaded) {
    const Life* life = ledger_.Find({id, slot, process.generation});
    if (life == nullptr || life->told() || life->loaded != loaded) {
      Break("a slot's states mean what they say (I2, I4)", Name({id, slot, process.generation}));
    }
  };
  if (const auto* starting = std::get_if<core::Starting>(&s.state())) is(starting->process, false);
  if (const auto* serving = std::get_if<core::Serving>(&s.state())) is(serving->process, true);
  if (const auto* replacing = std::get_if<core::Replacing>(&s.state())) {
    is(replacing->old.process, true);
    is(replacing->next, replacing->next_loaded);
  }
  // Every process of the supervisor is known from the effects, and the other way round (I9); an exit of this
  // step is taken out of the ledger afterwards.
  // Those that outlived SIGKILL are not counted by it any more.
  const auto alarmed = std::count_if(
      s.leaving().begin(), s.leaving().end(),
      [](const core::Leaving& leaving) { return leaving.stage == core::Leaving::Stage::kAlarmed; });
  const size_t known = ledger_.InSlot(id, slot).size();
  const size_t counted = s.process_count() + static_cast<size_t>(alarmed);
  if (counted != known && counted + (known_exit_ ? 1 : 0) != known) {
    Break("the supervisor knows its processes (I9)", std::to_string(id) + "/" + std::to_string(slot));
  }
  if (std::holds_alternative<core::Waiting>(s.state()) && s.next_deadline() == core::kNever) {
    Break("who waits has a timer (I13)", std::to_string(id) + "/" + std::to_string(slot));
  }
  const bool idle =
      std::holds_alternative<core::Vacant>(s.state()) || std::holds_alternative<core::GivenUp>(s.state());
  if (idle && s.leaving().empty() && s.next_deadline() != core::kNever) {
    Break("who waits for nothing has no timer (I13)", std::to_string(id) + "/" + std::to_string(slot));
  }
}

}  // namespace fectl::sim
