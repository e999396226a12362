#include "master/sim/engine.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/journal.h"
#include "master/sim/draw.h"

namespace fectl::sim {
Engine::Engine(const Options& options)
    : options_(options),
      swarm_(options.seed, options.services, options.workers),
      random_kernel_(options.seed ^ 0x1111),
      random_master_(options.seed ^ 0x2222),
      random_operator_(options.seed ^ 0x3333),
      random_wall_(options.wall_seed),
      random_order_(options.order_seed),
      random_late_(options.seed ^ 0x5555),
      random_journal_(options.seed ^ 0x6666),
      programs_(options.seed ^ 0x4444, &swarm_, this),
      kernel_(swarm_.pids, swarm_.pipe_bytes),
      supervisor_(core::FirstPlans(swarm_.policies), options.seed),
      checks_(swarm_.policies, &outcome_.marks) {
  checks_.SetWorld({.has_unread_messages = [this](const core::Incarnation& who) {
    const uint32_t place = kernel_.PlaceOf(who);
    return place != Kernel::kNowhere && kernel_.process(place).readable();
  }});
  newest_plan_ = swarm_.policies.size();
  outcome_.trace.policies = swarm_.policies;
  outcome_.trace.random_seed = options.seed;
  outcome_.trace.begin = kBegin;
}

void Engine::Plan(core::Span in, Kind kind, uint32_t place, Action action) {
  const uint32_t serial = place < kernel_.places() ? kernel_.process(place).serial : 0;
  core::Instant at = now_ + in;
  if (const int64_t tick = swarm_.tick.ns; tick > 0 && at > now_) at.ns = (at.ns + tick - 1) / tick * tick;
  ++planned_;
  items_.push({at, options_.order_seed == 0 ? planned_ : random_order_.Next(), kind, place, serial, action});
}

void Engine::Pass(core::Instant end) {
  while (ok() && !finished_) {
    const core::Instant due = std::max(supervisor_.next_deadline(), asleep_until_);
    const core::Instant next = items_.empty() ? core::kNever : items_.top().at;
    if (std::min(due, next) > end) break;
    if (due <= next && supervisor_.next_deadline() != core::kNever) {
      now_ = std::max(now_, due);
      WakeMaster();
      if (!supervisor_.IsDue(now_)) continue;
      HearEverybody();
      Step(core::TimePassed{});
      continue;
    }
    const Item item = items_.top();
    items_.pop();
    now_ = std::max(now_, item.at);
    Do(item);
  }
  if (!finished_) now_ = std::max(now_, end);
}

void Engine::Do(const Item& item) {
  switch (item.kind) {
    case Kind::kProgram:
      if (kernel_.process(item.place).serial == item.serial)
        programs_.Act(kernel_.process(item.place), item.place, item.action);
      return;
    case Kind::kStall:
      return FallAsleep();
    case Kind::kCrash:
      return Crash();
    case Kind::kOperator:
    case Kind::kMasterReads:
    case Kind::kMasterSeesEnd:
    case Kind::kMasterSeesExit:
    case Kind::kMasterSeesGroupEnd:
    case Kind::kMasterSeesDeaf:
    case Kind::kMasterGivesUp:
      break;
  }
  const bool operates = item.kind == Kind::kOperator;
  if (!operates && kernel_.process(item.place).serial != item.serial) return;
  if (now_ < asleep_until_) {
    items_.push({asleep_until_, ++planned_, item.kind, item.place, item.serial, item.action});
    return;
  }
  WakeMaster();
  if (operates) Operate();
  if (item.kind == Kind::kMasterReads) Read(item.place);
  if (item.kind == Kind::kMasterSeesEnd) SeeEnd(item.place);
  if (item.kind == Kind::kMasterSeesExit) SeeExit(item.place);
  if (item.kind == Kind::kMasterSeesGroupEnd) SeeGroupEnd(item.place);
  if (item.kind == Kind::kMasterSeesDeaf) Step(core::ChannelClosed{kernel_.process(item.place).who});
  if (item.kind == Kind::kMasterGivesUp)
    Step(core::WorkerViolated{kernel_.process(item.place).who, "leaves its commands unread"});
}

void Engine::Write(SimProcess& process, uint32_t place, Said said) {
  if (!kernel_.Write(process, said) || process.read_planned) return;
  // Mostly at once: the common case costs no planning.
  const core::Span delay =
      calm_ || random_master_.Below(5) != 0 ? core::Span{} : DrawSpan(random_master_, swarm_.read_delay_max);
  if (delay == core::Span{} && now_ >= asleep_until_ && !stepping_) {
    Read(place);
  } else {
    process.read_planned = true;
    Plan(delay, Kind::kMasterReads, place);
  }
}

void Engine::ClosePipe(SimProcess& process, uint32_t place) {
  if (process.pipe_closed) return;
  process.pipe_closed = true;
  if (!process.writable()) Plan(DrawSpan(random_master_, swarm_.read_delay_max), Kind::kMasterSeesEnd, place);
}

void Engine::StopReading(SimProcess& process, uint32_t place) {
  if (!process.reads_orders) return;
  process.reads_orders = false;
  Plan(DrawSpan(random_master_, swarm_.read_delay_max), Kind::kMasterSeesDeaf, place);
}

void Engine::EndGrandchild(SimProcess& process, uint32_t place) {
  process.holds_pipe = false;
  if (!process.writable()) Plan(DrawSpan(random_master_, swarm_.read_delay_max), Kind::kMasterSeesEnd, place);
}

void Engine::Overflow(SimProcess& /*process*/, uint32_t place) {
  Plan({}, Kind::kMasterGivesUp, place);
}

void Engine::Die(SimProcess& process, uint32_t place, bool signaled, int32_t number) {
  if (process.life != SimProcess::Life::kAlive) return;
  process.life = SimProcess::Life::kZombie;
  process.signaled = signaled;
  process.number = number;
  const core::Span seen_in = DrawSpan(random_kernel_, calm_ ? core::Milliseconds(1) : swarm_.exit_delay_max);
  // The end of the pipe comes first in 296 of 300 deaths.
  if (!process.pipe_closed && !process.holds_pipe && random_kernel_.Below(300) < 296) {
    Plan(DrawSpan(random_kernel_, seen_in), Kind::kMasterSeesEnd, place);
  }
  process.pipe_closed = true;
  Plan(seen_in, Kind::kMasterSeesExit, place);
}

void Engine::EndGroup(SimProcess& process, uint32_t place) {
  if (process.life != SimProcess::Life::kLeftGroup) return;
  process.life = SimProcess::Life::kEndedGroup;
  Plan(DrawSpan(random_kernel_, calm_ ? core::Milliseconds(1) : swarm_.exit_delay_max),
       Kind::kMasterSeesGroupEnd, place);
}

void Engine::Later(uint32_t place, core::Span in, Action action) {
  Plan(in, Kind::kProgram, place, action);
}

const core::ServicePolicy& Engine::PolicyOf(const SimProcess& process) const {
  return checks_.ledger().policy(process.who.service);
}

void Engine::Read(uint32_t place) {
  SimProcess& process = kernel_.process(place);
  process.read_planned = false;
  // Short reads tear frames anywhere.
  const size_t bytes = calm_ || random_master_.Below(8) != 0 ? 16 * 1024 : 1 + random_master_.Below(40);
  Hear(process, bytes);
  if (process.readable() && !process.read_planned) {
    process.read_planned = true;
    Plan(core::Milliseconds(1), Kind::kMasterReads, place);
  }
}

void Engine::Hear(SimProcess& process, size_t bytes) {
  Deliver(process, bytes);
  if (process.mid_frame()) Step(core::WorkerBeganMessage{process.who});
}

void Engine::Deliver(SimProcess& process, size_t bytes) {
  const core::Incarnation who = process.who;
  std::vector<Said> said;
  said.swap(said_);
  said.clear();
  kernel_.Read(process, bytes, &said);
  for (const Said message : said) {
    const bool understood = message != Said::kGarbage && message != Said::kHalfFrame;
    if (understood && message != Said::kLoaded) Step(core::WorkerBeat{who});
    switch (message) {
      case Said::kBeat:
        break;
      case Said::kLoaded:
        Step(core::WorkerLoaded{who});
        break;
      case Said::kReload:
        Step(core::WorkerAsked{who, core::Urgency::kReload, false, {}});
        break;
      case Said::kRestart:
        Step(core::WorkerAsked{who, core::Urgency::kRestart, false, {}});
        break;
      case Said::kLeaves:
        Step(core::WorkerAsked{who, core::Urgency::kReload, true, "enough requests"});
        break;
      case Said::kConfigError:
        Step(core::WorkerConfigError{who, "no such application"});
        break;
      case Said::kGarbage:
      case Said::kHalfFrame:  // and what stood behind it
        Step(core::WorkerViolated{who, "what is this"});
        break;
    }
  }
  said_.swap(said);
}

void Engine::SeeEnd(uint32_t place) {
  SimProcess& process = kernel_.process(place);
  if (process.end_seen) return;
  if (process.readable()) Hear(process, SIZE_MAX);
  process.end_seen = true;
  Step(core::ChannelClosed{process.who});
}

void Engine::SeeExit(uint32_t place) {
  SimProcess& process = kernel_.process(place);
  Deliver(process, SIZE_MAX);
  const core::Incarnation who = process.who;
  const core::Exited exited{.who = who,
                            .signaled = process.signaled,
                            .number = process.number,
                            .inside_message = process.mid_frame(),
                            .group_left = process.has_group && !process.failed_exec};
  const bool failed_exec = process.failed_exec;
  if (exited.group_left) {
    process.life = SimProcess::Life::kLeftGroup;
    programs_.OnGroupLeft(process, place);
  } else {
    // Its number may be another's before the supervisor has heard of it.
    kernel_.Reap(place);
  }
  if (failed_exec) {
    Step(core::SpawnFailed{who, "no program there", DrawFailure()});
  } else {
    Step(exited);
  }
  if (!calm_ && random_late_.Below(100) < swarm_.late_percent) HandInLate(who);
}

core::StartFailure Engine::DrawFailure() {
  return random_kernel_.Below(2) == 0 ? core::StartFailure::kTransient : core::StartFailure::kPermanent;
}

void Engine::SeeGroupEnd(uint32_t place) {
  const core::Incarnation who = kernel_.process(place).who;
  kernel_.Reap(place);
  Step(core::GroupEnded{who});
  if (!calm_ && random_late_.Below(100) < swarm_.late_percent) Step(core::GroupEnded{who});
}

void Engine::HandInLate(const core::Incarnation& who) {
  core::Incarnation whom = who;
  if (random_late_.Below(8) == 0) whom.slot = 1000;
  if (random_late_.Below(8) == 0) whom.service = 1000;
  switch (random_late_.Below(8)) {
    case 0:
      return Step(core::WorkerBeat{whom});
    case 1:
      return Step(core::WorkerLoaded{whom});
    case 2:
      return Step(core::WorkerAsked{whom, core::Urgency::kRestart, true, {}});
    case 3:
      return Step(core::WorkerConfigError{whom, "late"});
    case 4:
      return Step(core::WorkerViolated{whom, "late"});
    case 5:
      return Step(core::Spawned{whom, 7});
    case 6:
      return Step(core::WorkerBeganMessage{whom});
    default:
      return Step(core::ChannelClosed{whom});
  }
}

void Engine::HearEverybody() {
  for (uint32_t place = 0; place < kernel_.places(); ++place) {
    SimProcess& process = kernel_.process(place);
    if (process.life != SimProcess::Life::kFree && process.readable()) Hear(process, SIZE_MAX);
  }
}

void Engine::WakeMaster() {
  if (asleep_since_ == core::kNever || now_ < asleep_until_) return;
  const core::Span length = asleep_until_ - asleep_since_;
  asleep_since_ = core::kNever;
  Step(core::Stalled{length});
}

void Engine::FallAsleep() {
  if (calm_) return;
  if (asleep_since_ == core::kNever) {
    asleep_since_ = now_;
    asleep_until_ = now_ + core::Seconds(1) + DrawSpan(random_master_, swarm_.stall_max);
  }
  Plan(DrawSpan(random_master_, core::Span{2 * swarm_.stall_interval.ns}), Kind::kStall);
}

void Engine::Crash() {
  Restore();
  if (!calm_) Plan(DrawSpan(random_master_, core::Seconds(600)), Kind::kCrash);
}

void Engine::Restore() {
  std::string bytes = core::WriteJournal(supervisor_);
  std::optional<core::Supervisor> restored = core::ReadJournal(bytes);
  if (!restored.has_value() || !(*restored == supervisor_)) {
    outcome_.broken = "the journal gives the state back (I27, I28): it does not";
    return;
  }
  size_t places = 0;
  for (const core::Service& service : supervisor_.services()) places += 1 + service.slots().size();
  if (bytes.size() > 1024 + places * 8 * 1024 + checks_.open_requests() * 16)
    outcome_.broken = "memory is bounded (I21): the state takes " + std::to_string(bytes.size()) + " bytes";
  if (random_journal_.Below(16) == 0) DamageJournal(bytes);
  supervisor_ = *std::move(restored);
}

void Engine::DamageJournal(const std::string& bytes) {
  std::string torn = bytes.substr(0, random_journal_.Below(bytes.size()));
  std::string flipped = bytes;
  char& byte = flipped[random_journal_.Below(flipped.size())];
  byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << random_journal_.Below(8)));
  bool good = !core::ReadJournal(torn).has_value() && !core::ReadJournal(flipped).has_value();
  if (!old_journal_.empty()) {
    const std::optional<core::Supervisor> older = core::ReadJournal(old_journal_);
    good = good && older.has_value() && core::WriteJournal(*older) == old_journal_;
    // The new one written over the old one, but for its end.
    if (torn.size() < old_journal_.size()) torn += old_journal_.substr(torn.size());
    good = good && (torn == bytes || torn == old_journal_ || !core::ReadJournal(torn).has_value());
  }
  if (!good) outcome_.broken = "a damaged journal is refused, an old one is what it was (I29): it is not";
  old_journal_ = bytes;
}

void Engine::Step(const core::Event& event) {
  if (!ok() || finished_) return;
  ++outcome_.events;
  if (options_.keep_trace) outcome_.trace.entries.push_back({now_, event});
  hash_.Add(now_, event);
  const core::Moment at{now_, static_cast<int64_t>(random_wall_.Next() >> 32)};
  core::Effects effects;
  effects.swap(effects_);
  effects.clear();
  checks_.Before(supervisor_, event);
  supervisor_.Step(event, at, effects);
  checks_.After(supervisor_, &event, at, effects);
  AfterStep(effects);
  effects_.swap(effects);
  if (std::holds_alternative<core::Exited>(event)) Step(core::RoomMade{});
}

void Engine::Boot() {
  now_ = kBegin;
  const core::Moment at{now_, 0};
  core::Effects effects;
  supervisor_.Boot(at, effects);
  checks_.After(supervisor_, nullptr, at, effects);
  AfterStep(effects);
}

void Engine::AfterStep(const core::Effects& effects) {
  for (const core::Effect& effect : effects) hash_.Add(effect);
  if (checks_.broken().has_value()) outcome_.broken = checks_.broken();
  if (!ok()) return;
  if (outcome_.events < options_.journaled_steps) Restore();
  const bool outermost = !stepping_;
  stepping_ = true;
  for (const core::Effect& effect : effects) Run(effect);
  if (!outermost) return;
  // What follows from effects is handed in after them, never from inside a step.
  while (!follow_ups_.empty()) {
    const std::vector<core::Event> events = std::exchange(follow_ups_, {});
    for (const core::Event& event : events) Step(event);
  }
  stepping_ = false;
  unborn_.clear();
}

void Engine::Run(const core::Effect& effect) {
  if (const auto* spawn = std::get_if<core::Spawn>(&effect)) {
    SpawnProcess(*spawn);
  } else if (const auto* send = std::get_if<core::Send>(&effect)) {
    const uint32_t place = kernel_.PlaceOf(send->who);
    if (place != Kernel::kNowhere) programs_.OnOrder(kernel_.process(place), place, send->order);
  } else if (const auto* signal = std::get_if<core::Signal>(&effect)) {
    const uint32_t place = kernel_.PlaceOf(signal->who);
    if (place == Kernel::kNowhere) {
      // One that could not be spawned in this very turn: the supervisor hears of it next.
      if (!unborn_.contains(signal->who))
        outcome_.broken = "signals only to what exists and is not reaped (I8)";
    } else {
      programs_.OnSignal(kernel_.process(place), place, signal->sig);
    }
  } else if (std::holds_alternative<core::Finish>(effect)) {
    finished_ = true;
  }
}

void Engine::SpawnProcess(const core::Spawn& spawn) {
  const core::Incarnation& who = spawn.who;
  const bool fails = !calm_ && random_kernel_.Below(100) < swarm_.spawn_fails_percent;
  const int32_t pid = fails ? -1 : kernel_.Start(who);
  if (pid < 0) {
    unborn_.insert(who);
    follow_ups_.emplace_back(core::SpawnFailed{who, "cannot fork", DrawFailure()});
    return;
  }
  const uint32_t place = kernel_.newest();
  SimProcess& process = kernel_.process(place);
  process.unkillable = !calm_ && random_kernel_.Below(100) < swarm_.unkillable_percent;
  std::optional<Behaviour> version = deployed_[who.service];
  if (!version.has_value()) version = planned_behaviours_[spawn.plan];
  programs_.Begin(process, place, calm_ ? std::nullopt : version);
  const uint32_t older = kernel_.PlaceOfOlder(who);
  if (older != Kernel::kNowhere) programs_.OnSuccessor(kernel_.process(older), older);
  follow_ups_.emplace_back(core::Spawned{who, pid});
}

}  // namespace fectl::sim
