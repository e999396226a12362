#include "master/sim/engine.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/sim/kernel/draw.h"
#include "master/sim/rules/facts.h"

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
      driver_(core::FirstPlans(swarm_.policies), options.seed, this, swarm_.starts_per_turn),
      checks_(swarm_.policies, &outcome_.marks) {
  checks_.SetWorld({.has_unread_messages =
                        [this](const core::Incarnation& who) {
                          const uint32_t place = kernel_.PlaceOf(who);
                          return place != Kernel::kNowhere && kernel_.process(place).readable();
                        },
                    .silent_for =
                        [this](const core::Incarnation& who) {
                          const uint32_t place = kernel_.PlaceOf(who);
                          if (place == Kernel::kNowhere) return now_ - kBegin;
                          return core::Span{RunningTime().ns - kernel_.process(place).heard_at.ns};
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
  pass_until_ = end;
  while (ok() && !driver_.finished() && (now_ < end || !Rests())) {
    if (absl::Status turned = driver_.Turn(); !turned.ok()) outcome_.broken = turned.ToString();
  }
  if (!driver_.finished()) now_ = std::max(now_, end);
}

// Nothing more happens in this instant. A master that is too slow for its workers never comes to that.
bool Engine::Rests() const {
  if (!calm_ && swarm_.look_time != core::Span{}) return true;
  return ready_.empty() && (items_.empty() || items_.top().at > now_) && driver_.TimeoutNanos(now_) != 0;
}

core::Moment Engine::Now() {
  return {now_, static_cast<int64_t>(random_wall_.Next() >> 32)};
}

// The world goes on until the master has something to look at, and runs.
absl::StatusOr<bool> Engine::Wait(int64_t timeout_ns) {
  const core::Instant expected = timeout_ns >= 0 ? now_ + core::Span{timeout_ns} : core::kNever;
  core::Instant limit = std::max(now_, pass_until_);
  limit = std::min(limit, expected);
  // A wait that only looks lets nobody else run.
  while (ok() && timeout_ns != 0) {
    if (frozen_in_wait_ && frozen_for_ != core::Span{}) {
      Freeze(expected);  // what the master awaits, which may be later than the end of this pass
      break;
    }
    const bool more_now = !items_.empty() && items_.top().at <= now_;
    if (!ready_.empty() && now_ >= asleep_until_ && !more_now) break;
    const core::Instant until = std::max(limit, asleep_until_);
    if (items_.empty() || items_.top().at > until) {
      now_ = std::max(now_, ready_.empty() ? until : asleep_until_);
      break;
    }
    const Item item = items_.top();
    items_.pop();
    now_ = std::max(now_, item.at);
    Do(item);
  }
  looks_only_ = timeout_ns == 0;
  if (looks_only_) FindReadable();
  for (size_t left = swarm_.looks_per_wait; left > 0 && !ready_.empty(); --left) {
    const Item item = ready_.front();
    ready_.pop_front();
    LookAt(item);
    if (!calm_) now_ = now_ + swarm_.look_time;
  }
  return !ready_.empty();
}

// A master that only looks gets to see all that can be read.
void Engine::FindReadable() {
  for (uint32_t place = 0; place < kernel_.places(); ++place) {
    SimProcess& process = kernel_.process(place);
    if (process.life != SimProcess::Life::kFree && process.readable() && !process.read_ready) ReadSoon(place);
  }
}

void Engine::ReadSoon(uint32_t place) {
  SimProcess& process = kernel_.process(place);
  if (std::exchange(process.read_ready, true)) return;
  ready_.push_back({now_, 0, Kind::kMasterReads, place, process.serial, Action::kStart});
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
    case Kind::kMasterReads:
      if (kernel_.process(item.place).serial == item.serial) ReadSoon(item.place);
      return;
    case Kind::kOperator:
    case Kind::kMasterSeesEnd:
    case Kind::kMasterSeesExit:
    case Kind::kMasterSeesGroupEnd:
    case Kind::kMasterSeesClosed:
    case Kind::kMasterGivesUp:
    case Kind::kMasterSeesEvidence:
      ready_.push_back(item);
      return;
  }
}

void Engine::LookAt(const Item& item) {
  if (item.kind == Kind::kOperator) return Operate();
  if (kernel_.process(item.place).serial != item.serial) return;
  switch (item.kind) {
    case Kind::kMasterReads:
      return Read(item.place);
    case Kind::kMasterSeesEnd:
      return SeeEnd(item.place);
    case Kind::kMasterSeesExit:
      return SeeExit(item.place);
    case Kind::kMasterSeesGroupEnd:
      return SeeGroupEnd(item.place);
    case Kind::kMasterSeesClosed:
      return Emit(core::ChannelClosed{kernel_.process(item.place).who});
    case Kind::kMasterGivesUp:
      return Emit(core::WorkerViolated{kernel_.process(item.place).who, "leaves its commands unread"});
    case Kind::kMasterSeesEvidence:
      return Emit(
          core::Examined{kernel_.process(item.place).who, random_late_.Below(2) == 0 ? "" : "hung in `f`"});
    case Kind::kProgram:
    case Kind::kOperator:
    case Kind::kStall:
    case Kind::kCrash:
      return;
  }
}

void Engine::Write(SimProcess& process, uint32_t place, Said said) {
  if (!kernel_.Write(process, said) || process.read_planned) return;
  // Mostly at once: the common case costs no planning.
  const core::Span delay =
      calm_ || random_master_.Below(5) != 0 ? core::Span{} : DrawSpan(random_master_, swarm_.read_delay_max);
  process.read_planned = true;
  if (delay == core::Span{}) {
    ReadSoon(place);
  } else {
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
  Plan(DrawSpan(random_master_, swarm_.read_delay_max), Kind::kMasterSeesClosed, place);
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
  process.read_ready = false;
  // Short reads tear frames anywhere.
  const size_t bytes =
      looks_only_ || calm_ || random_master_.Below(8) != 0 ? 16 * 1024 : 1 + random_master_.Below(40);
  ReadBytes(place, bytes);
  if (process.readable() && !process.read_planned) {
    process.read_planned = true;
    Plan(core::Milliseconds(1), Kind::kMasterReads, place);
  }
}

void Engine::ReadBytes(uint32_t place, size_t bytes) {
  driver::WorkerInbox& inbox = *inboxes_[place];
  inbox.Append(Kernel::Read(kernel_.process(place), bytes));
  if (inbox.inside_message()) Emit(core::WorkerBeganMessage{kernel_.process(place).who});
}

void Engine::SeeEnd(uint32_t place) {
  SimProcess& process = kernel_.process(place);
  if (process.end_seen) return;
  if (process.readable()) ReadBytes(place, SIZE_MAX);
  process.end_seen = true;
  Emit(core::ChannelClosed{process.who});
}

void Engine::SeeExit(uint32_t place) {
  SimProcess& process = kernel_.process(place);
  inboxes_[place]->Append(Kernel::Read(process, SIZE_MAX));
  const core::Incarnation who = process.who;
  const core::Exited exited{.who = who,
                            .signaled = process.signaled,
                            .number = process.number,
                            .inside_message = inboxes_[place]->inside_message(),
                            .group_left = process.has_group && !process.failed_exec};
  const bool failed_exec = process.failed_exec;
  room_made_ = true;
  if (exited.group_left) {
    process.life = SimProcess::Life::kLeftGroup;
    programs_.OnGroupLeft(process, place);
  } else {
    // Its number may be another's before the supervisor knows of it.
    kernel_.Reap(place);
  }
  if (failed_exec) {
    Emit(core::SpawnFailed{who, "no program there", DrawFailure()});
  } else {
    Emit(exited);
  }
  if (!calm_ && random_late_.Below(100) < swarm_.late_percent) HandInLate(who);
}

core::StartFailure Engine::DrawFailure() {
  return random_kernel_.Below(2) == 0 ? core::StartFailure::kTransient : core::StartFailure::kPermanent;
}

void Engine::SeeGroupEnd(uint32_t place) {
  const core::Incarnation who = kernel_.process(place).who;
  kernel_.Reap(place);
  Emit(core::GroupEnded{who});
  if (!calm_ && random_late_.Below(100) < swarm_.late_percent) Emit(core::GroupEnded{who});
}

void Engine::HandInLate(const core::Incarnation& who) {
  core::Incarnation whom = who;
  if (random_late_.Below(8) == 0) whom.slot = 1000;
  if (random_late_.Below(8) == 0) whom.service = 1000;
  switch (random_late_.Below(12)) {
    case 0:
      return Emit(core::WorkerBeat{whom});
    case 1:
      return Emit(core::WorkerLoaded{whom});
    case 2:
      return Emit(core::WorkerAsked{whom, core::Urgency::kRestart, true, {}});
    case 3:
      return Emit(core::WorkerConfigError{whom, "late"});
    case 4:
      return Emit(core::WorkerViolated{whom, "late"});
    case 5:
      return Emit(core::Spawned{whom, 7});
    case 6:
      return Emit(core::WorkerBeganMessage{whom});
    case 7:
      return Emit(core::WorkerLeased{whom, core::Seconds(100), 9, "late"});
    case 8:
      return Emit(core::Examined{whom, "late"});
    case 9:
      return Emit(core::WorkerWornOut{whom, "late"});
    case 10:
      return Emit(core::WorkerDisproved{whom, "late"});
    default:
      return Emit(core::ChannelClosed{whom});
  }
}

void Engine::FallAsleep() {
  if (calm_) return;
  const uint64_t how = random_master_.Below(3);
  if (how < 2) {
    // Everything stands still: in the wait, or when the turn has ended. The master runs first after it.
    frozen_for_ = core::Seconds(1) + DrawSpan(random_master_, swarm_.stall_max);
    frozen_in_wait_ = how == 0;
  } else if (now_ >= asleep_until_) {
    asleep_until_ = now_ + core::Seconds(1) + DrawSpan(random_master_, swarm_.stall_max);
  }
  Plan(DrawSpan(random_master_, core::Span{2 * swarm_.stall_interval.ns}), Kind::kStall);
}

// A process that expects to run at `expected` cannot know that it stood still unless it runs much later.
void Engine::Freeze(core::Instant expected) {
  now_ = now_ + frozen_for_;
  if (now_ - expected >= driver::kStallAfter) frozen_in_all_ = frozen_in_all_ + frozen_for_;
  frozen_for_ = {};
}

// The first `loaded` says that a worker is alive, and each other message.
void Engine::NoteLife(const core::Event& event) {
  const core::Incarnation* who = Concerns(event);
  const uint32_t place = who == nullptr ? Kernel::kNowhere : kernel_.PlaceOf(*who);
  if (place == Kernel::kNowhere) return;
  core::Span& heard_at = kernel_.process(place).heard_at;
  const bool loaded = std::holds_alternative<core::WorkerLoaded>(event) && heard_at == core::Span{};
  if (loaded || std::holds_alternative<core::WorkerBeat>(event)) heard_at = RunningTime();
}

void Engine::Emit(core::Event event) {
  NoteLife(event);
  if (const auto* exited = std::get_if<core::Exited>(&event); exited != nullptr && !exited->group_left)
    ended_.insert(exited->who);
  if (const auto* failed = std::get_if<core::SpawnFailed>(&event)) ended_.insert(failed->who);
  if (const auto* ended = std::get_if<core::GroupEnded>(&event)) ended_.insert(ended->who);
  driver_.Emit(std::move(event));
}

void Engine::OnStep(const core::Event* event) {
  if (event == nullptr || !ok()) return;
  ++outcome_.events;
  if (options_.keep_trace) outcome_.trace.entries.push_back({now_, *event});
  hash_.Add(now_, *event);
  checks_.Before(supervisor(), *event);
}

void Engine::OnStepped(const core::Event* event, const core::Effects& effects) {
  if (!ok()) return;
  checks_.After(supervisor(), event, driver_.at(), effects);
  for (const core::Effect& effect : effects) hash_.Add(effect);
  if (checks_.broken().has_value()) outcome_.broken = checks_.broken();
  if (ok() && outcome_.events < options_.journaled_steps) Restore();
}

void Engine::OnTurnEnd(core::Instant /*now*/) {
  starts_ = 0;
  if (!frozen_in_wait_) Freeze(now_);
  if (driver_.idle()) ended_.clear();
  if (std::exchange(room_made_, false)) Emit(core::RoomMade{});
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
      // Its end may have been seen, and be what the supervisor gets to know next; or it was stepped while the
      // signal waited behind the starts of a turn.
      if (!ended_.contains(signal->who))
        outcome_.broken = "signals only to what exists and is not reaped (I8)";
    } else {
      programs_.OnSignal(kernel_.process(place), place, signal->sig);
    }
  } else if (const auto* examine = std::get_if<core::Examine>(&effect)) {
    BeginToExamine(*examine);
  }
}

// Whoever looks into it may find nothing, take too long, or never come back.
void Engine::BeginToExamine(const core::Examine& examine) {
  const uint32_t place = kernel_.PlaceOf(examine.who);
  if (place == Kernel::kNowhere || random_late_.Below(8) == 0) return;
  const core::Span most = random_late_.Below(3) == 0 ? core::Span{} : core::Milliseconds(2500);
  Plan(DrawSpan(random_late_, most), Kind::kMasterSeesEvidence, place);
}

void Engine::SpawnProcess(const core::Spawn& spawn) {
  const core::Incarnation& who = spawn.who;
  if (++starts_ > swarm_.starts_per_turn)
    outcome_.broken = "a turn's starts are bounded (I22): there were " + std::to_string(starts_);
  const bool fails = !calm_ && random_kernel_.Below(100) < swarm_.spawn_fails_percent;
  const int32_t pid = fails ? -1 : kernel_.Start(who);
  if (pid < 0) {
    Emit(core::SpawnFailed{who, "cannot fork", DrawFailure()});
    return;
  }
  const uint32_t place = kernel_.newest();
  if (inboxes_.size() <= place) inboxes_.resize(place + 1);
  inboxes_[place] = driver::WorkerInbox(who, this);
  SimProcess& process = kernel_.process(place);
  process.unkillable = !calm_ && random_kernel_.Below(100) < swarm_.unkillable_percent;
  std::optional<Behaviour> version = deployed_[who.service];
  if (!version.has_value()) version = planned_behaviours_[spawn.plan];
  programs_.Begin(process, place, calm_ ? std::nullopt : version);
  const uint32_t older = kernel_.PlaceOfOlder(who);
  if (older != Kernel::kNowhere) programs_.OnSuccessor(kernel_.process(older), older);
  Emit(core::Spawned{who, pid});
}

}  // namespace fectl::sim
