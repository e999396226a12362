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
  const uint32_t position = positions_[key];
  if (position == kAbsent) {
    deadlines_[key] = deadline;
    heap_.push_back(key);
    positions_[key] = static_cast<uint32_t>(heap_.size() - 1);
    SiftUp(heap_.size() - 1);
    return;
  }
  if (deadline == kNever) {
    Remove(position);
    deadlines_[key] = kNever;
    return;
  }
  const bool later = deadline > deadlines_[key];
  deadlines_[key] = deadline;
  if (later) {
    SiftDown(position);
  } else {
    SiftUp(position);
  }
}

bool TimerQueue::Before(Key a, Key b) const {
  if (deadlines_[a] != deadlines_[b]) return deadlines_[a] < deadlines_[b];
  return a < b;
}

void TimerQueue::Place(size_t position, Key key) {
  heap_[position] = key;
  positions_[key] = static_cast<uint32_t>(position);
}

void TimerQueue::SiftUp(size_t position) {
  const Key key = heap_[position];
  while (position > 0) {
    const size_t parent = (position - 1) / 2;
    if (!Before(key, heap_[parent])) break;
    Place(position, heap_[parent]);
    position = parent;
  }
  Place(position, key);
}

void TimerQueue::SiftDown(size_t position) {
  const Key key = heap_[position];
  for (;;) {
    size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && Before(heap_[child + 1], heap_[child])) ++child;
    if (!Before(heap_[child], key)) break;
    Place(position, heap_[child]);
    position = child;
  }
  Place(position, key);
}

void TimerQueue::Remove(size_t position) {
  positions_[heap_[position]] = kAbsent;
  const Key last = heap_.back();
  heap_.pop_back();
  if (position == heap_.size()) return;
  Place(position, last);
  SiftUp(position);
  SiftDown(positions_[last]);
}

}  // namespace fectl::core
