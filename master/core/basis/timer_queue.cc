#include "master/core/basis/timer_queue.h"

#include <algorithm>
#include <functional>

#include "master/core/basis/check.h"

namespace fectl::core {

void TimerQueue::Set(const Alarm& alarm) {
  heap_.push_back(alarm);
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
}

TimerQueue::Alarm TimerQueue::Take() {
  FECTL_CHECK(!heap_.empty(), "an alarm that is taken was set");
  std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
  const Alarm earliest = heap_.back();
  heap_.pop_back();
  return earliest;
}

}  // namespace fectl::core
