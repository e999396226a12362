#include "master/core/timer_queue.h"

#include <cstddef>
#include <cstdint>

namespace fectl::core {

void TimerQueue::AddKeys(size_t count) {
  deadlines_.resize(deadlines_.size() + count, kNever);
  positions_.resize(positions_.size() + count, kAbsent);
  heap_.reserve(positions_.size());
}

void TimerQueue::Set(Key key, Instant deadline) {
  if (deadlines_[key] == deadline) return;
  deadlines_[key] = deadline;
  const uint32_t position = positions_[key];
  if (position == kAbsent) {
    heap_.push_back({deadline, key});
    SiftUp(heap_.size() - 1);
  } else if (deadline == kNever) {
    Remove(position);
  } else if (deadline < heap_[position].queued) {
    heap_[position].queued = deadline;
    SiftUp(position);
  } else if (position == 0) {
    SettleFront();
  }
}

bool TimerQueue::Before(const Entry& a, const Entry& b) {
  if (a.queued != b.queued) return a.queued < b.queued;
  return a.key < b.key;
}

void TimerQueue::Place(size_t position, const Entry& entry) {
  heap_[position] = entry;
  positions_[entry.key] = static_cast<uint32_t>(position);
}

void TimerQueue::SiftUp(size_t position) {
  const Entry entry = heap_[position];
  while (position > 0) {
    const size_t parent = (position - 1) / 2;
    if (!Before(entry, heap_[parent])) break;
    Place(position, heap_[parent]);
    position = parent;
  }
  Place(position, entry);
}

void TimerQueue::SiftDown(size_t position) {
  const Entry entry = heap_[position];
  for (;;) {
    size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && Before(heap_[child + 1], heap_[child])) ++child;
    if (!Before(heap_[child], entry)) break;
    Place(position, heap_[child]);
    position = child;
  }
  Place(position, entry);
}

void TimerQueue::Remove(size_t position) {
  positions_[heap_[position].key] = kAbsent;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (position < heap_.size()) {
    Place(position, last);
    SiftUp(position);
    SiftDown(positions_[last.key]);
  }
  SettleFront();
}

// Who came to the front by a deadline that was moved since goes to where it belongs.
void TimerQueue::SettleFront() {
  while (!heap_.empty() && heap_.front().queued != deadlines_[heap_.front().key]) {
    heap_.front().queued = deadlines_[heap_.front().key];
    SiftDown(0);
  }
}

}  // namespace fectl::core
