#ifndef MASTER_CORE_TIMER_QUEUE_H_
#define MASTER_CORE_TIMER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "master/core/time.h"

namespace fectl::core {

// One deadline per key, the earliest first; equal deadlines in the order of their keys, so that a run can be
// repeated. No allocation after AddKeys. Owns no clock.
//
// A heartbeat moves its key's deadline behind those of all others with the same timeout. So the keys that are
// added together have a line: who comes later than its end is put there, and only the line's first takes part
// in the search for the earliest, which is a binary heap. Everybody else is in the heap alone. Moving to the
// end of the line costs the same however many stand in it; anything else costs O(log keys).
class TimerQueue {
 public:
  using Key = uint32_t;

  // Adds `count` keys without deadline, and their line; the new keys follow the old ones.
  void AddKeys(size_t count);

  // kNever: no deadline.
  void Set(Key key, Instant deadline);

  Instant deadline(Key key) const { return deadlines_[key]; }

  // kNever when no key has a deadline.
  Instant earliest() const { return heap_.empty() ? kNever : heap_.front().deadline; }

  // The key of the earliest deadline. Only when earliest() is not kNever.
  Key earliest_key() const { return heap_.front().key; }

  // How many keys take part in the search: what anything but a heartbeat takes grows with it.
  size_t searched() const { return heap_.size(); }

  // Of the deadlines: the rest is a way to find the earliest, and there are many for the same deadlines.
  bool operator==(const TimerQueue& other) const { return deadlines_ == other.deadlines_; }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Entry {
    Instant deadline;
    Key key = 0;
  };
  // Of a key with a deadline. Who stands behind another is not in the heap.
  struct Place {
    uint32_t line = 0;
    Key ahead = kNone;
    Key behind = kNone;
    uint32_t position = kNone;  // in the heap
  };

  static bool Before(const Entry& a, const Entry& b);
  void Insert(const Entry& entry);
  void Take(Key key);
  void Put(size_t position, const Entry& entry);
  void SiftUp(size_t position);
  void SiftDown(size_t position);
  void RemoveFromHeap(size_t position);

  std::vector<Instant> deadlines_;  // by key
  std::vector<Place> places_;       // by key
  std::vector<Key> ends_;           // of each line; kNone: nobody stands in it
  std::vector<Entry> heap_;
};

}  // namespace fectl::core

#endif  // MASTER_CORE_TIMER_QUEUE_H_
