#include "master/core/timer_queue.h"

#include <cstddef>
#include <cstdint>

namespace fectl::core {

void TimerQueue::AddKeys(size_t count) {
  deadlines_.resize(deadlines_.size() + count, kNever);
  places_.resize(places_.size() + count, Place{.line = static_cast<uint32_t>(ends_.size())});
  ends_.push_back(kNone);
  heap_.reserve(places_.size());
}

void TimerQueue::Set(Key key, Instant deadline) {
  if (deadlines_[key] == deadline) return;
  if (deadlines_[key] != kNever) Take(key);
  deadlines_[key] = deadline;
  if (deadline != kNever) Insert({deadline, key});
}

bool TimerQueue::Before(const Entry& a, const Entry& b) {
  if (a.deadline != b.deadline) return a.deadline < b.deadline;
  return a.key < b.key;
}

void TimerQueue::Insert(const Entry& entry) {
  Place& place = places_[entry.key];
  Key& end = ends_[place.line];
  if (end != kNone && Before({deadlines_[end], end}, entry)) {
    place.ahead = end;
    places_[end].behind = entry.key;
    end = entry.key;
    return;
  }
  if (end == kNone) end = entry.key;
  heap_.push_back(entry);
  SiftUp(heap_.size() - 1);
}

void TimerQueue::Take(Key key) {
  Place& place = places_[key];
  if (ends_[place.line] == key) ends_[place.line] = place.ahead;
  if (place.behind != kNone) places_[place.behind].ahead = place.ahead;
  if (place.ahead != kNone) {
    places_[place.ahead].behind = place.behind;
  } else if (place.behind != kNone) {  // whose deadline is later, or as late with a larger key
    Put(place.position, {deadlines_[place.behind], place.behind});
    SiftDown(place.position);
  } else {
    RemoveFromHeap(place.position);
  }
  place = {.line = place.line};
}

void TimerQueue::Put(size_t position, const Entry& entry) {
  heap_[position] = entry;
  places_[entry.key].position = static_cast<uint32_t>(position);
}

void TimerQueue::SiftUp(size_t position) {
  const Entry entry = heap_[position];
  while (position > 0) {
    const size_t parent = (position - 1) / 2;
    if (!Before(entry, heap_[parent])) break;
    Put(position, heap_[parent]);
    position = parent;
  }
  Put(position, entry);
}

void TimerQueue::SiftDown(size_t position) {
  const Entry entry = heap_[position];
  for (;;) {
    size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && Before(heap_[child + 1], heap_[child])) ++child;
    if (!Before(heap_[child], entry)) break;
    Put(position, heap_[child]);
    position = child;
  }
  Put(position, entry);
}

void TimerQueue::RemoveFromHeap(size_t position) {
  const Entry last = heap_.back();
  heap_.pop_back();
  if (position == heap_.size()) return;
  Put(position, last);
  SiftUp(position);
  SiftDown(places_[last.key].position);
}

}  // namespace fectl::core
