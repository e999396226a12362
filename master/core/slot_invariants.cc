// What always holds of a slot between two steps.

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <variant>
#include <vector>

#include "master/core/invariants.h"
#include "master/core/limits.h"
#include "master/core/overloaded.h"
#include "master/core/slot.h"

namespace fectl::core {
namespace {

bool HasTime(const Leaving& leaving) {
  return leaving.stage < Leaving::Stage::kKilled;
}

bool HasItsDeadline(const Leaving& leaving) {
  return (leaving.deadline == kNever) == leaving.unkillable();
}

}  // namespace

std::string_view Slot::Contradiction(Generation newest) const {
  std::vector<Generation> generations;
  for (const Leaving& leaving : leaving_) generations.push_back(leaving.process.generation);
  const bool serving = std::visit(Overloaded{
                                      [](const OneOf<Vacant, Waiting, GivenUp> auto&) { return false; },
                                      [&](const Starting& starting) {
                                        generations.push_back(starting.process.generation);
                                        return false;
                                      },
                                      [&](const Serving& state) {
                                        generations.push_back(state.process.generation);
                                        return true;
                                      },
                                      [&](const Replacing& replacing) {
                                        generations.push_back(replacing.old.process.generation);
                                        generations.push_back(replacing.next.generation);
                                        return false;
                                      },
                                  },
                                  state_);
  const bool successor_is_newer = std::visit(
      Overloaded{
          [](const OneOf<Vacant, Waiting, Starting, Serving, GivenUp> auto&) { return true; },
          [](const Replacing& state) { return state.old.process.generation < state.next.generation; },
      },
      state_);
  const bool to_serve_nobody =
      std::visit(Overloaded{
                     [](const OneOf<Vacant, GivenUp> auto&) { return true; },
                     [](const OneOf<Waiting, Starting, Serving, Replacing> auto&) { return false; },
                 },
                 state_);
  std::sort(generations.begin(), generations.end());
  return FirstBroken({
      {"a process is in one place of its slot",
       std::adjacent_find(generations.begin(), generations.end()) == generations.end()},
      {"generations are given by the supervisor, from 1",
       generations.empty() || (generations.front() > 0 && generations.back() <= newest)},
      {"a successor is of a later generation", successor_is_newer},
      {"not more are leaving than may",
       std::count_if(leaving_.begin(), leaving_.end(), HasTime) <= static_cast<ptrdiff_t>(kLeavingMax)},
      {"who is leaving has a deadline until SIGKILL has failed",
       std::all_of(leaving_.begin(), leaving_.end(), HasItsDeadline)},
      {"who asks to be replaced serves", serving || (!later_ask_.has_value() && !due_ask_.has_value())},
      {"what was asked and is held back has its time", later_ask_.has_value() == (ask_at_ != kNever)},
      {"where nobody is to serve nobody is crashing", !crashing_ || !to_serve_nobody},
  });
}

}  // namespace fectl::core
