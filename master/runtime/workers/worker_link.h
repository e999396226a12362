#ifndef MASTER_RUNTIME_WORKERS_WORKER_LINK_H_
#define MASTER_RUNTIME_WORKERS_WORKER_LINK_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "master/core/basis/ids.h"
#include "master/core/boundary/effects.h"
#include "master/driver/worker_inbox.h"
#include "master/platform/children/children.h"
#include "master/platform/children/launcher.h"
#include "master/platform/children/left_group.h"
#include "master/platform/children/low_descriptors.h"
#include "master/platform/loop/event_loop.h"
#include "master/platform/process/memory_kills.h"
#include "master/runtime/workers/order_queue.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::runtime {

// One incarnation as the kernel has it: the process and the two pipes. Turns what it writes and its death
// into events; decides nothing. Destroyed with a living process or group, it kills it.
//
// Where the process ends before others of its group, the pipes stay open for those: a worker behind a shell
// is none the less a worker.
class WorkerLink final : private platform::FdWatcher,
                         private platform::ExitObserver,
                         private platform::GroupObserver {
 public:
  // What a worker gets besides its specification. Borrowed for the call of Start.
  struct Streams {
    int stdout_fd = -1;
    int stderr_fd = -1;
    std::span<const int> sockets;
  };

  // All of them outlive it.
  WorkerLink(core::Incarnation who, core::PlanVersion plan, uint32_t lane, platform::EventLoop* loop,
             platform::MemoryKills* memory_kills, driver::EventSink* sink)
      : who_(who),
        plan_(plan),
        lane_(lane),
        loop_(loop),
        memory_kills_(memory_kills),
        sink_(sink),
        inbox_(who, sink) {}
  ~WorkerLink() override;
  WorkerLink(const WorkerLink&) = delete;
  WorkerLink& operator=(const WorkerLink&) = delete;

  // Once. After an error no process exists; the message names the step that failed. A process that has not
  // come to its program yet may still end as SpawnFailed.
  absl::Status Start(platform::LaunchSpec spec, const Streams& streams, platform::LowDescriptors* low,
                     platform::Children* children);

  // In the place of Start(): takes a process over that was started elsewhere, or before an exec, and the
  // master's ends of its pipes. After an error the process is left alone.
  absl::Status Adopt(platform::LaunchResult process, base::UniqueFd read, base::UniqueFd write,
                     platform::Children* children);

  void Send(core::Order order);
  void Signal(core::Sig sig);
  // The master's own heartbeat, for a worker which expects one.
  void SendBeat();
  // A message of the application's own, encoded. False: it cannot take it, as its level has none, or as it
  // has not read those before.
  bool SendMessage(std::string_view payload);
  // Runs and was not told to stop.
  bool takes_messages() const {
    return inbox_.loaded() && !inbox_.broken() && orders_ != nullptr && !orders_->closed() &&
           !orders_->refuses_messages();
  }
  // Lets the process live on without us.
  void Release();

  const core::Incarnation& who() const { return who_; }
  core::PlanVersion plan() const { return plan_; }  // what it is made of
  uint32_t lane() const { return lane_; }
  int32_t pid() const { return child_ == nullptr ? 0 : child_->pid(); }
  // Loaded, and of the level at which workers are told that the master is alive.
  bool expects_beats() const { return inbox_.loaded() && inbox_.level() < 2; }
  const std::string& note() const { return inbox_.note(); }
  const std::vector<std::pair<std::string, double>>& gauges() const { return inbox_.gauges(); }

 private:
  void TakeOver(platform::LaunchResult process, base::UniqueFd write, platform::Children* children);
  void OnReady(uint32_t events) override;
  void OnChildExit(platform::Child& child, const platform::ExitStatus& status) override;
  void OnGroupEnd(platform::LeftGroup& group) override;
  void KillAll();
  enum class ReadResult : uint8_t { kMore, kNothing, kEnd };
  ReadResult ReadOnce();
  void Push(std::string_view payload);
  void StopReading();

  core::Incarnation who_;
  const core::PlanVersion plan_;
  const uint32_t lane_;
  platform::EventLoop* loop_;
  platform::MemoryKills* memory_kills_;
  driver::EventSink* sink_;
  base::UniqueFd read_;
  std::unique_ptr<OrderQueue> orders_;
  std::unique_ptr<platform::Child> child_;
  std::unique_ptr<platform::LeftGroup> group_;  // what outlives the process
  driver::WorkerInbox inbox_;
  bool unread_ = false;  // it leaves its orders unread, which was said
  bool killed_ = false;  // by us
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_WORKERS_WORKER_LINK_H_
