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
#include "master/runtime/limits.h"
#include "master/runtime/own_log/event_log.h"
#include "master/runtime/own_log/reopened.h"
#include "master/runtime/views/status_view.h"
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
      driver_(FirstPlans(parts_.services), Seed(), this),
      events_(&driver_.supervisor(), &logs_),
      workers_(&plans_, parts_.listeners.get(), &outputs_, &logs_, parts_.loop.get(), this),
      logs_(parts_.loop.get(), workers_.children(), parts_.log_surroundings),
      examiner_(
          parts_.loop.get(), workers_.children(),
          [this](const core::Incarnation& who, std::string text) {
            return KeepIncident(who, std::move(text));
          },
          [this](const core::Incarnation& who, std::string words) {
            Emit(core::Examined{who, std::move(words)});
          }),
      loader_(parts_.loop.get(), workers_.children(), parts_.start_directory),
      applier_(this, parts_.listeners.get(), &loader_, std::move(parts_.config), parts_.file, parts_.files,
               parts_.loaded_at_ns),
      server_(parts_.control.get(), Access(parts_.allow, geteuid()), parts_.loop.get(), this),
      notices_(std::move(parts_.notify),
               [this] { return StatusLine(supervisor().services(), supervisor().shutting_down()); }),
      ending_(core::Milliseconds(applier_.running().master.stop_delay_ms)) {
  for (size_t i = 0; i < parts_.services.size(); ++i) {
    const core::Service& service = supervisor().services()[i];
    SetName(service.id(), service.policy().name);
    plans_[service.plan()] = std::move(parts_.services[i].plan);
    newest_plan_ = std::max(newest_plan_, service.plan());
  }
  parts_.services = {};
  UseLive(applier_.running());
  logs_.OnDropped([this](core::ServiceId service, uint64_t lines, const std::string& why) {
    Tell({.type = proto::EventType::kLogDropped,
          .service = NameOf(service),
          .texts = {{"why", why}},
          .numbers = {{"count", static_cast<int64_t>(lines)}}});
  });
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
  notices_.OnTurn(Now().now, {});  // before the command that starts a daemon ends
  return server_.Watch();
}

absl::Status Master::Run() {
  started_at_ = Now().now;
  LOG(INFO) << proto::kServerName << " (pid " << getpid() << ") serves " << parts_.control->path();
  for (const SharedSocket& socket : parts_.listeners->shared()) {
    const absl::Status state = parts_.listeners->StateOf(socket.listener);
    LOG_IF(INFO, state.ok()) << "socket " << socket.name << " listens on " << socket.address;
    LOG_IF(ERROR, !state.ok()) << state.message() << "; the services that use it cannot start without it";
  }
  if (workers_.Sweep()) sweep_at_ = started_at_;  // what ended before the signals were ours
  logs_.Start(started_at_);
  Tell({.type = proto::EventType::kMasterStarted,
        .texts = {{"version", proto::kVersion}},
        .numbers = {{"pid", getpid()}}});
  events_.TellOfSockets(parts_.listeners->shared());
  driver_.Boot();
  while (!driver_.finished()) {
    if (absl::Status turned = driver_.Turn(); !turned.ok()) return turned;
  }
  SayWhyItEnds();
  logs_.Finish();
  LOG(INFO) << "all services are stopped; fectld leaves";
  return absl::OkStatus();
}

size_t Master::waits_for_all() const {
  // The kernel hands ready descriptors round, so this many waits reach all of them, however busy some are.
  return 1 + parts_.loop->watched() / platform::EventLoop::kEventsPerTurnMax;
}

absl::StatusOr<bool> Master::Wait(int64_t timeout_ns) {
  parts_.log->Flush();
  const absl::StatusOr<int> turned = parts_.loop->Turn(timeout_ns);
  if (!turned.ok()) return turned.status();
  return *turned == platform::EventLoop::kEventsPerTurnMax;
}

core::Instant Master::next_deadline() const {
  core::Instant due =
      std::min({server_.next_deadline(), parts_.listeners->next_deadline(), applier_.next_deadline(),
                logs_.next_deadline(), notices_.next_deadline(), examiner_.next_deadline(),
                rollouts_.next_deadline(), ending_.next_deadline(), beat_at_, sweep_at_});
  for (const Settling& one : settling_) {
    // A scale is done when workers say so, which wakes the loop; but for one that this turn has not looked
    // at.
    const bool wakes = one.waiting.verb == proto::Verb::kScale && one.done_at <= driver_.at().now;
    if (!wakes && !AwaitsLastWords(one)) due = std::min(due, one.done_at + one.waiting.leave_wait);
  }
  return due;
}

void Master::OnStall(core::Span length) {
  LOG(WARNING) << "fectld did not run for " << length.ns / 1'000'000
               << " ms: no worker is blamed for that time";
}

// After the replacements of those whose death is known already.
void Master::Look(core::Instant now) {
  if (sweep_at_ <= now) sweep_at_ = workers_.Sweep() ? now : core::kNever;
}

void Master::OnStepped(const core::Event* event, const core::Effects& effects) {
  events_.Tell(effects, [this](core::ServiceId id) { return NameOf(id); });
  if (event == nullptr) return;
  WatchRollouts(*event);
  if (const auto* exited = std::get_if<core::Exited>(event); exited != nullptr) {
    NoticeCrash(*exited, effects);
    if (!exited->group_left) workers_.Forget(exited->who);
  }
  if (const auto* ended = std::get_if<core::GroupEnded>(event)) workers_.Forget(ended->who);
  if (const auto* failed = std::get_if<core::SpawnFailed>(event)) workers_.Forget(failed->who);
  if (std::holds_alternative<core::WorkerLoaded>(*event) && beat_at_ == core::kNever) {
    beat_at_ = driver_.at().now + kMasterBeatInterval;
  }
}

void Master::Run(const core::Effect& effect) {
  std::visit([this](const auto& e) { Do(e); }, effect);
}

void Master::Do(const core::Send& effect) {
  WorkerLink* const link = workers_.Find(effect.who);
  if (link == nullptr) return;
  if (effect.order == core::Order::kStop && parts_.listeners->has_retired()) TurnAwayBefore(*link);
  link->Send(effect.order);
}

// Whoever stops accepts what has come until then. If it is the last one that does, nothing more may come.
void Master::TurnAwayBefore(const WorkerLink& stops) {
  const auto plan = plans_.find(stops.plan());
  if (plan == plans_.end()) return;
  for (const ListenerId listener : plan->second.listeners) {
    if (parts_.listeners->IsRetired(listener) && !workers_.IsAccepting(listener, stops.who()))
      parts_.listeners->TurnAway(listener);
  }
}

void Master::Do(const core::DropPlan& effect) {
  plans_.erase(effect.plan);
  if (parts_.listeners->has_retired()) CloseUnusedListeners();
}

void Master::Do(const core::Signal& effect) {
  if (WorkerLink* link = workers_.Find(effect.who); link != nullptr) link->Signal(effect.sig);
}

void Master::Do(const core::Report& effect) {
  LogReport(names_[effect.service], effect, parts_.log.get());
  last_words_.OnReport(effect, driver_.at().now);
  if (effect.record.milestone == core::Milestone::kFailed) NoteFailure(effect);
}

void Master::Do(const core::ForgetService& effect) {
  names_.erase(effect.service);
  logs_.ForgetService(effect.service);
  examiner_.ForgetService(effect.service);
  crashes_.ForgetService(effect.service);
  last_words_.Forget(effect.service);
}

void Master::SetName(core::ServiceId service, const std::string& name) {
  names_[service] = name;
  logs_.SetName(service, name);
}

void Master::Do(const core::Finish& /*effect*/) {
  AnswerSettled(/*all=*/true);
  server_.EndSubscriptions("fectld ends");
  parts_.signals->StayForExit();
  // What outlived SIGKILL hangs in the kernel. Waiting for it here would be for ever; init gets it.
  workers_.ReleaseAll();
}

bool Master::Started() const {
  const std::vector<core::Service>& services = supervisor().services();
  return std::none_of(services.begin(), services.end(), [](const core::Service& service) {
    const core::WaitOperation* wait = service.waiting();
    return service.state() == core::ServiceState::kStarting || (wait != nullptr && !wait->blocked);
  });
}

void Master::OnTurnEnd(core::Instant now) {
  if (!came_up_ && Started()) {
    came_up_ = true;
    if (!what_to_try_.empty()) std::cout << std::exchange(what_to_try_, "") << std::flush;
    platform::GiveBackStartCode();
  }
  applier_.OnTurn(now);
  examiner_.OnTurn(now);
  std::vector<core::Event> worn_out;
  rollouts_.OnTime(supervisor(), now, &worn_out);
  for (core::Event& event : worn_out) Emit(std::move(event));
  logs_.OnTurn(now);
  if (!settling_.empty()) AnswerSettled(/*all=*/false);
  server_.OnTurn(now);
  NoticeRoom();
  parts_.listeners->OnTurn(now);
  EndIfDue(now);
  notices_.OnTurn(now, {.up = came_up_,
                        .stopping = supervisor().shutting_down() || ending_.is_put_off(),
                        .applications = applier_.begun(),
                        .applying = applier_.at_work()});
  if (beat_at_ <= now) {
    beat_at_ = workers_.SendBeats() > 0 ? now + kMasterBeatInterval : core::kNever;
  }
}

// Whatever ended since the last turn has given descriptors back.
void Master::NoticeRoom() {
  const size_t held = workers_.size() + server_.clients() + logs_.pipes();
  const std::vector<core::Service>& services = supervisor().services();
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
        sweep_at_ =
            std::min(sweep_at_, workers_.all_watched() ? driver_.at().now + kSweepPause : driver_.at().now);
        break;
      case SIGTERM:
      case SIGINT:
      case SIGQUIT:
        if (signal.number == SIGTERM && PutOffEnd()) break;
        LOG(INFO) << "got " << base::SignalName(signal.number) << ": every service is to stop";
        ShutDown({.graceful = signal.number == SIGTERM}, "a signal");
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
        LOG(INFO) << "got SIGHUP: the configuration is read again and applied";
        applier_.AskBySignal();
        break;
      default:
        break;
    }
  }
}

void Master::ShutDown(const core::ShutdownAsked& asked, const std::string& why) {
  if (!supervisor().shutting_down() && !ending_.is_put_off())
    Tell({.type = proto::EventType::kMasterStopping, .texts = {{"why", why}}});
  ending_.OnBegun();
  applier_.End();
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
  logs_.Reopen(/*streams=*/true);
  for (const absl::Status& failure : reopened.failures) {
    LOG(ERROR) << "a log file could not be opened anew: " << failure.message();
  }
  LOG(INFO) << "got SIGUSR1: " << InWords(reopened);
}

// One that was added in this step has its name in its policy alone.
std::string Master::NameOf(core::ServiceId id) const {
  const auto named = names_.find(id);
  if (named != names_.end()) return named->second;
  const core::Service* const service = supervisor().Find(id);
  return service == nullptr ? "" : service->policy().name;
}

void Master::OnRefused(const Peer& who, const std::string& request, uint64_t count) {
  Tell({.type = proto::EventType::kAccessRefused,
        .texts = {{"who", "user " + std::to_string(who.uid)}, {"request", request}},
        .numbers = {{"count", static_cast<int64_t>(count)}}});
}

bool Master::Has(const core::Service& service, ListenerId listener) const {
  const std::vector<ListenerId>& listeners = PlanOf(service).listeners;
  return std::find(listeners.begin(), listeners.end(), listener) != listeners.end();
}

std::string Master::Suspects(ListenerId listener) const {
  std::string words;
  for (const core::Service& service : supervisor().services()) {
    if (!Has(service, listener)) continue;
    words += (words.empty() ? "" : ", ") + WorkersInWords(service);
  }
  return words;
}

// Nothing else gives workers a new descriptor. As if an operator had asked; nobody waits for the answer.
void Master::OnOpenedAnew(ListenerId listener, const std::string& name) {
  for (const core::Service& service : supervisor().services()) {
    if (!core::ReloadsForNewSockets(service.state(), service.policy().oneshot) || !Has(service, listener))
      continue;
    LOG(INFO) << "service " << service.policy().name << " is reloaded: its workers hold the old socket "
              << name;
    Emit(core::Commanded{
        .request = driver_.supervisor().NewRequest(), .service = service.id(), .verb = core::Verb::kReload});
  }
}

}  // namespace fectl::runtime
