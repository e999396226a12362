#include "master/runtime/master.h"

#include <glog/logging.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/signal_names.h"
#include "master/platform/clock.h"
#include "master/runtime/demonstration.h"
#include "master/runtime/event_log.h"
#include "master/runtime/limits.h"
#include "master/runtime/status_view.h"
#include "proto_spec/version.h"

namespace fectl::runtime {
namespace {

std::vector<core::ServicePolicy> Policies(const std::vector<ServicePlan>& plans) {
  std::vector<core::ServicePolicy> policies;
  policies.reserve(plans.size());
  for (const ServicePlan& plan : plans) policies.push_back(plan.policy);
  return policies;
}

uint64_t Seed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

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

Master::Master(MasterParts parts)
    : parts_(std::move(parts)),
      supervisor_(Policies(parts_.plans), Seed()),
      workers_(&parts_.plans, &outputs_, parts_.loop.get(), this),
      server_(parts_.control.get(), Access(parts_.allow, geteuid()), parts_.loop.get(), this) {}

Master::~Master() {
  parts_.loop->Unwatch(parts_.signals->fd());
}

core::Moment Master::Now() {
  return {core::Instant{platform::MonotonicNanos()}, platform::WallSeconds()};
}

absl::Status Master::Watch() {
  if (absl::Status s = parts_.loop->Watch(parts_.signals->fd(), EPOLLIN, this); !s.ok()) return s;
  if (absl::Status s = parts_.listeners->Watch(parts_.loop.get(), this); !s.ok()) return s;
  return server_.Watch();
}

absl::Status Master::Run() {
  at_ = Now();
  started_at_ = at_.now;
  LOG(INFO) << proto::kServerName << " (pid " << getpid() << ") serves " << parts_.control->path();
  for (const SharedSocket& socket : parts_.listeners->shared()) {
    LOG(INFO) << "socket " << socket.name << " listens on " << socket.address;
  }
  if (workers_.Sweep()) sweep_at_ = at_.now;  // what ended before the signals were ours
  supervisor_.Boot(at_, effects_);
  RunEffects();
  StepQueue();
  while (!finished_) {
    if (absl::Status turned = Turn(); !turned.ok()) return turned;
  }
  LOG(INFO) << "all services are stopped; fectld leaves";
  return absl::OkStatus();
}

int64_t Master::TimeoutNanos(core::Instant now) const {
  if (!queue_.empty()) return 0;
  const core::Instant due = std::min({supervisor_.next_deadline(), server_.next_deadline(),
                                      parts_.listeners->next_deadline(), beat_at_, sweep_at_});
  return due == core::kNever ? -1 : std::max<int64_t>(0, (due - now).ns);
}

absl::Status Master::Turn() {
  parts_.log->Flush();
  const core::Instant before{platform::MonotonicNanos()};
  // Our own work since the last turn is time in which nobody was heard, too.
  NoticeStall(at_.now, before);
  const int64_t timeout = TimeoutNanos(before);
  if (absl::Status turned = parts_.loop->Turn(timeout); !turned.ok()) return turned;
  at_ = Now();
  // When in the wait the stall began cannot be known, so all of the wait counts: a deadline that fell into it
  // would otherwise be due at the moment of waking, before anybody could be heard.
  if (timeout >= 0 && at_.now - (before + core::Span{timeout}) >= kStallAfter) NoticeStall(before, at_.now);
  StepQueue();
  // After the replacements of those whose death is known already.
  if (sweep_at_ <= at_.now) {
    sweep_at_ = workers_.Sweep() ? at_.now : core::kNever;
    StepQueue();
  }
  if (supervisor_.next_deadline() <= at_.now) {
    if (absl::Status heard = HearEverybody(); !heard.ok()) return heard;
    Step(core::TimePassed{});
    StepQueue();
  }
  OnTurnEnd();
  return absl::OkStatus();
}

// Nobody is judged by what lies unread: before time passes for the supervisor, each worker that has written
// something has been read once. The kernel hands ready descriptors round, so this many turns reach all of
// them.
absl::Status Master::HearEverybody() {
  const size_t rounds = 1 + parts_.loop->watched() / platform::EventLoop::kEventsPerTurnMax;
  for (size_t i = 0; i < rounds; ++i) {
    if (absl::Status turned = parts_.loop->Turn(0); !turned.ok()) return turned;
    if (queue_.empty()) continue;  // a round of control clients says nothing about the workers
    at_ = Now();
    StepQueue();
  }
  return absl::OkStatus();
}

void Master::NoticeStall(core::Instant expected, core::Instant now) {
  const core::Span late = now - expected;
  if (late < kStallAfter) return;
  LOG(WARNING) << "fectld did not run for " << late.ns / 1'000'000
               << " ms: no worker is blamed for that time";
  at_.now = now;
  Step(core::Stalled{late});
}

void Master::StepQueue() {
  while (!queue_.empty()) {
    std::vector<core::Event> events;
    events.swap(queue_);
    for (const core::Event& event : events) Step(event);
    if (queue_.empty() && events.size() <= kKeptForNextStep) {  // keep the memory for the next turn
      events.clear();
      queue_.swap(events);
    }
  }
}

void Master::Step(const core::Event& event) {
  supervisor_.Step(event, at_, effects_);
  if (const auto* exited = std::get_if<core::Exited>(&event)) workers_.Forget(exited->who);
  if (std::holds_alternative<core::WorkerLoaded>(event) && beat_at_ == core::kNever) {
    beat_at_ = at_.now + kMasterBeatInterval;
  }
  RunEffects();
}

void Master::RunEffects() {
  core::Effects effects;
  effects.swap(effects_);
  for (const core::Effect& effect : effects) {
    std::visit([this](const auto& e) { Run(e); }, effect);
  }
  if (effects.size() > kKeptForNextStep) return;
  effects.clear();
  effects_.swap(effects);
}

void Master::Run(const core::Spawn& effect) {
  workers_.Spawn(effect.who);
}

void Master::Run(const core::Send& effect) {
  if (WorkerLink* link = workers_.Find(effect.who); link != nullptr) link->Send(effect.order);
}

void Master::Run(const core::Signal& effect) {
  if (WorkerLink* link = workers_.Find(effect.who); link != nullptr) link->Signal(effect.sig);
}

void Master::Run(const core::Reply& effect) {
  const auto found = waiting_.find(effect.request);
  if (found == waiting_.end()) return;
  const Waiting waiting = found->second;
  waiting_.erase(found);
  proto::Response response;
  response.kind = ToResponse(effect.answer);
  response.text = effect.words;
  server_.Answer(waiting.client, response);
}

void Master::Run(const core::Report& effect) {
  LogReport(parts_.plans[effect.service].policy.name, effect, parts_.log.get());
}

void Master::Run(const core::Finish& /*effect*/) {
  finished_ = true;
  // What outlived SIGKILL hangs in the kernel. Waiting for it here would be for ever; init gets it.
  workers_.ReleaseAll();
}

bool Master::Started() const {
  const std::vector<core::Service>& services = supervisor_.services();
  return std::none_of(services.begin(), services.end(), [](const core::Service& service) {
    return service.state() == core::ServiceState::kStarting;
  });
}

void Master::OnTurnEnd() {
  if (says_what_to_try_ && Started()) {
    says_what_to_try_ = false;
    std::cout << DemonstrationHint(parts_.plans) << std::flush;
  }
  server_.OnTurn(at_.now);
  parts_.listeners->OnTurn(at_.now);
  if (beat_at_ <= at_.now) {
    beat_at_ = workers_.SendBeats() > 0 ? at_.now + kMasterBeatInterval : core::kNever;
  }
}

void Master::OnReady(uint32_t /*events*/) {
  for (const platform::ReceivedSignal& signal : parts_.signals->Take()) {
    switch (signal.number) {
      case SIGCHLD:
        sweep_at_ = std::min(sweep_at_, workers_.all_watched() ? at_.now + kSweepPause : at_.now);
        break;
      case SIGTERM:
      case SIGINT:
      case SIGQUIT:
        LOG(INFO) << "got " << core::SignalName(signal.number) << ": every service is to stop";
        Emit(core::ShutdownAsked{.graceful = signal.number == SIGTERM});
        break;
      case SIGUSR1:
        ReopenLogs();
        break;
      case SIGUSR2:
      case SIGALRM:
        LOG(WARNING) << "got " << core::SignalName(signal.number)
                     << ": it means nothing here (see fectld --help)";
        break;
      case SIGHUP:
        LOG(WARNING)
            << "got SIGHUP: the configuration is read at the start only; to replace the workers, run "
               "`fectl reload all`";
        break;
      default:
        break;
    }
  }
}

void Master::ReopenLogs() {
  parts_.log->Flush();  // to where it belongs
  for (const absl::Status& reopened :
       {parts_.streams->Reopen(), parts_.log->Reopen(), outputs_.ReopenAll()}) {
    if (!reopened.ok()) LOG(ERROR) << "a log file could not be opened anew: " << reopened.message();
  }
  LOG(INFO) << "got SIGUSR1: log files were opened anew";
}

std::string Master::Suspects(const SharedSocket& socket) const {
  std::string words;
  for (size_t i = 0; i < parts_.plans.size(); ++i) {
    if (!SeesSocket(socket, parts_.plans[i].policy.name)) continue;
    words += (words.empty() ? "" : ", ") + WorkersInWords(supervisor_.services()[i], parts_.plans[i]);
  }
  return words;
}

// Nothing else gives workers a new descriptor. As if an operator had asked; nobody waits for the answer.
void Master::OnOpenedAnew(const SharedSocket& socket) {
  for (size_t i = 0; i < parts_.plans.size(); ++i) {
    const core::ServiceState state = supervisor_.services()[i].state();
    const bool has_workers = state != core::ServiceState::kStopped &&
                             state != core::ServiceState::kStopping && state != core::ServiceState::kFailed;
    if (!has_workers || !SeesSocket(socket, parts_.plans[i].policy.name)) continue;
    LOG(INFO) << "service " << parts_.plans[i].policy.name << " is reloaded: its workers hold the old socket "
              << socket.name;
    Emit(core::Commanded{
        .request = ++last_request_, .service = static_cast<core::ServiceId>(i), .verb = core::Verb::kReload});
  }
}

bool Master::FindService(const std::string& name, core::ServiceId* id) const {
  for (size_t i = 0; i < parts_.plans.size(); ++i) {
    if (parts_.plans[i].policy.name != name) continue;
    *id = static_cast<core::ServiceId>(i);
    return true;
  }
  return false;
}

void Master::OnControlRequest(ClientId client, const Peer& who, const proto::Request& request) {
  core::Verb command = core::Verb::kStart;
  const bool commands = ToCommand(request.verb, &command);
  if (!commands && request.verb != proto::Request::Verb::kQuit) return AnswerAtOnce(client, request);

  Waiting waiting{client, 0};
  if (commands && !FindService(request.service, &waiting.service)) return AnswerAtOnce(client, request);
  LOG(INFO) << who.ToString() << " asks: " << RequestWords(request);
  const core::RequestId id = ++last_request_;
  waiting_.emplace(id, waiting);
  if (commands) {
    if (StartsWorkers(command)) parts_.listeners->MakeReachable(parts_.plans[waiting.service].sockets);
    Emit(core::Commanded{.request = id, .service = waiting.service, .verb = command});
  } else {
    Emit(core::ShutdownAsked{.graceful = true, .request = id});
  }
}

proto::MasterView Master::Overview(core::Instant now) const {
  proto::MasterView view;
  view.pid = getpid();
  view.version = proto::kVersion;
  view.uptime_s = static_cast<double>((now - started_at_).ns / 1'000'000) / 1000;
  for (size_t i = 0; i < parts_.plans.size(); ++i) {
    view.services.push_back(Summarize(supervisor_.services()[i], parts_.plans[i], now));
    parts_.listeners->MarkUnreachable(&view.services.back().sockets);
  }
  return view;
}

void Master::AnswerAtOnce(ClientId client, const proto::Request& request) {
  using Verb = proto::Request::Verb;
  using Kind = proto::Response::Kind;
  proto::Response response;
  core::ServiceId id = 0;
  if (proto::TakesService(request.verb) && !FindService(request.service, &id)) {
    response.kind = Kind::kErrorUnknownService;
    response.text = "there is no service " + request.service;
    return server_.Answer(client, response);
  }
  const core::Instant now{platform::MonotonicNanos()};
  const core::Service& service = supervisor_.services()[id];
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
      response.status = DescribeForBase(service);
      break;
    case Verb::kSPid:
      response.kind = Kind::kServiceWorkerPids;
      response.pids = PidsOnDuty(service);
      break;
    case Verb::kOverview:
      response.kind = Kind::kOverview;
      response.overview = Overview(now);
      break;
    case Verb::kInspect:
      response.kind = Kind::kInspect;
      response.inspect = Describe(id, service, parts_.plans[id], workers_, now);
      parts_.listeners->MarkUnreachable(&response.inspect.sockets);
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
