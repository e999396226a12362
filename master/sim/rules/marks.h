#ifndef MASTER_SIM_RULES_MARKS_H_
#define MASTER_SIM_RULES_MARKS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"
#include "master/core/service/service.h"
#include "master/core/slot/slot_state.h"
#include "master/sim/kernel/swarm.h"

namespace fectl::sim {

// What a run has seen: so that a rare case which no seed ever reaches is noticed. A mark is an edge of the
// slot's or the service's table, a cause with which a process was lost or killed, a command in a state, an
// answer, or a way to misbehave.
class Marks {
 public:
  // The states by their place in core::SlotState. False: no such edge is in the table.
  bool SlotEdge(size_t from, size_t to);
  bool ServiceEdge(core::ServiceState from, core::ServiceState to);
  static std::string SlotEdgeName(size_t from, size_t to);
  void Commanded(core::ServiceState state, core::Verb verb) {
    ++commands_[static_cast<size_t>(state)][static_cast<size_t>(verb)];
  }
  // While a rollout was under way.
  void CommandedInRollout(const core::ReplaceOperation& rollout, core::Verb verb) {
    const size_t stage = rollout.goes_back ? kStages - 1 : static_cast<size_t>(rollout.stage);
    ++in_rollouts_[stage][static_cast<size_t>(verb)];
  }
  void Saw(const core::Effect& effect);
  // A program did what its behaviour is about.
  void Misbehaved(Behaviour behaviour) { ++behaviours_[static_cast<size_t>(behaviour)]; }

  void Add(const Marks& other);

  // The names of what must be seen and was not.
  std::vector<std::string> Missing() const;
  // Each mark with its count, one a line.
  std::string Table() const;

 private:
  std::vector<std::pair<std::string, uint64_t>> All() const;

  static constexpr size_t kSlotStates = std::variant_size_v<core::SlotState>;
  static constexpr size_t kServiceStates = static_cast<size_t>(core::ServiceState::kLast) + 1;
  static constexpr size_t kCauses = static_cast<size_t>(core::Cause::Kind::kLast) + 1;
  static constexpr size_t kMilestones = static_cast<size_t>(core::Milestone::kLast) + 1;
  static constexpr size_t kAnswers = static_cast<size_t>(core::Answer::kErrorFailed) + 1;
  static constexpr size_t kVerbs = static_cast<size_t>(core::Verb::kAbort) + 1;
  static constexpr size_t kRolls = static_cast<size_t>(core::ServiceReport::What::kLast) + 1;
  // Of a rollout, and that it goes back.
  static constexpr size_t kStages = static_cast<size_t>(core::ReplaceOperation::Stage::kLast) + 2;

  std::array<std::array<uint64_t, kSlotStates>, kSlotStates> slot_edges_ = {};
  std::array<std::array<uint64_t, kServiceStates>, kServiceStates> service_edges_ = {};
  std::array<std::array<uint64_t, kCauses>, kMilestones> records_ = {};
  std::array<std::array<uint64_t, kVerbs>, kServiceStates> commands_ = {};
  std::array<std::array<uint64_t, kVerbs>, kStages> in_rollouts_ = {};
  std::array<uint64_t, kRolls> told_ = {};  // of services
  std::array<uint64_t, kAnswers> answers_ = {};
  std::array<uint64_t, kBehaviours> behaviours_ = {};
  std::array<uint64_t, kMilestones> unfinished_ = {};  // messages, by what their end was recorded as
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_RULES_MARKS_H_
