#ifndef MASTER_RUNTIME_MASTER_H_
#define MASTER_RUNTIME_MASTER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "master/config/config.h"
#include "master/core/effects.h"
#include "master/core/events.h"
#include "master/core/supervisor.h"
#include "master/platform/loop/event_loop.h"
#include "master/platform/loop/signals.h"
#include "master/platform/sockets/control_socket.h"
#include "master/runtime/access.h"
#include "master/runtime/control_server.h"
#include "master/runtime/event_sink.h"
#include "master/runtime/listener_set.h"
#include "master/runtime/log_output.h"
#include "master/runtime/output_files.h"
#include "master/runtime/own_streams.h"
#include "master/runtime/service_plan.h"
#include "master/runtime/worker_set.h"
#include "proto_spec/control_messages.h"
#include "proto_spec/control_status.h"

namespace fectl::runtime {

// What the master is made of. Everything is open and the process is whom it is to be.
struct MasterParts {
  std::unique_ptr<platform::EventLoop> loop;
  std::unique_ptr<platform::Signals> signals;
  std::optional<OwnStreams> streams;
  std::unique_ptr<LogOutput> log;
  std::unique_ptr<platform::ControlSocket> control;
  std::vector<config::Grant> allow;  // who may use it
  std::unique_ptr<ListenerSet> listeners;
  std::vector<PlannedService> services;
};

// Joins the pure supervisor to the kernel. One turn: wait until something is ready or due; look at all of it,
// which gives events; read the clock once; step the supervisor with each event; run the effects in order.
class Master final : private EventSink,
                     private ControlRequests,
                     private ListenerUsers,
                     private platform::FdWatcher {
 public:
  explicit Master(MasterParts parts);
  ~Master() override;
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;

  // Joins the loop: from here on clients, signals and sockets are waited for. Once, before Run().
  absl::Status Watch();

  // Says on standard output where everything is and what can be tried, once the services have started. Before
  // Run().
  void SayWhatToTry() { says_what_to_try_ = true; }

  // Starts the services and serves until everything is stopped. Once. An error: the kernel does not give what
  // nothing can be done without (every worker is killed then).
  absl::Status Run();

 private:
  // A request that was handed to the supervisor.
  struct Waiting {
    ClientId client = 0;
    std::optional<core::ServiceId> service;
    proto::Verb verb = proto::Verb::kQuit;
    core::Instant began;
    int serving = 0;        // workers that did when it began
    core::Span leave_wait;  // how long its answer may wait for old workers
  };
  // An answer of level 3 that waits for old workers to leave.
  struct Settling {
    Waiting waiting;
    proto::Response response;
    core::Instant done_at;
  };

  void Emit(core::Event event) override { queue_.push_back(std::move(event)); }
  void OnAppMessage(const core::Incarnation& who, int32_t pid, const std::string& json) override;
  void OnControlRequest(ClientId client, const Peer& who, const proto::Request& request) override;
  std::string Suspects(const SharedSocket& socket) const override;
  void OnOpenedAnew(const SharedSocket& socket) override;
  void OnReady(uint32_t events) override;  // signals

  absl::Status Turn();
  int64_t TimeoutNanos(core::Instant now) const;
  absl::Status ReadAllWorkers();
  void NoticeStall(core::Instant expected, core::Instant now);
  void StepQueue();
  void Step(const core::Event& event);
  void RunEffects();
  void Run(const core::Spawn& effect);
  void Run(const core::Send& effect);
  void Run(const core::Signal& effect);
  void Run(const core::Reply& effect);
  void Run(const core::Report& effect);
  void Run(const core::DropPlan& effect);
  void Run(const core::ForgetService& effect);
  void Run(const core::Finish& effect);
  bool Started() const;
  void OnTurnEnd();
  void NoticeRoom();
  void ShutDown(const core::ShutdownAsked& asked);
  void ReopenLogs();
  void AnswerAtOnce(ClientId client, const proto::Request& request);
  bool Settled(const Settling& one) const;
  void AnswerSettled(bool all);
  std::optional<proto::Outcome> OutcomeOf(const Settling& one) const;  // nullopt: the service was removed
  proto::Response SendToWorkers(const core::Service& service, const proto::MessageToSend& message);
  proto::MasterView Overview(core::Instant now) const;
  const core::Service* FindService(const std::string& name) const;  // nullptr: there is none of that name
  // Of what the service's next processes are made.
  const ServicePlan& PlanOf(const core::Service& service) const { return plans_.at(service.plan()); }
  core::Moment Now();

  MasterParts parts_;
  OutputFiles outputs_;
  core::Supervisor supervisor_;
  ServicePlans plans_;
  std::map<core::ServiceId, std::string> names_;  // of services, also of those whose last records are written
  WorkerSet workers_;
  ControlServer server_;
  std::vector<core::Event> queue_;
  core::Effects effects_;                                 // of the newest step
  std::deque<core::Effect> pending_;                      // those that were not run yet
  size_t starts_ = 0;                                     // of processes, in this turn
  std::unordered_map<core::RequestId, Waiting> waiting_;  // for an answer
  std::vector<Settling> settling_;
  core::Moment at_;
  core::Instant started_at_;
  core::Instant beat_at_ = core::kNever;   // the next heartbeat of ours to workers which expect them
  core::Instant sweep_at_ = core::kNever;  // when the children are looked at
  size_t held_before_ = 0;                 // workers and clients, at the end of the last turn
  bool says_what_to_try_ = false;
  bool came_up_ = false;  // every service was, once
  bool finished_ = false;
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_MASTER_H_
