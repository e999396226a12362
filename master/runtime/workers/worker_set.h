#ifndef MASTER_RUNTIME_WORKERS_WORKER_SET_H_
#define MASTER_RUNTIME_WORKERS_WORKER_SET_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "master/core/basis/ids.h"
#include "master/core/boundary/effects.h"
#include "master/driver/worker_inbox.h"
#include "master/platform/children/children.h"
#include "master/platform/children/low_descriptors.h"
#include "master/platform/loop/event_loop.h"
#include "master/platform/process/memory_kills.h"
#include "master/runtime/listeners/listener_set.h"
#include "master/runtime/logs/log_link.h"
#include "master/runtime/workers/output_files.h"
#include "master/runtime/workers/service_plan.h"
#include "master/runtime/workers/worker_link.h"

namespace fectl::runtime {

// Every process of every service: makes them, finds them by incarnation, and forgets them when they have
// ended.
class WorkerSet {
 public:
  // All of them outlive it. Made before anything is opened for clients and workers, so
  // that low descriptors are left.
  WorkerSet(const ServicePlans* plans, ListenerSet* listeners, OutputFiles* outputs, LogLink* logs,
            platform::EventLoop* loop, driver::EventSink* sink)
      : plans_(plans),
        listeners_(listeners),
        outputs_(outputs),
        logs_(logs),
        loop_(loop),
        sink_(sink),
        low_(kLentAtOnce),
        children_(loop) {}

  // Emits Spawned or SpawnFailed; the latter may still follow the former.
  void Spawn(const core::Spawn& spawn);

  // nullptr: it has ended, or never was.
  WorkerLink* Find(const core::Incarnation& who);
  const WorkerLink* Find(const core::Incarnation& who) const;

  // A message of the application's own to the workers of a service that run and were not told to stop;
  // `slot`: to that of one place only. Counts those that took it and those that could not.
  struct Sent {
    int taken = 0;
    int refused = 0;
  };
  Sent SendMessage(core::ServiceId service, std::optional<uint32_t> slot, std::string_view payload);

  // Lets go of every process that is left, without waiting for its end.
  void ReleaseAll();

  // At SIGCHLD. True: there may be more, call again in the next turn.
  bool Sweep() { return children_.Sweep(); }
  // Whether the loop reports the exit of each process without Sweep().
  bool all_watched() const { return children_.all_watched(); }

  // Destroys the link of a process that has ended. Not from inside a callback of it.
  void Forget(const core::Incarnation& who) { links_.erase(who); }

  // The master's heartbeat to the workers that expect it. Returns how many do.
  size_t SendBeats();

  size_t size() const { return links_.size(); }

  // Whether a worker that was not told to stop has it, `but` not counted.
  bool IsAccepting(ListenerId listener, const core::Incarnation& but) const;

  // For other processes of the master's.
  platform::Children* children() { return &children_; }

 private:
  absl::Status Start(const core::Incarnation& who, core::PlanVersion version);
  // The lowest that no process has which was made for the same place and has not ended. There are never more
  // of these than core::kLeavingMax that are leaving, one that serves, one that shall succeed it, and those
  // that outlive SIGKILL.
  uint32_t FreeLane(const core::Incarnation& who) const;

  // Two pipe ends and two files for output. (The sockets lie low by themselves, as they were opened first.)
  static constexpr size_t kLentAtOnce = 4;

  const ServicePlans* plans_;
  ListenerSet* listeners_;
  OutputFiles* outputs_;
  LogLink* logs_;
  platform::EventLoop* loop_;
  driver::EventSink* sink_;
  platform::LowDescriptors low_;
  platform::Children children_;
  platform::MemoryKills memory_kills_;
  std::map<core::Incarnation, std::unique_ptr<WorkerLink>> links_;
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_WORKERS_WORKER_SET_H_
