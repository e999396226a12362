#ifndef MASTER_RUNTIME_APPLY_APPLIER_H_
#define MASTER_RUNTIME_APPLY_APPLIER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/apply/difference.h"
#include "master/config/config.h"
#include "master/config/load_result.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"
#include "master/core/service/service.h"
#include "master/events/record.h"
#include "master/runtime/apply/config_loader.h"
#include "master/runtime/control/control_client.h"
#include "master/runtime/listeners/listener_set.h"
#include "master/runtime/workers/service_plan.h"
#include "proto_spec/control_messages.h"

namespace fectl::runtime {

// What the application of a configuration needs of the master.
class ApplyHost {
 public:
  virtual ~ApplyHost() = default;
  virtual const core::Service* FindService(const std::string& name) const = 0;  // nullptr: there is none
  virtual core::RequestId NewRequest() = 0;
  virtual void Emit(core::Event event) = 0;
  // Why this master, as the user that it runs as, cannot start processes of the service; empty: it can.
  virtual std::string WhyNot(const config::ServiceConfig& service) const = 0;
  // What processes of the service would be made of. Opens the files of its output.
  virtual absl::StatusOr<ServicePlan> MakePlan(const config::ServiceConfig& service,
                                               const std::vector<SharedSocket>& sockets) = 0;
  // Of what its next processes are made.
  virtual const ServicePlan& PlanOf(const core::Service& service) const = 0;
  // Keeps it until the supervisor drops it; gives its version.
  virtual core::PlanVersion Keep(ServicePlan plan) = 0;
  virtual void SetName(core::ServiceId service, const std::string& name) = 0;
  // What holds at once, whatever runs: where output goes, and the bounds of workers that are well.
  virtual void UseLive(const config::Config& config) = 0;
  virtual void Answer(ClientId client, const proto::Response& response) = 0;
  // What an application has come to, as an event.
  virtual void Tell(const events::Fact& fact) = 0;
  // Listeners that no process has any more can be closed.
  virtual void CloseUnusedListeners() = 0;
};

// A number of workers that an operator wants instead of the file's.
struct Override {
  int num = 0;
  int of_file = 0;  // what the file said then
  std::string who;
  int64_t at = 0;  // unix seconds
};

// Changes what runs to what a configuration says: loads it in another process, compares it with what runs,
// and goes from the one to the other, step by step. One request at a time; others wait.
//
// Everything that can fail by itself is tried before anything changes: the configuration, listeners, files.
// What comes first takes nothing away (workers added, started, replaced), and only when all of that has
// succeeded is anything drained or closed. A step that fails ends it: what runs is then what it says it is,
// so that the next application goes on from there.
class Applier {
 public:
  // All of them outlive it. `running`: as it was loaded from `file`, an absolute path, and the other `files`.
  Applier(ApplyHost* host, ListenerSet* listeners, ConfigSource* loader, config::Config running,
          std::string file, std::vector<std::string> files, int64_t loaded_at_ns);
  Applier(const Applier&) = delete;
  Applier& operator=(const Applier&) = delete;

  // The answer goes to `client` (0: to the log). `who`: for the log.
  void Ask(ClientId client, std::string who, bool apply, const proto::PlanRequest& request);
  // As Ask(apply), for a signal. Several that wait are one.
  void AskBySignal();

  // For replies of the supervisor to requests of this; true: it was one.
  bool OnReply(const core::Reply& reply);
  // Once in each turn of the loop.
  void OnTurn(core::Instant now);
  core::Instant next_deadline() const { return loader_->next_deadline(); }
  // fectld stops: whoever waits is answered.
  void End();

  bool applying() const { return applying_; }
  // Applications that were begun so far, those included that changed nothing; whether the last has not ended.
  uint64_t begun() const { return applications_begun_; }
  bool at_work() const { return begun_ && jobs_.front().apply; }
  const config::Config& running() const { return running_; }
  int64_t version() const { return version_; }
  // Numbers of workers that differ from the file's, by service. Kept through applications for as long as what
  // the file says does not change.
  std::map<std::string, Override>& overrides() { return overrides_; }
  const std::map<std::string, Override>& overrides() const { return overrides_; }
  // When the service was last changed by an application, or the first version.
  int64_t VersionOf(const std::string& service) const;
  // Why the service is not what was wanted; empty: it is.
  std::string TroubleOf(const std::string& service) const;
  const std::vector<std::string>& LabelsOf(const std::string& service) const;
  const std::string& file() const { return file_; }
  const std::vector<std::string>& files() const { return origin_.files; }
  // Files that were changed after this (unix time, ns) are not what runs. 0: nor are the others.
  int64_t loaded_at_ns() const { return origin_.loaded_at_ns; }

 private:
  struct Job {
    ClientId client = 0;
    std::string who;
    bool apply = false;
    proto::PlanRequest request;
  };
  // Where a configuration was read from, and when (unix time, ns).
  struct Origin {
    std::vector<std::string> files;
    int64_t loaded_at_ns = 0;
  };
  struct Previous {
    config::Config config;
    Origin origin;
  };
  enum class StepKind : uint8_t { kLive, kGrow, kAdd, kRoll, kShrink, kRemove };
  struct Step {
    StepKind kind = StepKind::kLive;
    const config::ServiceConfig* service = nullptr;  // in wanted_; nullptr for kRemove
    apply::ServiceStep what = {};
    std::optional<ServicePlan> plan = {};  // for kAdd and kRoll
    core::Plan before = {};                // for kRoll, once it has begun: what to return to
    std::optional<ServicePlan> plan_before = {};
    core::RequestId request = 0;  // awaited
    bool begun = false;
    bool done = false;
    bool seen = false;        // by the supervisor: for kAdd and kGrow, in a turn after it was begun
    uint32_t num_before = 0;  // for kGrow: what to return to
    std::optional<Override> override_before = {};
  };

  void Begin(core::Instant now);
  void OnLoaded(absl::StatusOr<config::LoadResult> loaded);
  void OnWanted(config::Config wanted);
  proto::PlanView ViewOf(const apply::Difference& difference) const;
  void Start(apply::Difference difference, proto::PlanView view);
  absl::Status MakeSteps(const apply::Difference& difference);
  void OrderByDependency(StepKind kind);
  void Add(StepKind kind, const config::ServiceConfig* service, const apply::ServiceStep& what);
  void Advance();
  void BeginStep(Step& step);
  void BeginRoll(Step& step, const core::Service& service);
  bool StepIsDone(Step& step);
  void BeginAdds();
  void AddedStep(Step& step);
  void GrownStep(Step& step);
  void TakeBack(const Step& step);
  void Fail(const Step& step, const std::string& words);
  void Finish();
  void EndApplication();
  void KeepRunning(const Step& step);
  void NoteLabels();
  void AnswerJob(proto::Response response);
  void EndJob();

  ApplyHost* host_;
  ListenerSet* listeners_;
  ConfigSource* loader_;
  config::Config running_;
  std::optional<Previous> previous_;  // before the last application
  std::string file_;
  Origin origin_;  // of what runs
  int64_t version_ = 1;
  std::map<std::string, int64_t> versions_;                 // of services that were changed
  std::map<std::string, std::string> troubles_;             // of services that could not be
  std::map<std::string, std::vector<std::string>> labels_;  // of services that have some
  std::map<std::string, Override> overrides_;
  std::deque<Job> jobs_;  // the first one is under way
  bool begun_ = false;
  uint64_t applications_begun_ = 0;
  // While one is applied:
  config::Config wanted_;
  config::Config before_;
  Origin wanted_origin_;
  std::vector<SharedSocket> shared_before_;
  proto::PlanView view_;
  std::vector<Step> steps_;
  size_t at_ = 0;
  bool applying_ = false;
  bool answered_ = false;
  bool ended_ = false;
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_APPLY_APPLIER_H_
