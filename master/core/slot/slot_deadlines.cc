// What becomes due in a slot, and what moves its deadlines.

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "master/core/basis/limits.h"
#include "master/core/basis/overloaded.h"
#include "master/core/slot/slot.h"

namespace fectl::core {
namespace {

// One that closed its pipe may still finish what it has open; one that hangs cannot.
// What a oneshot has begun it may end.
StopMode ModeFor(const Process& process) {
  return process.channel_closed || process.oneshot ? StopMode::kFinish : StopMode::kExamine;
}

Cause RanOut(const Lease& lease) {
  Cause cause = MakeCause(Cause::Kind::kLeaseExpired, lease.why);
  cause.number = MakeCause(Cause::Kind::kLeaseExpired, ToMilliseconds(lease.length)).number;
  return cause;
}

// `lease`: the one of whose time it is the end, or nullptr.
Cause Silent(const Process& process, const Lease* lease) {
  if (lease != nullptr) return RanOut(*lease);
  return process.channel_closed ? MakeCause(Cause::Kind::kChannelClosed)
                                : MakeCause(Cause::Kind::kHeartbeatTimeout, ToMilliseconds(process.timeout));
}

Cause Unready(const StepContext& step, const Process& process, const Lease* lease) {
  if (lease != nullptr) return RanOut(*lease);
  if (process.oneshot) return MakeCause(Cause::Kind::kRunTimeout, ToMilliseconds(step.policy.timeout));
  return process.channel_closed
             ? MakeCause(Cause::Kind::kChannelClosed)
             : MakeCause(Cause::Kind::kStartupTimeout, ToMilliseconds(step.policy.startup_timeout));
}

// In the longest unit of days, hours, minutes and seconds that is exact.
std::string OldAge(const StepContext& step) {
  const int64_t seconds = ToMilliseconds(step.policy.recycle.max_age) / 1000;
  const auto [unit, name] = seconds % 86400 == 0  ? std::pair(int64_t{86400}, " d")
                            : seconds % 3600 == 0 ? std::pair(int64_t{3600}, " h")
                            : seconds % 60 == 0   ? std::pair(int64_t{60}, " min")
                                                  : std::pair(int64_t{1}, " s");
  return "older than max_age (" + std::to_string(seconds / unit) + name + ")";
}

}  // namespace

Instant Slot::next_deadline() const {
  Instant earliest = std::visit(
      Overloaded{
          [](const OneOf<Vacant, GivenUp, Done> auto&) { return kNever; },
          [](const Waiting& waiting) { return waiting.retry_at; },
          [](const Starting& starting) { return std::min(starting.deadline, starting.process.message_due); },
          [&](const Serving& serving) {
            return std::min({serving.deadline, serving.process.message_due, ask_at_, StableAt(serving),
                             RecycleAt(serving.process)});
          },
          [](const Replacing& replacing) {
            return std::min({replacing.deadline, replacing.next.message_due, replacing.old.deadline,
                             replacing.old.process.message_due});
          },
          [](const Baking& baking) {
            return std::min({baking.now.deadline, baking.now.process.message_due, baking.old.deadline,
                             baking.old.process.message_due});
          },
      },
      state_);
  for (const Leaving& leaving : leaving_) earliest = std::min(earliest, leaving.deadline);
  return earliest;
}

// One that was asked for once is not asked for again.
Instant Slot::RecycleAt(const Process& process) const {
  return later_ask_.has_value() || due_ask_.has_value() ? kNever : process.recycle_at;
}

// When a crash loop is over, if nothing happens until then.
Instant Slot::StableAt(const Serving& serving) const {
  return crashing_ ? serving.loaded_at + kStableAfter : kNever;
}

SlotOutcome Slot::OnTime(StepContext& step) {
  LeavingOnTime(step);
  const SlotOutcome outcome = MessageOnTime(step);
  return outcome == SlotOutcome::kNothing ? StateOnTime(step) : outcome;
}

void Slot::LeavingOnTime(StepContext& step) {
  for (Leaving& leaving : leaving_) {
    if (leaving.deadline > step.at.now) continue;
    if (leaving.examined && leaving.stage < Leaving::Stage::kKilled) {
      KillLeaving(step, leaving);
    } else if (leaving.stage < Leaving::Stage::kKilled) {
      Note(step, Milestone::kStopping, leaving.process,
           MakeCause(Cause::Kind::kShutdownTimeout, ToMilliseconds(leaving.grace)));
      KillLeaving(step, leaving);
    } else {
      Note(step, Milestone::kAlarm, leaving.process, MakeCause(Cause::Kind::kUnkillable));
      leaving.stage = Leaving::Stage::kAlarmed;
      leaving.deadline = kNever;
    }
  }
}

SlotOutcome Slot::MessageOnTime(StepContext& step) {
  constexpr Generation kNobody = 0;
  const auto late = [&step](const Process& process) {
    return process.message_due <= step.at.now ? process.generation : kNobody;
  };
  const Generation generation =
      std::visit(Overloaded{
                     [](const OneOf<Vacant, Waiting, GivenUp, Done> auto&) { return kNobody; },
                     [&](const OneOf<Starting, Serving> auto& state) { return late(state.process); },
                     [&](const Replacing& replacing) {
                       const Generation next = late(replacing.next);
                       return next != kNobody ? next : late(replacing.old.process);
                     },
                     [&](const Baking& baking) {
                       const Generation now = late(baking.now.process);
                       return now != kNobody ? now : late(baking.old.process);
                     },
                 },
                 state_);
  if (generation == kNobody) return SlotOutcome::kNothing;
  return OnLost(step, generation, MakeCause(Cause::Kind::kProtocolViolation, kUnfinishedMessage),
                StopMode::kFinish);
}

const Lease* Slot::LeaseThatEnds(Generation generation, Instant deadline) const {
  const Lease* lease = LeaseOf(generation);
  return lease != nullptr && lease->until >= deadline ? lease : nullptr;
}

SlotOutcome Slot::StateOnTime(StepContext& step) {
  const Instant now = step.at.now;
  return std::visit(Overloaded{
                        [](const OneOf<Vacant, GivenUp, Done> auto&) { return SlotOutcome::kNothing; },
                        [&](const Waiting& waiting) {
                          if (waiting.retry_at <= now) StartAgain(step, waiting.why);
                          return SlotOutcome::kNothing;
                        },
                        [&](const Starting& starting) {
                          const Process& process = starting.process;
                          if (starting.deadline > now) return SlotOutcome::kNothing;
                          const Lease* lease = LeaseThatEnds(process.generation, starting.deadline);
                          return OnLost(step, process.generation, Unready(step, process, lease),
                                        ModeFor(process));
                        },
                        [&](const Serving& serving) { return ServingOnTime(step, serving); },
                        [&](const Replacing& replacing) { return ReplacingOnTime(step, replacing); },
                        [&](const Baking& baking) {
                          const Serving& first = baking.now.deadline <= now ? baking.now : baking.old;
                          if (first.deadline > now) return SlotOutcome::kNothing;
                          return LoseSilent(step, first);
                        },
                    },
                    state_);
}

SlotOutcome Slot::LoseSilent(StepContext& step, const Serving& serving) {
  const Process& process = serving.process;
  const Lease* lease = LeaseThatEnds(process.generation, serving.deadline);
  return OnLost(step, process.generation, Silent(process, lease), ModeFor(process));
}

SlotOutcome Slot::ServingOnTime(StepContext& step, const Serving& serving) {
  const Process& process = serving.process;
  if (serving.deadline <= step.at.now) return LoseSilent(step, serving);
  if (StableAt(serving) <= step.at.now) {
    losses_ = 0;
    crashing_ = false;
    Note(step, Milestone::kRecovered, process, MakeCause(Cause::Kind::kNone));
  }
  if (RecycleAt(process) <= step.at.now) return WornOut(step, process.generation, OldAge(step));
  if (ask_at_ > step.at.now) return SlotOutcome::kNothing;
  ask_at_ = kNever;
  due_ask_ = std::exchange(later_ask_, std::nullopt);
  return SlotOutcome::kAsks;
}

SlotOutcome Slot::ReplacingOnTime(StepContext& step, const Replacing& replacing) {
  const Process& next = replacing.next;
  if (replacing.deadline <= step.at.now) {
    const Lease* lease = LeaseThatEnds(next.generation, replacing.deadline);
    return OnLost(step, next.generation,
                  replacing.next_loaded ? Silent(next, lease) : Unready(step, next, lease), ModeFor(next));
  }
  return replacing.old.deadline <= step.at.now ? LoseSilent(step, replacing.old) : SlotOutcome::kNothing;
}

void Slot::ShiftDeadlines(Span by) {
  const auto shift = [by](Process& process, Instant& deadline) {
    process.message_due = process.message_due + by;
    deadline = deadline + by;
  };
  std::visit(Overloaded{
                 [](OneOf<Vacant, GivenUp, Done> auto&) {},
                 [by](Waiting& waiting) {
                   waiting.retry_at = waiting.retry_at + by;
                   waiting.room_at = waiting.room_at + by;
                 },
                 [&](OneOf<Starting, Serving> auto& state) { shift(state.process, state.deadline); },
                 [&](Replacing& replacing) {
                   shift(replacing.next, replacing.deadline);
                   shift(replacing.old.process, replacing.old.deadline);
                 },
                 [&](Baking& baking) {
                   shift(baking.now.process, baking.now.deadline);
                   shift(baking.old.process, baking.old.deadline);
                 },
             },
             state_);
  for (Leaving& leaving : leaving_) leaving.deadline = leaving.deadline + by;
  for (Lease& lease : leases_) lease.until = lease.until + by;
}

void Slot::OnRoomMade(Instant now) {
  std::visit(Overloaded{
                 [](OneOf<Vacant, Starting, Serving, Replacing, Baking, GivenUp, Done> auto&) {},
                 [now](Waiting& waiting) {
                   if (waiting.room_at == kNever) return;
                   waiting.retry_at = std::min(waiting.retry_at, std::max(now, waiting.room_at));
                 },
             },
             state_);
}

void Slot::OnPolicyChanged(const StepContext& step) {
  const auto grant = [&](Process& process, Instant* beat_deadline) {
    const Span more{std::max<int64_t>(0, step.policy.timeout.ns - process.timeout.ns)};
    if (beat_deadline != nullptr && !process.channel_closed && more > Span{0}) {
      // Where a lease ends last, it is not known when the last heartbeat came: it may have been just now.
      const bool lease_ends_last = LeaseThatEnds(process.generation, *beat_deadline) != nullptr;
      *beat_deadline = lease_ends_last ? std::max(*beat_deadline, step.at.now + process.timeout + more)
                                       : *beat_deadline + more;
    }
    process.timeout = process.timeout + more;
    process.shutdown_timeout = std::max(process.shutdown_timeout, step.policy.shutdown_timeout);
  };
  const auto start = [&](Process& process, Instant* deadline) {
    grant(process, nullptr);
    if (process.pid != 0 && (!process.channel_closed || process.oneshot))
      *deadline = std::max(StartDeadline(step, process), LeasedUntil(process.generation));
  };
  std::visit(Overloaded{
                 [](OneOf<Vacant, Waiting, GivenUp, Done> auto&) {},
                 [&](Starting& starting) { start(starting.process, &starting.deadline); },
                 [&](Serving& serving) { grant(serving.process, &serving.deadline); },
                 [&](Baking& baking) {
                   grant(baking.now.process, &baking.now.deadline);
                   grant(baking.old.process, &baking.old.deadline);
                 },
                 [&](Replacing& replacing) {
                   grant(replacing.old.process, &replacing.old.deadline);
                   replacing.next_loaded ? grant(replacing.next, &replacing.deadline)
                                         : start(replacing.next, &replacing.deadline);
                 },
             },
             state_);
}

}  // namespace fectl::core
