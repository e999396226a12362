// The events of a slot's processes. (The commands and what follows from them are in slot.cc.)

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/backoff.h"
#include "master/core/limits.h"
#include "master/core/slot.h"

namespace fectl::core {
namespace {

int64_t InMilliseconds(Span span) {
  return span.ns / 1'000'000;
}

constexpr int32_t kTerminateNumber = 15;  // SIGTERM, as in signal_names.cc

bool IsUnkillable(const Leaving& leaving) {
  return leaving.stage == Leaving::Stage::kAlarmed;
}

}  // namespace

Slot::Role Slot::RoleOf(Generation generation) const {
  if (const auto* starting = std::get_if<Starting>(&state_)) {
    if (starting->process.generation == generation) return Role::kStarting;
  } else if (const auto* serving = std::get_if<Serving>(&state_)) {
    if (serving->process.generation == generation) return Role::kServing;
  } else if (const auto* replacing = std::get_if<Replacing>(&state_)) {
    if (replacing->old.process.generation == generation) return Role::kOld;
    if (replacing->next.generation == generation) return Role::kNext;
  }
  for (const Leaving& leaving : leaving_) {
    if (leaving.process.generation == generation) return Role::kLeaving;
  }
  return Role::kUnknown;
}

Process* Slot::Find(Generation generation) {
  switch (RoleOf(generation)) {
    case Role::kUnknown:
      return nullptr;
    case Role::kStarting:
      return &std::get<Starting>(state_).process;
    case Role::kServing:
      return &std::get<Serving>(state_).process;
    case Role::kOld:
      return &std::get<Replacing>(state_).old.process;
    case Role::kNext:
      return &std::get<Replacing>(state_).next;
    case Role::kLeaving:
      break;
  }
  return &FindLeaving(generation)->process;
}

void Slot::OnSpawned(StepContext& step, Generation generation, int32_t pid) {
  Process* process = Find(generation);
  if (process == nullptr || process->pid != 0) return;  // a second number is another process's
  process->pid = pid;
  shortages_ = 0;
  switch (RoleOf(generation)) {
    case Role::kStarting:
      Note(step, Milestone::kStarting, pid, std::get<Starting>(state_).cause);
      break;
    case Role::kNext: {
      const Replacing& replacing = std::get<Replacing>(state_);
      const bool reload = replacing.urgency == Urgency::kReload;
      Note(step, reload ? Milestone::kReloading : Milestone::kRestarting, pid, replacing.cause);
      break;
    }
    case Role::kLeaving:  // told to leave in the same turn
    case Role::kServing:
    case Role::kOld:
    case Role::kUnknown:
      break;
  }
}

SlotOutcome Slot::OnLost(StepContext& step, Generation generation, const Cause& cause, StopMode mode) {
  const Role role = RoleOf(generation);
  if (role == Role::kUnknown || role == Role::kLeaving) return SlotOutcome::kNothing;
  // Who does not serve yet has nothing to finish.
  const bool served = role == Role::kServing || role == Role::kOld;
  const StopMode milder = mode == StopMode::kFinish && !served ? StopMode::kAbandon : mode;
  const Process& process = *Find(generation);
  Retire(step, process, milder,
         milder == StopMode::kAbandon ? AbandonGrace(process) : process.shutdown_timeout);
  return Lose(step, role, cause);
}

std::vector<Leaving>::iterator Slot::FindLeaving(Generation generation) {
  return std::find_if(leaving_.begin(), leaving_.end(), [generation](const Leaving& leaving) {
    return leaving.process.generation == generation;
  });
}

SlotOutcome Slot::OnExited(StepContext& step, Generation generation, const Cause& cause, bool group_left) {
  const Role role = RoleOf(generation);
  if (role == Role::kUnknown) return SlotOutcome::kNothing;
  if (role == Role::kLeaving) {
    const auto found = FindLeaving(generation);
    return found->ended ? SlotOutcome::kNothing : LeavingExited(step, generation, cause, group_left);
  }
  if (group_left) {
    // Nobody asked it to leave, so nothing that it had started was given time.
    Retire(step, *Find(generation), StopMode::kKill, Span{0});
    leaving_.back().ended = true;
  }
  return Lose(step, role, cause);
}

SlotOutcome Slot::LeavingExited(StepContext& step, Generation generation, Cause cause, bool group_left) {
  const auto found = FindLeaving(generation);
  const bool signaled = found->finishes && cause.kind == Cause::Kind::kSignaled;
  const bool cut_short = signaled && cause.number == kTerminateNumber;
  if (cut_short) cause.text += (cause.text.empty() ? "" : ", ") + std::string(kCutShortHint);
  Note(step, cut_short ? Milestone::kCutShort : Milestone::kStopped, found->process.pid, cause);
  found->ended = true;
  found->cut_short = cut_short;
  // Where a shell was killed and the program behind it goes on, that may still finish everything.
  const bool undrained = signaled && !(cut_short && group_left);
  undrained_.all += undrained ? 1 : 0;
  undrained_.by_sigterm += undrained && cut_short ? 1 : 0;
  if (!group_left) ForgetLeaving(step, found);
  return SlotOutcome::kNothing;
}

SlotOutcome Slot::OnGroupEnded(StepContext& step, Generation generation) {
  const auto found = FindLeaving(generation);
  if (found == leaving_.end() || !found->ended) return SlotOutcome::kNothing;
  Note(step, Milestone::kStopped, found->process.pid, MakeCause(Cause::Kind::kGroupEnded));
  if (found->finishes && found->cut_short && found->stage >= Leaving::Stage::kKilled) ++undrained_.all;
  ForgetLeaving(step, found);
  return SlotOutcome::kNothing;
}

void Slot::ForgetLeaving(StepContext& step, std::vector<Leaving>::iterator gone) {
  leaving_.erase(gone);
  auto* waiting = std::get_if<Waiting>(&state_);
  if (waiting != nullptr && waiting->retry_at == kNever && !has_unkillable()) waiting->retry_at = step.at.now;
}

SlotOutcome Slot::OnLoaded(StepContext& step, Generation generation) {
  const Role role = RoleOf(generation);
  if (Process* process = Find(generation); process != nullptr) process->message_due = kNever;
  if (role == Role::kStarting) {
    failed_starts_ = 0;
    Starting starting = std::move(std::get<Starting>(state_));
    if (starting.cause.kind == Cause::Kind::kOperator) ForgetTrouble();
    const Instant beat_deadline = step.at.now + starting.process.timeout;
    Serve(step, std::move(starting.process), beat_deadline, step.at.now, MakeCause(Cause::Kind::kNone));
    return SlotOutcome::kReady;
  }
  if (role == Role::kNext) {
    Replacing& replacing = std::get<Replacing>(state_);
    if (replacing.next_loaded) return SlotOutcome::kNothing;
    replacing.next_loaded = true;
    replacing.deadline = step.at.now + replacing.next.timeout;
    replacing.loaded_at = step.at.now;
    return SlotOutcome::kReady;
  }
  return SlotOutcome::kNothing;  // said twice, or too late
}

void Slot::OnBeat(Generation generation, Instant now) {
  // By far the most frequent event, and nearly always of the process that serves.
  const auto hear = [&](Process& process, bool loaded, Instant& deadline) {
    if (process.generation != generation) return;
    process.message_due = kNever;
    if (loaded && !process.channel_closed) deadline = now + process.timeout;
  };
  if (auto* serving = std::get_if<Serving>(&state_)) {
    hear(serving->process, true, serving->deadline);
  } else if (auto* replacing = std::get_if<Replacing>(&state_)) {
    hear(replacing->old.process, true, replacing->old.deadline);
    hear(replacing->next, replacing->next_loaded, replacing->deadline);
  } else if (auto* starting = std::get_if<Starting>(&state_)) {
    hear(starting->process, false, starting->deadline);
  }
}

void Slot::OnBeganMessage(StepContext& step, Generation generation) {
  Process* process = Find(generation);
  if (process == nullptr || RoleOf(generation) == Role::kLeaving) return;
  process->message_due = std::min(process->message_due, step.at.now + kMessageGrace);
}

SlotOutcome Slot::OnAsked(StepContext& step, const WorkerAsked& event) {
  const Role role = RoleOf(event.who.generation);
  Process* process = Find(event.who.generation);
  if (process != nullptr && event.leaves) process->excused = true;
  // A worker that is being replaced already, or that does not serve yet, asks for nothing new.
  if (role != Role::kServing || later_ask_.has_value() || due_ask_.has_value()) return SlotOutcome::kNothing;
  if (step.at.now - std::get<Serving>(state_).loaded_at >= kStableAfter) asks_ = 0;
  const Span delay = BackoffDelay(asks_++, step.random);
  if (delay == Span{0}) {
    due_ask_ = event;
    return SlotOutcome::kAsks;
  }
  later_ask_ = event;
  ask_at_ = step.at.now + delay;
  return SlotOutcome::kNothing;
}

void Slot::OnChannelClosed(StepContext& step, Generation generation) {
  Process* process = Find(generation);
  if (process == nullptr || process->channel_closed) return;
  process->channel_closed = true;
  const Instant soon = step.at.now + kChannelGrace;
  if (auto* starting = std::get_if<Starting>(&state_)) {
    if (process == &starting->process) starting->deadline = std::min(starting->deadline, soon);
  } else if (auto* serving = std::get_if<Serving>(&state_)) {
    if (process == &serving->process) serving->deadline = std::min(serving->deadline, soon);
  } else if (auto* replacing = std::get_if<Replacing>(&state_)) {
    Instant& deadline = process == &replacing->next ? replacing->deadline : replacing->old.deadline;
    if (process == &replacing->next || process == &replacing->old.process)
      deadline = std::min(deadline, soon);
  }
}

SlotOutcome Slot::MessageOnTime(StepContext& step) {
  const auto late = [&step](const Process& process) { return process.message_due <= step.at.now; };
  Generation generation = 0;
  if (const auto* starting = std::get_if<Starting>(&state_)) {
    if (late(starting->process)) generation = starting->process.generation;
  } else if (const auto* serving = std::get_if<Serving>(&state_)) {
    if (late(serving->process)) generation = serving->process.generation;
  } else if (const auto* replacing = std::get_if<Replacing>(&state_)) {
    if (late(replacing->old.process)) generation = replacing->old.process.generation;
    if (late(replacing->next)) generation = replacing->next.generation;
  }
  if (generation == 0) return SlotOutcome::kNothing;
  return OnLost(step, generation, MakeCause(Cause::Kind::kProtocolViolation, kUnfinishedMessage),
                StopMode::kFinish);
}

SlotOutcome Slot::StateOnTime(StepContext& step) {
  const Instant now = step.at.now;
  const auto silent = [](const Process& process) {
    return process.channel_closed
               ? MakeCause(Cause::Kind::kChannelClosed)
               : MakeCause(Cause::Kind::kHeartbeatTimeout, InMilliseconds(process.timeout));
  };
  const auto unready = [&step](const Process& process) {
    return process.channel_closed
               ? MakeCause(Cause::Kind::kChannelClosed)
               : MakeCause(Cause::Kind::kStartupTimeout, InMilliseconds(step.policy.startup_timeout));
  };
  // One that closed its pipe may still finish what it has open; one that hangs cannot.
  const auto mode = [](const Process& process) {
    return process.channel_closed ? StopMode::kFinish : StopMode::kKill;
  };

  if (auto* waiting = std::get_if<Waiting>(&state_)) {
    if (waiting->retry_at <= now) StartAgain(step, waiting->why);
  } else if (auto* starting = std::get_if<Starting>(&state_)) {
    const Process process = starting->process;
    if (starting->deadline <= now) return OnLost(step, process.generation, unready(process), mode(process));
  } else if (auto* serving = std::get_if<Serving>(&state_)) {
    const Process process = serving->process;
    if (serving->deadline <= now) return OnLost(step, process.generation, silent(process), mode(process));
    if (stable_at() <= now) {
      losses_ = 0;
      crashing_ = false;
      Note(step, Milestone::kRecovered, process.pid, MakeCause(Cause::Kind::kNone));
    }
    if (ask_at_ <= now) {
      ask_at_ = kNever;
      due_ask_ = std::exchange(later_ask_, std::nullopt);
      return SlotOutcome::kAsks;
    }
  } else if (auto* replacing = std::get_if<Replacing>(&state_)) {
    const Process next = replacing->next;
    const Process old = replacing->old.process;
    if (replacing->deadline <= now) {
      return OnLost(step, next.generation, replacing->next_loaded ? silent(next) : unready(next), mode(next));
    }
    if (replacing->old.deadline <= now) return OnLost(step, old.generation, silent(old), mode(old));
  }
  return SlotOutcome::kNothing;
}

SlotOutcome Slot::OnTime(StepContext& step) {
  LeavingOnTime(step);
  const SlotOutcome outcome = MessageOnTime(step);
  return outcome == SlotOutcome::kNothing ? StateOnTime(step) : outcome;
}

Instant Slot::next_deadline() const {
  Instant earliest = kNever;
  if (const auto* waiting = std::get_if<Waiting>(&state_)) {
    earliest = waiting->retry_at;
  } else if (const auto* starting = std::get_if<Starting>(&state_)) {
    earliest = std::min(starting->deadline, starting->process.message_due);
  } else if (const auto* serving = std::get_if<Serving>(&state_)) {
    earliest = std::min({serving->deadline, serving->process.message_due, ask_at_, stable_at()});
  } else if (const auto* replacing = std::get_if<Replacing>(&state_)) {
    earliest = std::min({replacing->deadline, replacing->next.message_due, replacing->old.deadline,
                         replacing->old.process.message_due});
  }
  for (const Leaving& leaving : leaving_) earliest = std::min(earliest, leaving.deadline);
  return earliest;
}

void Slot::ShiftDeadlines(Span by) {
  const auto shift = [by](Process& process, Instant& deadline) {
    process.message_due = process.message_due + by;
    deadline = deadline + by;
  };
  if (auto* waiting = std::get_if<Waiting>(&state_)) {
    waiting->retry_at = waiting->retry_at + by;
    waiting->room_at = waiting->room_at + by;
  } else if (auto* starting = std::get_if<Starting>(&state_)) {
    shift(starting->process, starting->deadline);
  } else if (auto* serving = std::get_if<Serving>(&state_)) {
    shift(serving->process, serving->deadline);
  } else if (auto* replacing = std::get_if<Replacing>(&state_)) {
    shift(replacing->next, replacing->deadline);
    shift(replacing->old.process, replacing->old.deadline);
  }
  for (Leaving& leaving : leaving_) leaving.deadline = leaving.deadline + by;
}

void Slot::OnPolicyChanged(const StepContext& step) {
  const auto grant = [&step](Process& process, Instant* beat_deadline) {
    const Span more{std::max<int64_t>(0, step.policy.timeout.ns - process.timeout.ns)};
    if (beat_deadline != nullptr && !process.channel_closed) *beat_deadline = *beat_deadline + more;
    process.timeout = process.timeout + more;
    process.shutdown_timeout = std::max(process.shutdown_timeout, step.policy.shutdown_timeout);
  };
  const auto start = [&](Process& process, Instant* deadline) {
    grant(process, nullptr);
    if (!process.channel_closed) *deadline = process.since + step.policy.startup_timeout;
  };
  if (auto* starting = std::get_if<Starting>(&state_)) {
    start(starting->process, &starting->deadline);
  } else if (auto* serving = std::get_if<Serving>(&state_)) {
    grant(serving->process, &serving->deadline);
  } else if (auto* replacing = std::get_if<Replacing>(&state_)) {
    grant(replacing->old.process, &replacing->old.deadline);
    replacing->next_loaded ? grant(replacing->next, &replacing->deadline)
                           : start(replacing->next, &replacing->deadline);
  }
}

bool Slot::uses(PlanVersion plan) const {
  const auto is_of = [plan](const Process& process) { return process.plan == plan; };
  const bool idle = std::holds_alternative<Vacant>(state_) || std::holds_alternative<GivenUp>(state_);
  if (!idle && plan_ == plan) return true;
  if (const auto* starting = std::get_if<Starting>(&state_)) {
    if (is_of(starting->process)) return true;
  } else if (const auto* serving = std::get_if<Serving>(&state_)) {
    if (is_of(serving->process)) return true;
  } else if (const auto* replacing = std::get_if<Replacing>(&state_)) {
    if (is_of(replacing->old.process) || is_of(replacing->next)) return true;
  }
  return std::any_of(leaving_.begin(), leaving_.end(),
                     [&is_of](const Leaving& leaving) { return is_of(leaving.process); });
}

bool Slot::empty() const {
  return std::holds_alternative<Vacant>(state_) && leaving_.empty();
}

uint32_t Slot::process_count() const {
  uint32_t here = 0;
  if (std::holds_alternative<Starting>(state_) || std::holds_alternative<Serving>(state_)) here = 1;
  if (std::holds_alternative<Replacing>(state_)) here = 2;
  // One that outlives SIGKILL was told of and is not waited for any more.
  const auto waited_for = std::count_if(leaving_.begin(), leaving_.end(),
                                        [](const Leaving& leaving) { return !IsUnkillable(leaving); });
  return here + static_cast<uint32_t>(waited_for);
}

bool Slot::has_unkillable() const {
  return std::any_of(leaving_.begin(), leaving_.end(), IsUnkillable);
}

bool Slot::serves() const {
  const auto* serving = std::get_if<Serving>(&state_);
  if (const auto* replacing = std::get_if<Replacing>(&state_)) serving = &replacing->old;
  return serving != nullptr && serving->last_order == Serving::LastOrder::kStart;
}

void Slot::OnRoomMade(Instant now) {
  auto* waiting = std::get_if<Waiting>(&state_);
  if (waiting == nullptr || waiting->room_at == kNever) return;
  waiting->retry_at = std::min(waiting->retry_at, std::max(now, waiting->room_at));
}

bool Slot::waits_for_room() const {
  const auto* waiting = std::get_if<Waiting>(&state_);
  return waiting != nullptr && waiting->room_at != kNever;
}

// When a crash loop is over, if nothing happens until then.
Instant Slot::stable_at() const {
  const auto* serving = std::get_if<Serving>(&state_);
  return crashing_ && serving != nullptr ? serving->loaded_at + kStableAfter : kNever;
}

bool Slot::ready() const {
  return std::holds_alternative<Serving>(state_) || std::holds_alternative<Replacing>(state_);
}

}  // namespace fectl::core
