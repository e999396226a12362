#ifndef MASTER_RUNTIME_MASTER_H_
#define MASTER_RUNTIME_MASTER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/config/config.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"
#include "master/core/supervisor.h"
#include "master/driver/driver.h"
#include "master/driver/outside.h"
#include "master/driver/worker_inbox.h"
#include "master/events/event_sink.h"
#include "master/events/record.h"
#include "master/platform/loop/event_loop.h"
#include "master/runtime/apply/applier.h"
#include "master/runtime/apply/config_loader.h"
#include "master/runtime/control/access.h"
#include "master/runtime/control/control_server.h"
#include "master/runtime/ending/ending.h"
#include "master/runtime/evidence/crash_limit.h"
#include "master/runtime/evidence/examiner.h"
#include "master/runtime/listeners/listener_set.h"
#include "master/runtime/logs/last_words.h"
#include "master/runtime/logs/log_link.h"
#include "master/runtime/manager/manager_notices.h"
#include "master/runtime/master_parts.h"
#include "master/runtime/rollouts/rollout_watch.h"
#include "master/runtime/views/event_stream.h"
#include "master/runtime/waiting.h"
#include "master/runtime/workers/output_files.h"
#include "master/runtime/workers/service_plan.h"
#include "master/runtime/workers/worker_set.h"
#include "proto_spec/control_messages.h"
#include "proto_spec/control_status.h"

namespace fectl::runtime {

// The outside of the driver (master/driver/driver.h): the wait, effects, clients, signals, and views.
class Master final : private driver::Outside,
                     private driver::EventSink,
                     private ControlRequests,
                     private ListenerUsers,
                     private ApplyHost,
                     private platform::FdWatcher {
 public:
  explicit Master(MasterParts parts);
  ~Master() override;
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;

  // Joins the loop: from here on clients, signals and sockets are waited for. Once, before Run().
  absl::Status Watch();

  // Says this on standard output once the services have started. Before Run().
  void SayWhatToTry(std::string hint) { what_to_try_ = std::move(hint); }

  // Starts the services and serves until everything is stopped. Once. An error: the kernel does not give what
  // nothing can be done without (every worker is killed then).
  absl::Status Run();
  // Behind Run(): with what the process is to end.
  int exit_code() const { return ending_.exit_code(); }

 private:
  core::Moment Now() override;
  absl::StatusOr<bool> Wait(int64_t timeout_ns) override;
  size_t waits_for_all() const override;
  core::Instant next_deadline() const override;
  void Run(const core::Effect& effect) override;
  void OnStepped(const core::Event* event, const core::Effects& effects) override;
  void OnStall(core::Span length) override;
  void Look(core::Instant now) override;
  void OnTurnEnd(core::Instant now) override;

  void Emit(core::Event event) override { driver_.Emit(std::move(event)); }
  void OnAppMessage(const core::Incarnation& who, const std::string& json) override;
  void OnControlRequest(ClientId client, const Peer& who, const proto::Request& request) override;
  void OnRefused(const Peer& who, const std::string& request, uint64_t count) override;
  std::string Suspects(ListenerId listener) const override;
  void OnOpenedAnew(ListenerId listener, const std::string& name) override;
  bool Has(const core::Service& service, ListenerId listener) const;  // its next processes do
  void OnReady(uint32_t events) override;                             // signals
  void Do(const core::Spawn& effect) { workers_.Spawn(effect); }
  void Do(const core::Send& effect);
  void TurnAwayBefore(const WorkerLink& stops);
  void Do(const core::Signal& effect);
  void Do(const core::Examine& effect);
  void Do(const core::Reply& effect);
  void Do(const core::Report& effect);
  void Do(const core::ServiceReport& /*effect*/) {}
  void Do(const core::DropPlan& effect);
  void Do(const core::ForgetService& effect);
  void Do(const core::Finish& effect);
  void NoticeCrash(const core::Exited& exited, const core::Effects& effects);
  uint64_t KeepIncident(const core::Incarnation& who, std::string text);
  bool Started() const;
  void NoticeRoom();
  void ShutDown(const core::ShutdownAsked& asked, const std::string& why);
  bool PutOffEnd();
  void NoteFailure(const core::Report& effect);
  void EndIfDue(core::Instant now);
  void SayWhyItEnds();
  void ReopenLogs();
  void AnswerAtOnce(ClientId client, const Peer& who, const proto::Request& request);
  bool Settled(Settling& one) const;
  const LastWords::Words* LastWordsOf(const Settling& one) const;  // nullptr: none are known
  bool AwaitsLastWords(const Settling& one) const;
  void AnswerSettled(bool all);
  std::optional<proto::Outcome> OutcomeOf(const Settling& one) const;  // nullopt: the service was removed
  proto::Response SendToWorkers(const core::Service& service, const proto::MessageToSend& message);
  void Steer(ClientId client, const Peer& who, const core::Service& service, const proto::Request& request);
  void WatchRollouts(const core::Event& event);
  enum class Extent : uint8_t { kSummary, kWorkers, kWhole };
  proto::MasterView Overview(core::Instant now, Extent extent) const;
  proto::Response Look(const proto::Request& request, const core::Service* service) const;
  proto::Response Why(const core::Service& service, const proto::WorkerNumber& number) const;
  void Plan(ClientId client, const Peer& who, const proto::Request& request);
  void Scale(ClientId client, const Peer& who, const core::Service& service,
             const proto::ScaleRequest& request);
  bool Scaled(Settling& one) const;
  proto::ServiceView View(const core::Service& service, core::Instant now, Extent extent) const;

  // What an application needs (master_apply.cc).
  const core::Service* FindService(const std::string& name) const override;
  core::RequestId NewRequest() override { return driver_.supervisor().NewRequest(); }
  std::string WhyNot(const config::ServiceConfig& service) const override;
  absl::StatusOr<ServicePlan> MakePlan(const config::ServiceConfig& service,
                                       const std::vector<SharedSocket>& sockets) override;
  const ServicePlan& PlanOf(const core::Service& service) const override { return plans_.at(service.plan()); }
  core::PlanVersion Keep(ServicePlan plan) override;
  void SetName(core::ServiceId service, const std::string& name) override;
  void UseLive(const config::Config& config) override;
  void Answer(ClientId client, const proto::Response& response) override { server_.Answer(client, response); }
  void CloseUnusedListeners() override;
  void Tell(const events::Fact& fact) override { events_.Tell(fact); }
  std::string NameOf(core::ServiceId id) const;
  const core::Supervisor& supervisor() const { return driver_.supervisor(); }

  MasterParts parts_;
  OutputFiles outputs_;
  driver::Driver driver_;
  EventStream events_;
  ServicePlans plans_;
  std::map<core::ServiceId, std::string> names_;  // of services, also of those whose last records are written
  core::PlanVersion newest_plan_ = 0;
  WorkerSet workers_;
  LogLink logs_;
  Examiner examiner_;
  RolloutWatch rollouts_;
  CrashLimit crashes_;
  LastWords last_words_{&logs_};
  ConfigLoader loader_;
  Applier applier_;
  ControlServer server_;
  ManagerNotices notices_;
  Ending ending_;
  std::string last_lines_;                                // of the process whose failure is the end
  std::unordered_map<core::RequestId, Waiting> waiting_;  // for an answer
  std::vector<Settling> settling_;
  core::Instant started_at_;
  core::Instant beat_at_ = core::kNever;   // the next heartbeat of ours to workers which expect them
  core::Instant sweep_at_ = core::kNever;  // when the children are looked at
  size_t held_before_ = 0;                 // workers and clients, at the end of the last turn
  std::string what_to_try_;
  bool came_up_ = false;  // every service was, once
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_MASTER_H_
