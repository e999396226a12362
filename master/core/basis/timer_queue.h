#ifndef MASTER_CORE_BASIS_TIMER_QUEUE_H_
#define MASTER_CORE_BASIS_TIMER_QUEUE_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"

namespace fectl::core {

// When each slot has to be looked at: a binary heap of alarms, the earliest first. Equal times come in the
// order of service and slot, so that a run can be repeated. Owns no clock.
//
// An alarm is never moved. Nearly every event is a heartbeat, which makes its slot's deadline later: the
// alarm that is set already then comes too early, and is set anew when it comes. Whoever sets the alarms
// remembers for each slot the one that counts (`armed`); any other one of the slot is ignored when it comes.
class TimerQueue {
 public:
  // In the place of a slot: the alarm is the service's own.
  static constexpr uint32_t kServiceItself = std::numeric_limits<uint32_t>::max();

  struct Alarm {
    Instant at = kNever;
    ServiceId service = 0;
    uint32_t slot = 0;
    auto operator<=>(const Alarm&) const = default;
  };

  void Set(const Alarm& alarm);

  // kNever where no alarm is set.
  Instant earliest() const { return heap_.empty() ? kNever : heap_.front().at; }

  // Takes the earliest one out. Only where earliest() is not kNever.
  Alarm Take();

  void Clear() { heap_.clear(); }
  // Those included that do not count any more.
  size_t size() const { return heap_.size(); }

 private:
  std::vector<Alarm> heap_;
};

}  // namespace fectl::core

#endif  // MASTER_CORE_BASIS_TIMER_QUEUE_H_
