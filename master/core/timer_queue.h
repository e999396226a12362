#ifndef MASTER_CORE_TIMER_QUEUE_H_
#define MASTER_CORE_TIMER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "master/core/time.h"

namespace fectl::core {

// One deadline per key, the earliest first; equal deadlines in the order of their keys, so that a run can be
// repeated. An indexed binary heap: Set costs O(log keys) and no allocation after AddKeys, since every
// heartbeat moves a deadline. Owns no clock.
class TimerQueue {
 public:
  using Key = uint32_t;

  // Adds `count` keys without deadline; the new keys follow the old ones.
  void AddKeys(size_t count);

  // kNever: no deadline.
  void Set(Key key, Instant deadline);

  Instant deadline(Key key) const { return deadlines_[key]; }

  // kNever when no key has a deadline.
  Instant earliest() const { return heap_.empty() ? kNever : deadlines_[heap_.front()]; }

  // The key of the earliest deadline. Only when earliest() is not kNever.
  Key earliest_key() const { return heap_.front(); }

  size_t size() const { return heap_.size(); }

  // Of the deadlines: the heap is a way to find the earliest, and there are many for the same deadlines.
  bool operator==(const TimerQueue& other) const { return deadlines_ == other.deadlines_; }

 private:
  static constexpr uint32_t kAbsent = UINT32_MAX;

  bool Before(Key a, Key b) const;
  void Place(size_t position, Key key);
  void SiftUp(size_t position);
  void SiftDown(size_t position);
  void Remove(size_t position);

  std::vector<Instant> deadlines_;   // by key
  std::vector<uint32_t> positions_;  // by key: where in the heap, or kAbsent
  std::vector<Key> heap_;
};

}  // namespace fectl::core

#endif  // MASTER_CORE_TIMER_QUEUE_H_
