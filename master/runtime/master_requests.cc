// The part of the master that answers control clients.

#include <glog/logging.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "master/platform/loop/clock.h"
#include "master/runtime/event_log.h"
#include "master/runtime/master.h"
#include "master/runtime/status_view.h"
#include "proto_spec/version.h"

namespace fectl::runtime {
namespace {

// Verbs which the supervisor answers.
bool ToCommand(proto::Request::Verb verb, core::Verb* command) {
  using From = proto::Request::Verb;
  switch (verb) {
    case From::kStart:
      *command = core::Verb::kStart;
      return true;
    case From::kStop:
      *command = core::Verb::kStop;
      return true;
    case From::kReload:
      *command = core::Verb::kReload;
      return true;
    case From::kRestart:
      *command = core::Verb::kRestart;
      return true;
    case From::kPause:
      *command = core::Verb::kPause;
      return true;
    case From::kResume:
      *command = core::Verb::kResume;
      return true;
    case From::kPing:
    case From::kPid:
    case From::kVersion:
    case From::kQuit:
    case From::kStatus:
    case From::kSPid:
    case From::kHello:
    case From::kOverview:
    case From::kInspect:
      return false;
  }
  return false;
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

}  // namespace

void Master::Run(const core::Reply& effect) {
  const auto found = waiting_.find(effect.request);
  if (found == waiting_.end()) return;
  const ClientId client = found->second;
  waiting_.erase(found);
  proto::Response response;
  response.kind = ToResponse(effect.answer);
  response.text = effect.words;
  server_.Answer(client, response);
}

const core::Service* Master::FindService(const std::string& name) const {
  const std::vector<core::Service>& services = supervisor_.services();
  // The newest of that name: an older one is being removed.
  const auto found = std::find_if(services.rbegin(), services.rend(), [&name](const core::Service& service) {
    return service.policy().name == name;
  });
  return found == services.rend() ? nullptr : &*found;
}

void Master::OnControlRequest(ClientId client, const Peer& who, const proto::Request& request) {
  core::Verb command = core::Verb::kStart;
  const bool commands = ToCommand(request.verb, &command);
  if (!commands && request.verb != proto::Request::Verb::kQuit) return AnswerAtOnce(client, request);

  const core::Service* service = commands ? FindService(request.service) : nullptr;
  if (commands && service == nullptr) return AnswerAtOnce(client, request);
  LOG(INFO) << who.ToString() << " asks: " << RequestWords(request);
  const core::RequestId id = supervisor_.NewRequest();
  waiting_.emplace(id, client);
  if (commands) {
    if (StartsWorkers(command)) parts_.listeners->MakeReachable(PlanOf(*service).sockets);
    Emit(core::Commanded{.request = id, .service = service->id(), .verb = command});
  } else {
    ShutDown({.graceful = true, .request = id});
  }
}

proto::MasterView Master::Overview(core::Instant now) const {
  proto::MasterView view;
  view.pid = getpid();
  view.version = proto::kVersion;
  view.uptime_s = static_cast<double>((now - started_at_).ns / 1'000'000) / 1000;
  for (const core::Service& service : supervisor_.services()) {
    view.services.push_back(Summarize(service, PlanOf(service), now));
    parts_.listeners->ShowAddresses(&view.services.back().sockets);
  }
  return view;
}

void Master::AnswerAtOnce(ClientId client, const proto::Request& request) {
  using Verb = proto::Request::Verb;
  using Kind = proto::Response::Kind;
  proto::Response response;
  const bool of_service = proto::TakesService(request.verb);
  const core::Service* service = of_service ? FindService(request.service) : nullptr;
  if (of_service && service == nullptr) {
    response.kind = Kind::kErrorUnknownService;
    response.text = "there is no service " + request.service;
    return server_.Answer(client, response);
  }
  const core::Instant now{platform::MonotonicNanos()};
  switch (request.verb) {
    case Verb::kPing:
      response.kind = Kind::kPong;
      break;
    case Verb::kPid:
      response.kind = Kind::kPid;
      response.text = std::to_string(getpid());
      break;
    case Verb::kVersion:
      response.kind = Kind::kVersion;
      response.text = proto::kServerName;
      break;
    case Verb::kHello:
      response.kind = Kind::kHello;
      response.version = std::min(request.version, proto::kControlVersion);
      response.text = proto::kServerName;
      response.pid = getpid();
      break;
    case Verb::kStatus:
      response.kind = Kind::kServiceStatus;
      response.status = DescribeForBase(*service);
      break;
    case Verb::kSPid:
      response.kind = Kind::kServiceWorkerPids;
      response.pids = PidsOnDuty(*service);
      break;
    case Verb::kOverview:
      response.kind = Kind::kOverview;
      response.overview = Overview(now);
      break;
    case Verb::kInspect:
      response.kind = Kind::kInspect;
      response.inspect = Describe(*service, PlanOf(*service), workers_, now);
      parts_.listeners->ShowAddresses(&response.inspect.sockets);
      break;
    case Verb::kQuit:
    case Verb::kStart:
    case Verb::kStop:
    case Verb::kReload:
    case Verb::kRestart:
    case Verb::kPause:
    case Verb::kResume:
      break;  // answered by the supervisor
  }
  server_.Answer(client, response);
}

}  // namespace fectl::runtime
