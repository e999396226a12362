#include "master/sim/kernel.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace fectl::sim {

size_t FrameBytes(Said said) {
  // Two bytes of length and the JSON text.
  switch (said) {
    case Said::kLoaded:
      return 2 + 16;
    case Said::kBeat:
      return 2 + 12;
    case Said::kReload:
      return 2 + 16;
    case Said::kRestart:
      return 2 + 17;
    case Said::kLeaves:
      return 2 + 33;
    case Said::kConfigError:
      return 2 + 60;
    case Said::kGarbage:
      return 40;
    case Said::kHalfFrame:
      return 7;
  }
  return 0;
}

int32_t Kernel::Start(const core::Incarnation& who) {
  const auto end = static_cast<int32_t>(used_.size());
  int32_t pid = last_pid_;
  for (int32_t tried = 2;; ++tried) {
    if (tried == end) return -1;
    pid = pid + 1 < end ? pid + 1 : 2;
    if (!used_[static_cast<size_t>(pid)]) break;
  }
  last_pid_ = pid;
  used_[static_cast<size_t>(pid)] = true;
  if (free_.empty()) {
    newest_ = static_cast<uint32_t>(processes_.size());
    processes_.emplace_back();
  } else {
    newest_ = free_.back();
    free_.pop_back();
  }
  SimProcess& process = processes_[newest_];
  const uint32_t serial = process.serial + 1;
  process = SimProcess();
  process.serial = serial;
  process.who = who;
  process.life = SimProcess::Life::kAlive;
  process.pid = pid;
  ++unreaped_;
  if (by_slot_.size() <= who.service) by_slot_.resize(who.service + 1);
  auto& slots = by_slot_[who.service];
  if (slots.size() <= who.slot) slots.resize(who.slot + 1);
  slots[who.slot].push_back(newest_);
  return pid;
}

uint32_t Kernel::PlaceOf(const core::Incarnation& who) const {
  if (who.service >= by_slot_.size() || who.slot >= by_slot_[who.service].size()) return kNowhere;
  for (const uint32_t place : by_slot_[who.service][who.slot]) {
    if (processes_[place].who == who) return place;
  }
  return kNowhere;
}

uint32_t Kernel::PlaceOfOlder(const core::Incarnation& who) const {
  for (const uint32_t place : by_slot_[who.service][who.slot]) {
    const SimProcess& other = processes_[place];
    if (other.who.generation < who.generation && other.loaded && !other.leaving) return place;
  }
  return kNowhere;
}

bool Kernel::Write(SimProcess& process, Said said) {
  const size_t bytes = FrameBytes(said);
  if (!process.writable() || process.unread_bytes + bytes > pipe_bytes_) return false;
  process.unread.push_back(said);
  process.unread_bytes += bytes;
  return true;
}

void Kernel::Read(SimProcess& process, size_t bytes, std::vector<Said>* out) {
  while (bytes > 0 && process.readable()) {
    const Said first = process.unread.front();
    const size_t missing = FrameBytes(first) - process.taken_of_first;
    const size_t taken = std::min(bytes, missing);
    process.taken_of_first += taken;
    process.unread_bytes -= taken;
    bytes -= taken;
    if (taken < missing || (first == Said::kHalfFrame && process.unread.size() == 1)) return;
    process.taken_of_first = 0;
    process.unread.pop_front();
    out->push_back(first);
  }
}

void Kernel::Reap(uint32_t place) {
  SimProcess& process = processes_[place];
  used_[static_cast<size_t>(process.pid)] = false;
  process.life = SimProcess::Life::kFree;
  std::erase(by_slot_[process.who.service][process.who.slot], place);
  free_.push_back(place);
  --unreaped_;
}

}  // namespace fectl::sim
