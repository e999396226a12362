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

#include "master/platform/loop/clock.h"
#include "master/platform/process/start_code.h"
#include "master/runtime/demonstration.h"
#include "master/runtime/event_log.h"
#include "master/runtime/limits.h"
#include "master/runtime/reopened.h"
#include "master/runtime/status_view.h"
#include "proto_spec/base/signal_name.h"
#include "proto_spec/version.h"

namespace fectl::runtime {
namespace {

std::vector<core::Plan> FirstPlans(const std::vector<PlannedService>& services) {
  std::vector<core::ServicePolicy> policies;
  policies.reserve(services.size());
  for (const PlannedService& service : services) policies.push_back(service.policy);
  return core::FirstPlans(policies);
}

uint64_t Seed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

}  // namespace

Master::Master(MasterParts parts)
    : parts_(std::move(parts)),
      supervisor_(FirstPlans(parts_.services), Seed()),
      workers_(&plans_, parts_.listeners.get(), &outputs_, parts_.loop.get(), this),
      server_(parts_.control.get(), Access(parts_.allow, geteuid()), parts_.loop.get(), this) {
  for (size_t i = 0; i < parts_.services.size(); ++i) {
    const core::Service& service = supervisor_.services()[i];
    names_[service.id()] = service.policy().name;
    plans_[service.plan()] = parts_.services[i].plan;
  }
}

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
    const absl::Status state = parts_.listeners->StateOf(socket.name);
    LOG_IF(INFO, state.ok()) << "socket " << socket.name << " listens on " << socket.address;
    LOG_IF(ERROR, !state.ok()) << state.message() << "; the services that use it cannot start without it";
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
  if (!queue_.empty() || !pending_.empty()) return 0;
  core::Instant due = std::min({supervisor_.next_deadline(), server_.next_deadline(),
                                parts_.listeners->next_deadline(), beat_at_, sweep_at_});
  for (const Settling& one : settling_) due = std::min(due, one.done_at + one.waiting.leave_wait);
  return due == core::kNever ? -1 : std::max<int64_t>(0, (due - now).ns);
}

absl::Status Master::Turn() {
  parts_.log->Flush();
  const core::Instant before{platform::MonotonicNanos()};
  // Our own work since the last turn is time in which nobody was heard, too.
  NoticeStall(at_.now, before);
  const int64_t timeout = TimeoutNanos(before);
  if (auto turned = parts_.loop->Turn(timeout); !turned.ok()) return turned.status();
  at_ = Now();
  starts_ = 0;
  RunEffects();
  // When in the wait the stall began cannot be known, so all of the wait counts: a deadline that fell into it
  // would otherwise be due at the moment of waking, before anybody could be heard.
  if (timeout >= 0 && at_.now - (before + core::Span{timeout}) >= kStallAfter) NoticeStall(before, at_.now);
  StepQueue();
  // After the replacements of those whose death is known already.
  if (sweep_at_ <= at_.now) {
    sweep_at_ = workers_.Sweep() ? at_.now : core::kNever;
    StepQueue();
  }
  if (supervisor_.IsDue(at_.now)) {
    if (absl::Status read = ReadAllWorkers(); !read.ok()) return read;
    Step(core::TimePassed{});
    StepQueue();
  }
  OnTurnEnd();
  return absl::OkStatus();
}

// Nobody is judged by what lies unread: before time passes for the supervisor, everything that workers have
// written until now has been read.
absl::Status Master::ReadAllWorkers() {
  int count = platform::EventLoop::kEventsPerTurnMax;
  // The kernel hands ready descriptors round, so this many turns reach all of them, however busy some are.
  for (size_t left = 1 + parts_.loop->watched() / platform::EventLoop::kEventsPerTurnMax;
       left > 0 && count == platform::EventLoop::kEventsPerTurnMax; --left) {
    const absl::StatusOr<int> turned = parts_.loop->Turn(0);
    if (!turned.ok()) return turned.status();
    count = *turned;
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
  if (const auto* exited = std::get_if<core::Exited>(&event); exited != nullptr && !exited->group_left)
    workers_.Forget(exited->who);
  if (const auto* ended = std::get_if<core::GroupEnded>(&event)) workers_.Forget(ended->who);
  if (const auto* failed = std::get_if<core::SpawnFailed>(&event)) workers_.Forget(failed->who);
  if (std::holds_alternative<core::WorkerLoaded>(event) && beat_at_ == core::kNever) {
    beat_at_ = at_.now + kMasterBeatInterval;
  }
  RunEffects();
}

// In their order; what comes behind more starts than a turn may have waits for the next turn.
void Master::RunEffects() {
  for (core::Effect& effect : effects_) pending_.push_back(std::move(effect));
  effects_.clear();
  while (!pending_.empty() && starts_ < kStartsPerTurnMax) {
    const core::Effect effect = std::move(pending_.front());
    pending_.pop_front();
    std::visit([this](const auto& e) { Run(e); }, effect);
  }
}

void Master::Run(const core::Spawn& effect) {
  ++starts_;
  workers_.Spawn(effect);
}

void Master::Run(const core::Send& effect) {
  if (WorkerLink* link = workers_.Find(effect.who); link != nullptr) link->Send(effect.order);
}

void Master::Run(const core::Signal& effect) {
  if (WorkerLink* link = workers_.Find(effect.who); link != nullptr) link->Signal(effect.sig);
}

void Master::Run(const core::Report& effect) {
  LogReport(names_[effect.service], effect, parts_.log.get());
}

void Master::Run(const core::DropPlan& effect) {
  plans_.erase(effect.plan);
}

void Master::Run(const core::ForgetService& effect) {
  names_.erase(effect.service);
}

void Master::Run(const core::Finish& /*effect*/) {
  finished_ = true;
  AnswerSettled(/*all=*/true);
  server_.EndSubscriptions("fectld ends");
  parts_.signals->StayForExit();
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
  if (!came_up_ && Started()) {
    came_up_ = true;
    if (says_what_to_try_) std::cout << DemonstrationHint(parts_.services) << std::flush;
    platform::GiveBackStartCode();
  }
  if (!settling_.empty()) AnswerSettled(/*all=*/false);
  server_.OnTurn(at_.now);
  NoticeRoom();
  parts_.listeners->OnTurn(at_.now);
  if (beat_at_ <= at_.now) {
    beat_at_ = workers_.SendBeats() > 0 ? at_.now + kMasterBeatInterval : core::kNever;
  }
}

// Whatever ended since the last turn has given descriptors back.
void Master::NoticeRoom() {
  const size_t held = workers_.size() + server_.clients();
  const std::vector<core::Service>& services = supervisor_.services();
  const bool wanted =
      held < held_before_ && std::any_of(services.begin(), services.end(), [](const core::Service& service) {
        return service.waiting_for_room() > 0;
      });
  held_before_ = held;
  if (wanted) Emit(core::RoomMade{});
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
        LOG(INFO) << "got " << base::SignalName(signal.number) << ": every service is to stop";
        ShutDown({.graceful = signal.number == SIGTERM});
        break;
      case SIGUSR1:
        ReopenLogs();
        break;
      case SIGUSR2:
      case SIGALRM:
        LOG(WARNING) << "got " << base::SignalName(signal.number)
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

void Master::ShutDown(const core::ShutdownAsked& asked) {
  server_.PrepareToLeave();
  // Nobody is started any more, and what a worker does not accept should be refused, not wait in a queue that
  // nobody empties: that is so once the workers have closed theirs.
  parts_.listeners->Close();
  Emit(asked);
}

void Master::ReopenLogs() {
  parts_.log->Flush();  // to where it belongs
  Reopened reopened = parts_.streams->Reopen();
  reopened.Add(parts_.log->Reopen());
  reopened.Add(outputs_.ReopenAll());
  for (const absl::Status& failure : reopened.failures) {
    LOG(ERROR) << "a log file could not be opened anew: " << failure.message();
  }
  LOG(INFO) << "got SIGUSR1: " << InWords(reopened);
}

std::string Master::Suspects(const SharedSocket& socket) const {
  std::string words;
  for (const core::Service& service : supervisor_.services()) {
    if (!SeesSocket(socket, service.policy().name)) continue;
    words += (words.empty() ? "" : ", ") + WorkersInWords(service);
  }
  return words;
}

// Nothing else gives workers a new descriptor. As if an operator had asked; nobody waits for the answer.
void Master::OnOpenedAnew(const SharedSocket& socket) {
  for (const core::Service& service : supervisor_.services()) {
    const core::ServiceState state = service.state();
    const bool has_workers = state != core::ServiceState::kStopped &&
                             state != core::ServiceState::kStopping && state != core::ServiceState::kFailed;
    if (!has_workers || !SeesSocket(socket, service.policy().name)) continue;
    LOG(INFO) << "service " << service.policy().name << " is reloaded: its workers hold the old socket "
              << socket.name;
    Emit(core::Commanded{
        .request = supervisor_.NewRequest(), .service = service.id(), .verb = core::Verb::kReload});
  }
}

}  // namespace fectl::runtime
