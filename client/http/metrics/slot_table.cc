#include "client/http/metrics/slot_table.h"

#include <algorithm>
#include <cmath>

namespace fectl::http {
namespace {

// What the master may have of one service. An index beyond it is nonsense, and no reason to take memory.
constexpr int kIndexMax = 100'000;

void TakeWorker(const proto::WorkerView& worker, int64_t now, Slot* slot) {
  if (slot->pid == worker.pid) return;
  slot->pid = worker.pid;
  slot->memory_bytes = 0;
  // Found out once: a time that is computed anew at each look would be another one by a second.
  slot->start_time_s = worker.pid == 0 ? 0 : now - std::llround(worker.uptime_s);
}

void Use(const client::ProcessUsage& usage, Slot* slot) {
  if (usage.started != slot->process_started) {
    slot->process_started = usage.started;
    slot->process_cpu_ms = 0;
  }
  slot->cpu_ms += std::max<int64_t>(0, usage.cpu_ms - slot->process_cpu_ms);
  slot->process_cpu_ms = usage.cpu_ms;
  slot->memory_bytes = usage.memory_bytes;
  slot->measured = true;
}

}  // namespace

void SlotTable::Take(const proto::MasterView& view, int64_t now) {
  std::map<std::string, std::vector<Slot>> before;
  before.swap(services_);
  waiting_.clear();
  next_ = 0;
  for (const proto::ServiceView& service : view.services) {
    std::vector<Slot>& slots = services_[service.name];
    slots.swap(before[service.name]);
    slots.resize(service.workers.size());
    for (const proto::WorkerView& worker : service.workers) {
      if (worker.index < 1 || worker.index > kIndexMax) continue;
      const size_t at = static_cast<size_t>(worker.index) - 1;
      if (at >= slots.size()) slots.resize(at + 1);
      TakeWorker(worker, now, &slots[at]);
      if (worker.pid != 0) waiting_.emplace_back(service.name, at);
    }
  }
}

void SlotTable::Measure(size_t count, const Look& look) {
  for (; count > 0 && next_ < waiting_.size(); --count, ++next_) {
    const auto& [service, at] = waiting_[next_];
    Slot& slot = services_[service][at];
    if (const std::optional<client::ProcessUsage> usage = look(slot.pid)) Use(*usage, &slot);
  }
}

const Slot* SlotTable::Find(const std::string& service, int index) const {
  const auto found = services_.find(service);
  if (found == services_.end() || index < 1 || static_cast<size_t>(index) > found->second.size()) {
    return nullptr;
  }
  return &found->second[static_cast<size_t>(index) - 1];
}

}  // namespace fectl::http
