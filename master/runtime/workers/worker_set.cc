#include "master/runtime/workers/worker_set.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "master/platform/credentials/identity.h"

namespace fectl::runtime {

absl::Status WorkerSet::Start(const core::Incarnation& who, core::PlanVersion version) {
  const ServicePlan& plan = plans_->at(version);
  if (absl::Status open = listeners_->OpenMissing(plan.listeners); !open.ok()) return open;
  auto streams = outputs_->ForService(plan);
  if (!streams.ok()) return streams.status();
  const bool to_files[] = {streams->stdout_fd >= 0, streams->stderr_fd >= 0};
  const std::optional<platform::Identity>& identity = plan.launch.identity;
  auto pipes =
      logs_->Open(who.service, !to_files[0], !to_files[1], identity.has_value() ? &*identity : nullptr);
  if (!pipes.ok()) return pipes.status();
  const uint32_t lane = FreeLane(who);
  auto link = std::make_unique<WorkerLink>(who, version, lane, loop_, &memory_kills_, sink_);
  absl::Status started = link->Start(LaunchSpecFor(plan, who.slot, lane),
                                     {.stdout_fd = to_files[0] ? streams->stdout_fd : pipes->stdout_fd(),
                                      .stderr_fd = to_files[1] ? streams->stderr_fd : pipes->stderr_fd(),
                                      .sockets = plan.socket_fds},
                                     &low_, &children_);
  if (!started.ok()) return started;
  logs_->Add(who, link->pid(), *std::move(pipes));
  links_.emplace(who, std::move(link));
  return started;
}

uint32_t WorkerSet::FreeLane(const core::Incarnation& who) const {
  std::set<uint32_t> taken;
  for (auto it = links_.lower_bound({.service = who.service, .slot = who.slot, .generation = 0});
       it != links_.end() && it->first.service == who.service && it->first.slot == who.slot; ++it) {
    taken.insert(it->second->lane());
  }
  uint32_t lane = 0;
  while (taken.contains(lane)) ++lane;
  return lane;
}

void WorkerSet::Spawn(const core::Spawn& spawn) {
  const core::Incarnation& who = spawn.who;
  const absl::Status started = Start(who, spawn.plan);
  if (started.ok()) {
    sink_->Emit(core::Spawned{who, Find(who)->pid()});
  } else {
    const auto failure =
        absl::IsResourceExhausted(started) ? core::StartFailure::kTransient : core::StartFailure::kPermanent;
    sink_->Emit(core::SpawnFailed{who, std::string(started.message()), failure});
  }
}

WorkerLink* WorkerSet::Find(const core::Incarnation& who) {
  const auto found = links_.find(who);
  return found == links_.end() ? nullptr : found->second.get();
}

const WorkerLink* WorkerSet::Find(const core::Incarnation& who) const {
  const auto found = links_.find(who);
  return found == links_.end() ? nullptr : found->second.get();
}

WorkerSet::Sent WorkerSet::SendMessage(core::ServiceId service, std::optional<uint32_t> slot,
                                       std::string_view payload) {
  Sent sent;
  for (auto it = links_.lower_bound({.service = service, .slot = slot.value_or(0), .generation = 0});
       it != links_.end() && it->first.service == service; ++it) {
    if (slot.has_value() && it->first.slot != *slot) break;
    if (!it->second->takes_messages()) continue;
    ++(it->second->SendMessage(payload) ? sent.taken : sent.refused);
  }
  return sent;
}

bool WorkerSet::IsAccepting(ListenerId listener, const core::Incarnation& but) const {
  return std::any_of(links_.begin(), links_.end(), [&](const auto& entry) {
    if (entry.first == but || !entry.second->takes_messages()) return false;
    const auto plan = plans_->find(entry.second->plan());
    if (plan == plans_->end()) return false;
    const std::vector<ListenerId>& listeners = plan->second.listeners;
    return std::find(listeners.begin(), listeners.end(), listener) != listeners.end();
  });
}

void WorkerSet::ReleaseAll() {
  for (const auto& [who, link] : links_) link->Release();
}

size_t WorkerSet::SendBeats() {
  size_t expecting = 0;
  for (const auto& [who, link] : links_) {
    if (!link->expects_beats()) continue;
    ++expecting;
    link->SendBeat();
  }
  return expecting;
}

}  // namespace fectl::runtime
