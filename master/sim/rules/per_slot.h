#ifndef MASTER_SIM_RULES_PER_SLOT_H_
#define MASTER_SIM_RULES_PER_SLOT_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "master/core/basis/ids.h"

namespace fectl::sim {

// A value for each service that ever was, and for each slot of it, while services are added and resized. One
// that was not set yet is `initial`.
template <typename T>
class PerService {
 public:
  explicit PerService(T initial = T{}) : initial_(std::move(initial)) {}

  T& operator[](core::ServiceId service) {
    if (service >= values_.size()) values_.resize(service + 1, initial_);
    return values_[service];
  }
  const T& operator[](core::ServiceId service) const {
    return service < values_.size() ? values_[service] : initial_;
  }

 private:
  T initial_;
  std::vector<T> values_;
};

template <typename T>
class PerSlot {
 public:
  explicit PerSlot(T initial = T{}) : initial_(std::move(initial)) {}

  T& At(core::ServiceId service, uint32_t slot) {
    std::vector<T>& slots = slots_[service];
    if (slot >= slots.size()) slots.resize(slot + 1, initial_);
    return slots[slot];
  }
  const T& At(core::ServiceId service, uint32_t slot) const {
    const std::vector<T>& slots = slots_[service];
    return slot < slots.size() ? slots[slot] : initial_;
  }
  // Those that were set.
  std::vector<T>& Of(core::ServiceId service) { return slots_[service]; }
  // The service has that many slots: the others begin anew.
  void Trim(core::ServiceId service, size_t slots) {
    if (slots_[service].size() > slots) slots_[service].resize(slots, initial_);
  }

 private:
  T initial_;
  PerService<std::vector<T>> slots_;
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_RULES_PER_SLOT_H_
