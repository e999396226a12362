// What always holds of a slot between two steps.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "master/core/basis/invariants.h"
#include "master/core/basis/limits.h"
#include "master/core/basis/overloaded.h"
#include "master/core/slot/slot.h"

namespace fectl::core {
namespace {

bool HasTime(const Leaving& leaving) {
  return leaving.stage < Leaving::Stage::kKilled;
}

bool HasItsDeadline(const Leaving& leaving) {
  return (leaving.deadline == kNever) == leaving.unkillable();
}

bool IsHeld(const Lease& lease, const SlotState& state) {
  const auto is_of = [&lease](const Process& process, Instant deadline) {
    return lease.generation == process.generation && lease.until <= deadline && !process.oneshot &&
           !process.channel_closed;
  };
  return std::visit(Overloaded{
                        [](const OneOf<Vacant, Waiting, GivenUp, Done> auto&) { return false; },
                        [&](const OneOf<Starting, Serving> auto& s) { return is_of(s.process, s.deadline); },
                        [&](const Baking& s) {
                          return is_of(s.now.process, s.now.deadline) || is_of(s.old.process, s.old.deadline);
                        },
                        [&](const Replacing& s) {
                          return is_of(s.old.process, s.old.deadline) || is_of(s.next, s.deadline);
                        },
                    },
                    state);
}

template <typename Use>
void ForEachOnDuty(const SlotState& state, const Use& use) {
  std::visit(Overloaded{
                 [](const OneOf<Vacant, Waiting, GivenUp, Done> auto&) {},
                 [&](const OneOf<Starting, Serving> auto& one) { use(one.process.generation); },
                 [&](const Replacing& replacing) {
                   use(replacing.old.process.generation);
                   use(replacing.next.generation);
                 },
                 [&](const Baking& baking) {
                   use(baking.old.process.generation);
                   use(baking.now.process.generation);
                 },
             },
             state);
}

}  // namespace

std::string_view Slot::Contradiction(Generation newest) const {
  const auto for_each_process = [this](const auto& use) {
    for (const Leaving& leaving : leaving_) use(leaving.process.generation);
    ForEachOnDuty(state_, use);
  };
  bool in_one_place = true;
  bool given = true;
  for_each_process([&](Generation generation) {
    uint32_t places = 0;
    for_each_process([&](Generation other) { places += other == generation ? 1 : 0; });
    in_one_place = in_one_place && places == 1;
    given = given && generation > 0 && generation <= newest;
  });
  const bool serving = std::visit(
      Overloaded{
          [](const OneOf<Vacant, Waiting, Starting, Replacing, GivenUp, Done> auto&) { return false; },
          [](const OneOf<Serving, Baking> auto&) { return true; },
      },
      state_);
  const bool successor_is_newer = std::visit(
      Overloaded{
          [](const OneOf<Vacant, Waiting, Starting, Serving, GivenUp, Done> auto&) { return true; },
          [](const Replacing& state) { return state.old.process.generation < state.next.generation; },
          [](const Baking& state) { return state.old.process.generation < state.now.process.generation; },
      },
      state_);
  const bool to_serve_nobody =
      std::visit(Overloaded{
                     [](const OneOf<Vacant, GivenUp, Done> auto&) { return true; },
                     [](const OneOf<Waiting, Starting, Serving, Replacing, Baking> auto&) { return false; },
                 },
                 state_);
  const bool busy_are_on_duty = std::all_of(leases_.begin(), leases_.end(),
                                            [this](const Lease& lease) { return IsHeld(lease, state_); });
  const bool one_lease_each = std::all_of(leases_.begin(), leases_.end(), [this](const Lease& lease) {
    return LeaseOf(lease.generation) == &lease;
  });
  return FirstBroken({
      {"a process is in one place of its slot", in_one_place},
      {"generations are given by the supervisor, from 1", given},
      {"a successor is of a later generation", successor_is_newer},
      {"not more are leaving than may",
       std::count_if(leaving_.begin(), leaving_.end(), HasTime) <= static_cast<ptrdiff_t>(kLeavingMax)},
      {"a leaving process has a deadline until SIGKILL has failed",
       std::all_of(leaving_.begin(), leaving_.end(), HasItsDeadline)},
      {"a worker that asks to be replaced serves",
       serving || (!later_ask_.has_value() && !due_ask_.has_value())},
      {"what was asked and is held back has its time", later_ask_.has_value() == (ask_at_ != kNever)},
      {"where nobody is to serve nobody is crashing", !crashing_ || !to_serve_nobody},
      {"who is busy is on duty, and not judged before its time", busy_are_on_duty},
      {"a process is busy with one thing", one_lease_each},
  });
}

}  // namespace fectl::core
