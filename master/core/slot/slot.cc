#include "master/core/slot/slot.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/basis/overloaded.h"

// What can be asked of a slot. What the service tells it is in slot_commands.cc, what happens to its
// processes in slot_process.cc, what becomes due in slot_deadlines.cc.

namespace fectl::core {

Slot::Place Slot::Find(Generation generation) {
  const auto is_it = [generation](const Process& process) { return process.generation == generation; };
  const Place on_duty = std::visit(Overloaded{
                                       [](OneOf<Vacant, Waiting, GivenUp, Done> auto&) { return Place{}; },
                                       [&](Starting& starting) {
                                         if (!is_it(starting.process)) return Place{};
                                         return Place{Role::kStarting, &starting.process, &starting.deadline};
                                       },
                                       [&](Serving& serving) {
                                         if (!is_it(serving.process)) return Place{};
                                         return Place{Role::kServing, &serving.process, &serving.deadline};
                                       },
                                       [&](Replacing& replacing) {
                                         Serving& old = replacing.old;
                                         if (is_it(old.process))
                                           return Place{Role::kOld, &old.process, &old.deadline};
                                         if (is_it(replacing.next))
                                           return Place{Role::kNext, &replacing.next, &replacing.deadline};
                                         return Place{};
                                       },
                                       [&](Baking& baking) {
                                         Serving& now = baking.now;
                                         if (is_it(now.process))
                                           return Place{Role::kServing, &now.process, &now.deadline};
                                         Serving& old = baking.old;
                                         if (is_it(old.process))
                                           return Place{Role::kOld, &old.process, &old.deadline};
                                         return Place{};
                                       },
                                   },
                                   state_);
  if (on_duty.process != nullptr) return on_duty;
  const auto leaving = FindLeaving(generation);
  return leaving == leaving_.end() ? Place{} : Place{Role::kLeaving, &leaving->process, nullptr};
}

std::vector<Leaving>::iterator Slot::FindLeaving(Generation generation) {
  return std::find_if(leaving_.begin(), leaving_.end(), [generation](const Leaving& leaving) {
    return leaving.process.generation == generation;
  });
}

Serving* Slot::OnDuty() {
  using Nobody = Serving*;
  return std::visit(Overloaded{
                        [](OneOf<Vacant, Waiting, Starting, GivenUp, Done> auto&) { return Nobody{nullptr}; },
                        [](Serving& serving) { return &serving; },
                        [](Replacing& replacing) { return &replacing.old; },
                        [](Baking& baking) { return &baking.now; },
                    },
                    state_);
}

Incarnation Slot::Who(const StepContext& step, const Process& process) const {
  return Incarnation{step.service, index_, process.generation};
}

void Slot::Note(StepContext& step, Milestone milestone, const Process& process, Cause cause) {
  Record record{step.at.wall_seconds, process.pid, milestone, std::move(cause)};
  step.effects.emplace_back(Report{step.service, index_, record, ++step.newest_event, process.generation});
  history_.Add(std::move(record));
}

void Slot::NoteOfNone(StepContext& step, Milestone milestone, Cause cause) {
  Note(step, milestone, Process{}, std::move(cause));
}

bool Slot::keeps_old() const {
  return std::holds_alternative<Baking>(state_);
}

bool Slot::ready() const {
  return std::visit(Overloaded{
                        [](const OneOf<Vacant, Waiting, Starting, GivenUp, Done> auto&) { return false; },
                        [](const OneOf<Serving, Replacing, Baking> auto&) { return true; },
                    },
                    state_);
}

bool Slot::serves() const {
  const auto told = [](const Serving& serving) { return serving.last_order == Serving::LastOrder::kStart; };
  return std::visit(Overloaded{
                        [](const OneOf<Vacant, Waiting, Starting, GivenUp, Done> auto&) { return false; },
                        [&](const Serving& serving) { return told(serving); },
                        [&](const Replacing& replacing) { return told(replacing.old); },
                        [&](const Baking& baking) { return told(baking.now); },
                    },
                    state_);
}

bool Slot::waits_for_room() const {
  return std::visit(Overloaded{
                        [](const OneOf<Vacant, Starting, Serving, Replacing, Baking, GivenUp, Done> auto&) {
                          return false;
                        },
                        [](const Waiting& waiting) { return waiting.room_at != kNever; },
                    },
                    state_);
}

bool Slot::starting() const {
  return std::visit(
      Overloaded{
          [](const OneOf<Vacant, Waiting, Serving, Replacing, Baking, GivenUp, Done> auto&) { return false; },
          [](const Starting&) { return true; },
      },
      state_);
}

bool Slot::given_up() const {
  return std::visit(
      Overloaded{
          [](const OneOf<Vacant, Waiting, Starting, Serving, Replacing, Baking> auto&) { return false; },
          [](const GivenUp&) { return true; },
          [](const Done&) { return false; },
      },
      state_);
}

bool Slot::done() const {
  return std::visit(
      Overloaded{
          [](const OneOf<Vacant, Waiting, Starting, Serving, Replacing, Baking, GivenUp> auto&) {
            return false;
          },
          [](const Done&) { return true; },
      },
      state_);
}

bool Slot::empty() const {
  const bool vacant =
      std::visit(Overloaded{
                     [](const Vacant&) { return true; },
                     [](const OneOf<Waiting, Starting, Serving, Replacing, Baking, GivenUp, Done> auto&) {
                       return false;
                     },
                 },
                 state_);
  return vacant && leaving_.empty();
}

bool Slot::uses(PlanVersion plan) const {
  const auto is_of = [plan](const Process& process) { return process.plan == plan; };
  const bool would_follow = plan_ == plan;
  const bool on_duty = std::visit(
      Overloaded{
          [](const OneOf<Vacant, GivenUp, Done> auto&) { return false; },
          [&](const Waiting&) { return would_follow; },
          [&](const OneOf<Starting, Serving> auto& state) { return would_follow || is_of(state.process); },
          [&](const Replacing& replacing) {
            return would_follow || is_of(replacing.old.process) || is_of(replacing.next);
          },
          [&](const Baking& baking) {
            return would_follow || is_of(baking.now.process) || is_of(baking.old.process);
          },
      },
      state_);
  return on_duty || std::any_of(leaving_.begin(), leaving_.end(),
                                [&is_of](const Leaving& leaving) { return is_of(leaving.process); });
}

int32_t Slot::pid_on_duty() const {
  return std::visit(Overloaded{
                        [](const OneOf<Vacant, Waiting, GivenUp, Done> auto&) { return 0; },
                        [](const OneOf<Starting, Serving> auto& state) { return state.process.pid; },
                        [](const Replacing& state) { return state.old.process.pid; },
                        [](const Baking& state) { return state.now.process.pid; },
                    },
                    state_);
}

int32_t Slot::pid_of(Generation generation) const {
  const auto pid = [generation](const Process& process) {
    return process.generation == generation ? process.pid : 0;
  };
  return std::visit(Overloaded{
                        [](const OneOf<Vacant, Waiting, GivenUp, Done> auto&) { return 0; },
                        [&](const OneOf<Starting, Serving> auto& state) { return pid(state.process); },
                        [&](const Replacing& state) { return pid(state.next); },
                        [&](const Baking& state) { return pid(state.now.process); },
                    },
                    state_);
}

uint32_t Slot::on_duty() const {
  return std::visit(Overloaded{
                        [](const OneOf<Vacant, Waiting, GivenUp, Done> auto&) { return 0U; },
                        [](const OneOf<Starting, Serving> auto&) { return 1U; },
                        [](const OneOf<Replacing, Baking> auto&) { return 2U; },
                    },
                    state_);
}

uint32_t Slot::process_count() const {
  // One that outlives SIGKILL was told of and is not waited for any more.
  const auto waited_for = std::count_if(leaving_.begin(), leaving_.end(),
                                        [](const Leaving& leaving) { return !leaving.unkillable(); });
  return on_duty() + static_cast<uint32_t>(waited_for);
}

bool Slot::has_unkillable() const {
  return std::any_of(leaving_.begin(), leaving_.end(),
                     [](const Leaving& leaving) { return leaving.unkillable(); });
}

}  // namespace fectl::core
