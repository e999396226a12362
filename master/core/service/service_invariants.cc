// What always holds of a service between two steps.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <variant>

#include "master/core/basis/invariants.h"
#include "master/core/basis/overloaded.h"
#include "master/core/service/batch.h"
#include "master/core/service/service.h"

namespace fectl::core {
namespace {

// By a reload or a restart. By a start only where it took the place of a replacement that was waited for.
bool MayBeWaitedFor(const Operation& operation) {
  return std::visit(Overloaded{
                        [](const OneOf<std::monostate, StopOperation, WaitOperation> auto&) { return false; },
                        [](const OneOf<StartOperation, ReplaceOperation> auto&) { return true; },
                    },
                    operation);
}

bool WaitsAsItMay(const ReplaceOperation& replace) {
  using Stage = ReplaceOperation::Stage;
  return replace.stage == Stage::kLoading ||
         (replace.by_operator && (replace.keeps || replace.stage == Stage::kHeld));
}

}  // namespace

std::string_view Service::Contradiction(Generation newest) const {
  const size_t num = policy().num;
  if (num == 0 || slots_.size() < num) return "a service has a slot for each worker that is wanted";
  if (awaited_.size() != slots_.size() || counted_.size() != slots_.size())
    return "what is kept by slot is as long as the slots";
  for (const Slot& slot : slots_) {
    if (const std::string_view broken = slot.Contradiction(newest); !broken.empty()) return broken;
  }
  const auto count = [this](const auto& is_one) {
    return static_cast<uint32_t>(std::count_if(slots_.begin(), slots_.end(), is_one));
  };
  uint32_t processes = 0;
  bool in_time = true;
  bool in_place = true;
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    processes += slots_[i].process_count();
    in_time = in_time && counted_[i].armed <= slots_[i].next_deadline();
    in_place = in_place && slots_[i].index() == i;
  }
  const auto vacant = [](const Slot& slot) { return std::holds_alternative<Vacant>(slot.state()); };
  return FirstBroken({
      {"a slot is in its place", in_place},
      {"counts are what a recount gives",
       counts_.ready == count(std::mem_fn(&Slot::ready)) &&
           counts_.given_up == count(std::mem_fn(&Slot::given_up)) &&
           counts_.crashing == count(std::mem_fn(&Slot::crashing)) &&
           counts_.done == count(std::mem_fn(&Slot::done)) &&
           counts_.waiting_for_room == count(std::mem_fn(&Slot::waits_for_room)) &&
           counts_.processes == processes},
      {"an alarm is set no later than its deadline", in_time && own_armed_ <= OwnDeadline(operation_)},
      {"an old worker is kept only by a rollout that says so",
       (rollout() != nullptr && rollout()->keeps) ||
           std::none_of(slots_.begin(), slots_.end(), std::mem_fn(&Slot::keeps_old))},
      {"behind the slots that are wanted all are vacant",
       std::all_of(slots_.begin() + static_cast<ptrdiff_t>(num), slots_.end(), vacant)},
      {"in a service that is not to run all slots are vacant",
       up_ || std::all_of(slots_.begin(), slots_.end(), vacant)},
      {"in a service that waits for others all slots are vacant",
       waiting() == nullptr || std::all_of(slots_.begin(), slots_.end(), vacant)},
      {"a service that is to run knows since when", up_ == (up_since_ != kNever)},
      {"a service that is not to run is not paused", up_ || !paused_},
      {"what is removed is not to run", !removing_ || !up_},
      {"a reload or restart waits for what is under way", !queued_.has_value() || MayBeWaitedFor(operation_)},
      {OperationContradiction(), OperationContradiction().empty()},
      {"people were told of the condition", told_.condition == condition()},
  });
}

std::string_view Service::OperationContradiction() const {
  const auto count = [this](bool Awaited::*flag) {
    return static_cast<uint32_t>(
        std::count_if(awaited_.begin(), awaited_.end(), [flag](const Awaited& a) { return a.*flag; }));
  };
  constexpr std::string_view kRuns = "a start, reload or restart is of a service that is to run";
  constexpr std::string_view kAwaited = "as many are awaited as are marked so";
  const auto size = static_cast<uint32_t>(slots_.size());
  return std::visit(
      Overloaded{
          [](const std::monostate&) { return std::string_view(); },
          [&](const WaitOperation& wait) {
            return FirstBroken({
                {kRuns, up_},
                {"who waits for other services has told which they are", !wait.words.empty() && !wait.calls},
                {"nobody waits for a start that is blocked", !wait.blocked || wait.waiters.empty()},
            });
          },
          [&](const StopOperation&) {
            return FirstBroken({{"a service that stops is not to run", !up_}});
          },
          [&](const StartOperation& start) {
            return FirstBroken({
                {kRuns, up_},
                {kAwaited, start.awaited == count(&Awaited::awaited) &&
                               start.without_room == count(&Awaited::without_room)},
                {"a start that found no room is awaited", start.without_room <= start.awaited},
                {"a start goes on while somebody is awaited", start.awaited > start.without_room},
                {"the slot that was given up exists", !start.failed.has_value() || *start.failed < size},
            });
          },
          [&](const ReplaceOperation& replace) {
            const auto& slots = replace.slots;
            return FirstBroken({
                {kRuns, up_},
                {kAwaited, replace.awaited == count(&Awaited::awaited)},
                {"a reload or restart goes on while somebody is awaited, or it waits for something else",
                 (replace.awaited > 0) == (replace.stage == ReplaceOperation::Stage::kLoading &&
                                           !replace.before_roll.has_value())},
                {"only a rollout of an operator waits for anything else", WaitsAsItMay(replace)},
                {"a rollout that watches or bakes knows until when",
                 (replace.until != kNever) == (replace.stage == ReplaceOperation::Stage::kProving ||
                                               replace.stage == ReplaceOperation::Stage::kBaking)},
                {"what ran before is known of each slot",
                 replace.before.empty() ? !replace.by_operator : replace.before.size() == slots.size()},
                {"a rollout has its record", !replace.by_operator || log_.newest() != nullptr},
                {"nothing is replaced before the oneshot is over",
                 !replace.before_roll.has_value() || (replace.by_operator && replace.begun == 0)},
                {"what is committed has begun, and what has begun was asked for",
                 replace.committed <= replace.begun && replace.begun <= slots.size()},
                {"slots are replaced in their order, each once",
                 std::adjacent_find(slots.begin(), slots.end(), std::greater_equal<>()) == slots.end() &&
                     (slots.empty() || slots.back() < size)},
            });
          },
      },
      operation_);
}

}  // namespace fectl::core
