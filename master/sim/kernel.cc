#include "master/sim/kernel.h"

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
  }
  return 0;
}

int32_t Kernel::Start(const core::Incarnation& who) {
  const auto pids = static_cast<int32_t>(used_.size()) - 1;
  int32_t pid = last_pid_;
  for (int32_t tried = 0;; ++tried) {
    if (tried == pids) return -1;
    pid = pid % pids + 1;
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
  return pid;
}

uint32_t Kernel::PlaceOf(const core::Incarnation& who) const {
  for (uint32_t place = 0; place < processes_.size(); ++place) {
    if (processes_[place].life != SimProcess::Life::kFree && processes_[place].who == who) return place;
  }
  return kNowhere;
}

bool Kernel::Write(SimProcess& process, Said said) {
  const size_t bytes = FrameBytes(said);
  if (process.pipe_closed || process.unread_bytes + bytes > pipe_bytes_) return false;
  process.unread.push_back(said);
  process.unread_bytes += bytes;
  return true;
}

void Kernel::Read(SimProcess& process, size_t bytes, std::vector<Said>* out) {
  while (bytes > 0 && !process.unread.empty()) {
    const Said first = process.unread.front();
    const size_t missing = FrameBytes(first) - process.taken_of_first;
    if (bytes < missing) {
      process.taken_of_first += bytes;
      process.unread_bytes -= bytes;
      return;
    }
    bytes -= missing;
    process.unread_bytes -= missing;
    process.taken_of_first = 0;
    process.unread.pop_front();
    out->push_back(first);
  }
}

void Kernel::Reap(uint32_t place) {
  SimProcess& process = processes_[place];
  used_[static_cast<size_t>(process.pid)] = false;
  process.life = SimProcess::Life::kFree;
  free_.push_back(place);
  --unreaped_;
}

}  // namespace fectl::sim
