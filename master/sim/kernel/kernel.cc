#include "master/sim/kernel/kernel.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto_spec/frame.h"
#include "proto_spec/worker_messages.h"

namespace fectl::sim {

namespace {

using Message = proto::WorkerMessage;

std::string Framed(std::string_view payload) {
  std::string bytes;
  proto::AppendFrame(payload, proto::Level::kBase, &bytes).IgnoreError();
  return bytes;
}

std::string Framed(const Message& message) {
  return Framed(proto::EncodeWorkerMessage(message));
}

}  // namespace

const std::string& BytesOf(Said said) {
  using Kind = Message::Kind;
  static const std::string kLoaded = Framed(Message{.kind = Kind::kLoaded, .level = 2});
  static const std::string kBeat = Framed(Message{.kind = Kind::kHeartbeat});
  static const std::string kReload = Framed(Message{.kind = Kind::kReload});
  static const std::string kRestart = Framed(Message{.kind = Kind::kRestart});
  static const std::string kLeaves = Framed(Message{.kind = Kind::kStopping, .text = "enough requests"});
  static const std::string kConfigError =
      Framed(Message{.kind = Kind::kConfigError, .text = "no such application"});
  static const std::string kGarbage = Framed("what is this, and who wrote it here?");
  static const std::string kHalf = kRestart.substr(0, 7);
  switch (said) {
    case Said::kLoaded:
      return kLoaded;
    case Said::kBeat:
      return kBeat;
    case Said::kReload:
      return kReload;
    case Said::kRestart:
      return kRestart;
    case Said::kLeaves:
      return kLeaves;
    case Said::kConfigError:
      return kConfigError;
    case Said::kGarbage:
      return kGarbage;
    case Said::kHalfFrame:
      return kHalf;
  }
  return kGarbage;
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
  const std::string& bytes = BytesOf(said);
  if (!process.writable() || process.unread.size() + bytes.size() > pipe_bytes_) return false;
  process.unread += bytes;
  return true;
}

std::string Kernel::Read(SimProcess& process, size_t bytes) {
  if (bytes >= process.unread.size()) return std::exchange(process.unread, {});
  std::string taken = process.unread.substr(0, bytes);
  process.unread.erase(0, bytes);
  return taken;
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
