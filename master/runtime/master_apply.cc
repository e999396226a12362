// The part of the master that changes what runs: plans, applications, and numbers of workers.

#include <glog/logging.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/platform/loop/clock.h"
#include "master/runtime/growth.h"
#include "master/runtime/master.h"
#include "master/runtime/own_log/event_log.h"
#include "master/runtime/views/status_view.h"

namespace fectl::runtime {
std::string Master::WhyNot(const config::ServiceConfig& service) const {
  if (geteuid() == 0 || !service.identity.has_value()) return "";
  if (service.identity->uid == geteuid() && service.identity->gid == getegid()) return "";
  return "service " + service.name + " is to run as another user, and fectld (user " +
         std::to_string(geteuid()) + ") is not root";
}

absl::StatusOr<ServicePlan> Master::MakePlan(const config::ServiceConfig& service,
                                             const std::vector<SharedSocket>& sockets) {
  ServicePlan plan = MakeServicePlan(service, sockets, parts_.inherited, parts_.open_files);
  if (auto streams = outputs_.ForService(plan); !streams.ok()) return streams.status();
  return plan;
}

core::PlanVersion Master::Keep(ServicePlan plan) {
  plans_[++newest_plan_] = std::move(plan);
  return newest_plan_;
}

// What is still needed while a configuration is applied is not known before its end.
void Master::CloseUnusedListeners() {
  if (applier_.applying()) return;
  events_.TellOfSockets(parts_.listeners->shared());
  parts_.listeners->CloseUnused([this](ListenerId listener) {
    return std::any_of(plans_.begin(), plans_.end(), [listener](const auto& plan) {
      const std::vector<ListenerId>& listeners = plan.second.listeners;
      return std::find(listeners.begin(), listeners.end(), listener) != listeners.end();
    });
  });
}

void Master::Plan(ClientId client, const Peer& who, const proto::Request& request) {
  const auto* const wanted = std::get_if<proto::PlanRequest>(&request.arguments);
  const proto::PlanRequest plan = wanted == nullptr ? proto::PlanRequest{} : *wanted;
  if (!plan.file.empty() && who.uid != 0 && who.uid != geteuid()) {
    return server_.Answer(client,
                          {.kind = proto::Response::Kind::kErrorNotPermitted,
                           .text = "only root and the user that fectld runs as may name another file than " +
                                   applier_.file() + ": what it says is run as any user"});
  }
  if (!plan.file.empty() && plan.file.front() != '/')
    return server_.Answer(client, proto::ErrorInWords("the path of the file is not absolute: " + plan.file));
  if (supervisor().shutting_down()) return server_.Answer(client, proto::ErrorInWords("fectld is stopping"));
  const bool apply = request.verb == proto::Verb::kApply;
  if (apply) LOG(INFO) << who.ToString() << " asks: " << RequestWords(request);
  applier_.Ask(client, who.ToString(), apply, plan);
}

// Answered when the workers are there, or gone; see Scaled().
void Master::Scale(ClientId client, const Peer& who, const core::Service& service,
                   const proto::ScaleRequest& request) {
  const std::string& name = service.policy().name;
  int of_file = static_cast<int>(service.policy().num);
  bool is_oneshot = false;
  for (const config::ServiceConfig& configured : applier_.running().services) {
    if (configured.name != name) continue;
    of_file = configured.num;
    is_oneshot = configured.type == config::ServiceType::kOneshot;
  }
  const int now = static_cast<int>(service.policy().num);
  const int num = request.reset ? of_file : request.to != 0 ? request.to : now + request.by;
  if (service.removing()) return server_.Answer(client, proto::ErrorInWords(name + " is being removed"));
  if (is_oneshot)
    return server_.Answer(client, proto::ErrorInWords(name + " is a oneshot: it has one process"));
  if (num < 1 || num > proto::kScaleMax) {
    return server_.Answer(
        client, proto::ErrorInWords(name + " would have " + std::to_string(num) +
                                    " workers: a service has 1 to " + std::to_string(proto::kScaleMax) +
                                    (num < 1 ? " (fectl stop ends all of them)" : "")));
  }
  if (supervisor().shutting_down()) return server_.Answer(client, proto::ErrorInWords("fectld is stopping"));
  LOG(INFO) << who.ToString() << " asks: Scale " << name << " from " << now << " to " << num;
  if (num == of_file) {
    applier_.overrides().erase(name);
  } else {
    applier_.overrides()[name] = {num, of_file, "user " + std::to_string(who.uid), platform::WallSeconds()};
  }
  if (num != now) Emit(core::ServiceResized{service.id(), static_cast<uint32_t>(num)});
  Settling answer;
  answer.waiting.client = client;
  answer.waiting.service = service.id();
  answer.waiting.verb = proto::Verb::kScale;
  answer.waiting.began = answer.done_at = core::Instant{platform::MonotonicNanos()};
  answer.waiting.num = static_cast<uint32_t>(num);
  answer.response.kind = proto::Response::Kind::kDone;
  settling_.push_back(std::move(answer));
}

bool Master::Scaled(Settling& one) const {
  const core::Service* const service = supervisor().Find(*one.waiting.service);
  if (service == nullptr) return true;
  if (driver_.at().now < one.done_at) return false;  // asked so late that the supervisor has not seen it yet
  const Growth growth = GrowthOf(*service, one.waiting.num);
  if (growth == Growth::kFailed) {
    one.response.kind = proto::Response::Kind::kServiceFailed;
    one.response.text = service->TroubleInWords();
    one.failed = last_words_.FailedLast(service->id(), one.waiting.began);
  }
  return growth != Growth::kGoesOn;
}

proto::ServiceView Master::View(const core::Service& service, core::Instant now, Extent extent) const {
  const ServicePlan& plan = PlanOf(service);
  proto::ServiceView view = extent == Extent::kSummary   ? Summarize(service, plan, now)
                            : extent == Extent::kWorkers ? DescribeWorkers(service, plan, workers_, now)
                                                         : Describe(service, plan, workers_, now);
  parts_.listeners->ShowAddresses(plan.listeners, &view.sockets);
  view.config_version = applier_.VersionOf(view.name);
  view.not_taken = applier_.TroubleOf(view.name);
  if (const auto found = applier_.overrides().find(view.name); found != applier_.overrides().end()) {
    view.file_num = found->second.of_file;
    view.scaled_by = found->second.who;
    view.scaled_at = found->second.at;
  }
  if (service.policy().oneshot) view.type = "oneshot";
  view.labels = applier_.LabelsOf(view.name);
  return view;
}

}  // namespace fectl::runtime
