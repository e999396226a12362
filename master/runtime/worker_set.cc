#include "master/runtime/worker_set.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"

namespace fectl::runtime {

absl::Status WorkerSet::Start(const core::Incarnation& who) {
  const ServicePlan& plan = (*plans_)[who.service];
  if (absl::Status open = listeners_->OpenMissing(plan.sockets); !open.ok()) return open;
  auto streams = outputs_->ForService(plan);
  if (!streams.ok()) return streams.status();
  auto link = std::make_unique<WorkerLink>(who, loop_, &memory_kills_, sink_);
  absl::Status started = link->Start(
      LaunchSpecFor(plan, who.slot),
      {.stdout_fd = streams->stdout_fd, .stderr_fd = streams->stderr_fd, .sockets = plan.socket_fds}, &low_,
      &children_);
  if (started.ok()) links_.emplace(who, std::move(link));
  return started;
}

void WorkerSet::Spawn(const core::Incarnation& who) {
  const absl::Status started = Start(who);
  if (started.ok()) {
    sink_->Emit(core::Spawned{who, Find(who)->pid()});
  } else {
    sink_->Emit(core::SpawnFailed{who, std::string(started.message()), absl::IsResourceExhausted(started)});
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
