#ifndef MASTER_CORE_TIMER_QUEUE_H_
#define MASTER_CORE_TIMER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "master/core/time.h"

namespace fectl::core {

// One deadline per key, the earliest first; equal deadlines in the order of their keys, so that a run can be
// repeated. An indexed binary heap: Set costs O(log keys) at most and no allocation after AddKeys. Every
// heartbeat moves a deadline to later, so that costs next to nothing: a key keeps its place until it comes to
// the front. Owns no clock.
class TimerQueue {
 public:
  using Key = uint32_t;

  // Adds `count` keys without deadline; the new keys follow the old ones.
  void AddKeys(size_t count);

  // kNever: no deadline.
  void Set(Key key, Instant deadline);

  Instant deadline(Key key) const { return deadlines_[key]; }

  // kNever when no key has a deadline.
  Instant earliest() const { return heap_.empty() ? kNever : heap_.front().queued; }

  // The key of the earliest deadline. Only when earliest() is not kNever.
  Key earliest_key() const { return heap_.front().key; }

  size_t size() const { return heap_.size(); }

  // Of the deadlines: the heap is a way to find the earliest, and there are many for the same deadlines.
  bool operator==(const TimerQueue& other) const { return deadlines_ == other.deadlines_; }

 private:
  static constexpr uint32_t kAbsent = UINT32_MAX;

  struct Entry {
    Instant queued;  // what its place is by: never later than its deadline, and the same at the front
    Key key = 0;
  };

  static bool Before(const Entry& a, const Entry& b);
  void Place(size_t position, const Entry& entry);
  void SiftUp(size_t position);
  void SiftDown(size_t position);
  void Remove(size_t position);
  void SettleFront();

  std::vector<Instant> deadlines_;   // by key
  std::vector<uint32_t> positions_;  // by key: where in the heap, or kAbsent
  std::vector<Entry> heap_;
};

}  // namespace fectl::core

#endif  // MASTER_CORE_TIMER_QUEUE_H_
