#include "master/runtime/growth.h"

#include <algorithm>

#include "master/core/slot/slot.h"

namespace fectl::runtime {

Growth GrowthOf(const core::Service& service, uint32_t num) {
  if (!service.up() || service.waiting() != nullptr || service.policy().num != num) return Growth::kDone;
  const auto first = service.slots().begin();
  const auto last = first + num;
  if (std::any_of(first, last, [](const core::Slot& slot) { return slot.given_up(); }))
    return Growth::kFailed;
  const bool all = std::all_of(first, last, [](const core::Slot& slot) { return slot.ready(); });
  return all ? Growth::kDone : Growth::kGoesOn;
}

}  // namespace fectl::runtime
