// What a slot's processes say that they are busy with.

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "master/core/basis/limits.h"
#include "master/core/basis/overloaded.h"
#include "master/core/slot/lease.h"
#include "master/core/slot/slot.h"

namespace fectl::core {

const Lease* Slot::LeaseOf(Generation generation) const {
  for (const Lease& lease : leases_) {
    if (lease.generation == generation) return &lease;
  }
  return nullptr;
}

const Lease* Slot::lease(Instant now) const {
  const Lease* oldest = nullptr;
  for (const Lease& lease : leases_) {
    if (lease.until > now && (oldest == nullptr || lease.generation < oldest->generation)) oldest = &lease;
  }
  return oldest;
}

void Slot::ForgetLease(Generation generation) {
  std::erase_if(leases_, [generation](const Lease& lease) { return lease.generation == generation; });
}

bool Slot::IsLoaded(Generation generation) const {
  return std::visit(Overloaded{
                        [](const OneOf<Vacant, Waiting, Starting, GivenUp, Done> auto&) { return false; },
                        [](const Serving&) { return true; },
                        [](const Baking&) { return true; },
                        [generation](const Replacing& state) {
                          return state.next_loaded || state.next.generation != generation;
                        },
                    },
                    state_);
}

// It is no heartbeat: what renews a lease may be another thread than the one that hangs.
void Slot::OnLeased(StepContext& step, const WorkerLeased& event) {
  const Generation generation = event.who.generation;
  const Place found = Find(generation);
  if (found.process == nullptr) return;
  found.process->message_due = kNever;
  // One that leaves has its own time, and so has a oneshot; one whose pipe has ended could not end it.
  const bool may = found.deadline != nullptr && found.process->pid != 0 && !found.process->oneshot &&
                   !found.process->channel_closed;
  if (!may) return;
  const Instant now = step.at.now;
  const Lease* before = LeaseOf(generation);
  const bool busy = before != nullptr && before->until > now;
  if (event.length == Span{0}) {
    if (!busy) return;
    *found.deadline = now + (IsLoaded(generation) ? found.process->timeout : before->left_to_start);
    return ForgetLease(generation);
  }
  if (busy && event.progress <= before->progress) return;
  const Span length = std::min(event.length, step.policy.max_lease);
  Lease lease{.generation = generation,
              .until = now + length,
              .length = length,
              .progress = event.progress,
              .left_to_start = busy ? before->left_to_start : std::max(Span{0}, *found.deadline - now),
              .why = event.words.substr(0, kCauseTextBytes)};
  if (busy && before->until > lease.until) {  // it is never made shorter
    lease.until = before->until;
    lease.length = before->length;
  }
  *found.deadline = std::max(*found.deadline, lease.until);
  ForgetLease(generation);
  leases_.push_back(std::move(lease));
}

Instant Slot::LeasedUntil(Generation generation) const {
  const Lease* found = leases_.empty() ? nullptr : LeaseOf(generation);
  return found == nullptr ? Instant{} : found->until;
}

}  // namespace fectl::core
