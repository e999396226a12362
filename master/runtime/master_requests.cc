// The part of the master that answers control clients.

#include <glog/logging.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "master/explain/explain.h"
#include "master/explain/worker.h"
#include "master/platform/loop/clock.h"
#include "master/runtime/master.h"
#include "master/runtime/own_log/event_log.h"
#include "master/runtime/views/status_view.h"
#include "proto_spec/version.h"

namespace fectl::runtime {
namespace {

// Verbs which the supervisor answers.
constexpr std::pair<proto::Verb, core::Verb> kCommands[] = {
    {proto::Verb::kStart, core::Verb::kStart},   {proto::Verb::kStop, core::Verb::kStop},
    {proto::Verb::kReload, core::Verb::kReload}, {proto::Verb::kRestart, core::Verb::kRestart},
    {proto::Verb::kPause, core::Verb::kPause},   {proto::Verb::kResume, core::Verb::kResume},
};

std::optional<core::Verb> CommandOf(proto::Verb verb) {
  for (const auto& [asked, command] : kCommands) {
    if (asked == verb) return command;
  }
  return std::nullopt;
}

bool StartsWorkers(core::Verb verb) {
  return verb == core::Verb::kStart || verb == core::Verb::kReload || verb == core::Verb::kRestart;
}

proto::Response::Kind ToResponse(core::Answer answer) {
  using To = proto::Response::Kind;
  switch (answer) {
    case core::Answer::kStarted:
      return To::kServiceStarted;
    case core::Answer::kStopped:
      return To::kServiceStopped;
    case core::Answer::kFailed:
      return To::kServiceFailed;
    case core::Answer::kDone:
      return To::kDone;
    case core::Answer::kErrorUnknownService:
      return To::kErrorUnknownService;
    case core::Answer::kErrorStarting:
      return To::kErrorServiceStarting;
    case core::Answer::kErrorRunning:
      return To::kErrorServiceRunning;
    case core::Answer::kErrorReloading:
      return To::kErrorServiceReloading;
    case core::Answer::kErrorStopping:
      return To::kErrorServiceStopping;
    case core::Answer::kErrorStopped:
      return To::kErrorServiceStopped;
    case core::Answer::kErrorFailed:
      return To::kErrorServiceFailed;
  }
  return To::kErrorServiceFailed;
}

proto::Response HelloTo(int version) {
  return {.kind = proto::Response::Kind::kHello,
          .text = proto::kServerName,
          .version = std::min(version, proto::kControlVersion),
          .pid = getpid()};
}

}  // namespace

void Master::Do(const core::Reply& effect) {
  const auto found = waiting_.find(effect.request);
  if (found == waiting_.end()) {
    applier_.OnReply(effect);
    return;
  }
  const Waiting waiting = found->second;
  waiting_.erase(found);
  Settling answer{waiting, {.kind = ToResponse(effect.answer), .text = effect.words}, driver_.at().now};
  if (!waiting.service.has_value() || server_.LevelOf(waiting.client) < proto::Level::kThree) {
    return server_.Answer(waiting.client, answer.response);
  }
  if (effect.answer != core::Answer::kStarted) answer.waiting.leave_wait = {};
  if (effect.answer == core::Answer::kFailed)
    answer.failed = last_words_.FailedLast(*waiting.service, waiting.began);
  settling_.push_back(std::move(answer));  // given at the end of this turn, at the earliest
}

const core::Service* Master::FindService(const std::string& name) const {
  const std::vector<core::Service>& services = supervisor().services();
  // The newest of that name: an older one is being removed.
  const auto found = std::find_if(services.rbegin(), services.rend(), [&name](const core::Service& service) {
    return service.policy().name == name;
  });
  return found == services.rend() ? nullptr : &*found;
}

void Master::OnControlRequest(ClientId client, const Peer& who, const proto::Request& request) {
  if (request.verb == proto::Verb::kPlan || request.verb == proto::Verb::kApply)
    return Plan(client, who, request);
  const core::Service* const scaled =
      request.verb == proto::Verb::kScale ? FindService(request.service) : nullptr;
  if (scaled != nullptr) return Scale(client, who, *scaled, std::get<proto::ScaleRequest>(request.arguments));
  const core::Service* const steered =
      request.verb == proto::Verb::kSteer ? FindService(request.service) : nullptr;
  if (steered != nullptr) return Steer(client, who, *steered, request);
  const std::optional<core::Verb> command = CommandOf(request.verb);
  if (!command.has_value() && request.verb != proto::Verb::kQuit) return AnswerAtOnce(client, who, request);

  const core::Service* service = command.has_value() ? FindService(request.service) : nullptr;
  if (command.has_value() && service == nullptr) return AnswerAtOnce(client, who, request);
  std::optional<uint32_t> slot;
  Waiting waiting;
  waiting.client = client;
  waiting.verb = request.verb;
  waiting.began = core::Instant{platform::MonotonicNanos()};
  if (service != nullptr) {
    waiting.service = service->id();
    waiting.serving = static_cast<int>(service->serving());
  }
  if (const auto* wait = std::get_if<proto::LeaveWait>(&request.arguments)) {
    waiting.leave_wait = core::Milliseconds(static_cast<int64_t>(wait->seconds * 1000));
    if (wait->worker > 0) {
      slot = static_cast<uint32_t>(wait->worker - 1);
      waiting.serving = std::min(waiting.serving, 1);  // no more have a successor in the end
    }
  }
  LOG(INFO) << who.ToString() << " asks: " << RequestWords(request);
  const core::RequestId id = driver_.supervisor().NewRequest();
  waiting_.emplace(id, waiting);
  if (service != nullptr) {
    if (StartsWorkers(*command)) parts_.listeners->MakeReachable(PlanOf(*service).listeners);
    Emit(core::Commanded{.request = id, .service = service->id(), .verb = *command, .slot = slot});
  } else {
    ShutDown({.graceful = true, .request = id}, "quit");
  }
}

proto::MasterView Master::Overview(core::Instant now, Extent extent) const {
  proto::MasterView view;
  view.pid = getpid();
  view.version = proto::kVersion;
  view.config_version = applier_.version();
  view.config_loaded_at_ns = applier_.loaded_at_ns();
  view.config_files = applier_.files();
  if (applier_.applying()) view.config_applying = applier_.version();
  view.uptime_s = static_cast<double>((now - started_at_).ns / 1'000'000) / 1000;
  for (const core::Service& service : supervisor().services()) {
    view.services.push_back(View(service, now, extent));
  }
  return view;
}

proto::Response Master::Why(const core::Service& service, const proto::WorkerNumber& number) const {
  const core::Moment at{core::Instant{platform::MonotonicNanos()}, platform::WallSeconds()};
  const std::string& name = service.policy().name;
  proto::Response response{.kind = proto::Response::Kind::kWhy};
  if (number.worker == 0) {
    proto::WhyView view = explain::ExplainService(supervisor(), service, at);
    if (const std::string trouble = applier_.TroubleOf(name); !trouble.empty())
      view.because += (view.because.empty() ? "" : " ") +
                      ("What the configuration says is not what runs: " + trouble) + ".";
    response.detail = std::move(view);
  } else if (static_cast<size_t>(number.worker) > service.slots().size()) {
    return proto::ErrorInWords("there is no worker " + std::to_string(number.worker) + " of " + name +
                               ": it has " + std::to_string(service.policy().num));
  } else {
    response.detail = explain::ExplainWorker(service, static_cast<uint32_t>(number.worker - 1), at);
  }
  return response;
}

// What is to be seen. `service` is there where the request names one.
proto::Response Master::Look(const proto::Request& request, const core::Service* service) const {
  using Verb = proto::Verb;
  proto::Response response;
  const core::Instant now{platform::MonotonicNanos()};
  switch (request.verb) {
    case Verb::kStatus:
      response.kind = proto::Response::Kind::kServiceStatus;
      response.status = DescribeForBase(*service);
      break;
    case Verb::kSPid:
      response.kind = proto::Response::Kind::kServiceWorkerPids;
      response.pids = PidsOnDuty(*service);
      break;
    case Verb::kOverview:
      response.kind = proto::Response::Kind::kOverview;
      response.overview = Overview(now, Extent::kSummary);
      break;
    case Verb::kWorkers:
      response.kind = proto::Response::Kind::kOverview;
      response.overview = Overview(now, Extent::kWorkers);
      break;
    case Verb::kWhy:
      return Why(*service, std::get<proto::WorkerNumber>(request.arguments));
    case Verb::kRollout:
      response.kind = proto::Response::Kind::kRollout;
      response.detail = rollouts_.Describe(*service, now);
      break;
    case Verb::kInspect:
      response.kind = proto::Response::Kind::kInspect;
      response.inspect = View(*service, now, Extent::kWhole);
      break;
    default:
      break;
  }
  return response;
}

void Master::AnswerAtOnce(ClientId client, const Peer& who, const proto::Request& request) {
  using Verb = proto::Verb;
  proto::Response response;
  const bool of_service = proto::TakesService(request.verb);
  const core::Service* service = of_service ? FindService(request.service) : nullptr;
  if (of_service && service == nullptr) {
    return server_.Answer(client, {.kind = proto::Response::Kind::kErrorUnknownService,
                                   .text = "there is no service " + request.service});
  }
  switch (request.verb) {
    case Verb::kPing:  // as it is: a Pong
      break;
    case Verb::kPid:
      response.kind = proto::Response::Kind::kPid;
      response.text = std::to_string(getpid());
      break;
    case Verb::kVersion:
      response.kind = proto::Response::Kind::kVersion;
      response.text = proto::kServerName;
      break;
    case Verb::kHello:
      return server_.Answer(client, HelloTo(request.version));
    case Verb::kStatus:
    case Verb::kSPid:
    case Verb::kOverview:
    case Verb::kWorkers:
    case Verb::kInspect:
    case Verb::kWhy:
    case Verb::kRollout:
      response = Look(request, service);
      if (request.verb == Verb::kInspect && who.role >= config::Role::kLogs)
        AddLastLines(*service, last_words_, &response.inspect);
      break;
    case Verb::kSend:
      return server_.Answer(client,
                            SendToWorkers(*service, std::get<proto::MessageToSend>(request.arguments)));
    case Verb::kListen:
      return server_.Subscribe(client, std::get<proto::SubscriptionId>(request.arguments).id,
                               request.service);
    case Verb::kQuit:
    case Verb::kStart:
    case Verb::kStop:
    case Verb::kReload:
    case Verb::kRestart:
    case Verb::kPause:
    case Verb::kResume:
    case Verb::kUnsubscribe:
    case Verb::kPlan:
    case Verb::kApply:
    case Verb::kScale:
    case Verb::kSteer:
      break;  // answered by the supervisor, and by the server
  }
  server_.Answer(client, response);
}

}  // namespace fectl::runtime
