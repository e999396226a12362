#include "master/core/service.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "master/core/limits.h"

namespace fectl::core {

std::string_view ToWord(ServiceState state) {
  switch (state) {
    case ServiceState::kStopped:
      return "stopped";
    case ServiceState::kStarting:
      return "starting";
    case ServiceState::kRunning:
      return "running";
    case ServiceState::kPaused:
      return "paused";
    case ServiceState::kReloading:
      return "reloading";
    case ServiceState::kStopping:
      return "stopping";
    case ServiceState::kFailed:
      return "failed";
  }
  return "";
}

Service::Service(ServiceId id, ServicePolicy policy, TimerQueue::Key first_key)
    : id_(id), policy_(std::move(policy)), first_key_(first_key), counted_(policy_.num) {
  slots_.reserve(policy_.num);
  for (uint32_t i = 0; i < policy_.num; ++i) slots_.emplace_back(i);
}

bool Service::Consistent() const {
  const size_t num = policy_.num;
  if (num == 0 || slots_.size() != num || counted_.size() != num) return false;
  for (size_t i = 0; i < num; ++i) {
    if (slots_[i].index() != i) return false;
  }
  const auto is_slot = [num](uint32_t index) { return index < num; };
  if (!std::all_of(touched_.begin(), touched_.end(), is_slot)) return false;
  if (const auto* start = std::get_if<StartOperation>(&operation_)) {
    return !start->failed.has_value() || is_slot(*start->failed);
  }
  if (const auto* replace = std::get_if<ReplaceOperation>(&operation_)) {
    return replace->committed <= replace->begun && replace->begun <= replace->slots.size() &&
           std::all_of(replace->slots.begin(), replace->slots.end(), is_slot);
  }
  return true;
}

ServiceState Service::state() const {
  if (!up_) return processes_ > 0 ? ServiceState::kStopping : ServiceState::kStopped;
  if (std::holds_alternative<StartOperation>(operation_)) return ServiceState::kStarting;
  const auto* replace = std::get_if<ReplaceOperation>(&operation_);
  // A single worker that asked to be replaced does not make the service a reloading one.
  if (replace != nullptr && replace->by_operator) return ServiceState::kReloading;
  if (given_up_ > 0) return ServiceState::kFailed;
  return paused_ ? ServiceState::kPaused : ServiceState::kRunning;
}

std::string_view Service::word() const {
  const ServiceState now = state();
  if (now == ServiceState::kRunning && crashing_ > 0) return "crashing";
  if (now == ServiceState::kRunning && ready_ < policy_.num) return "degraded";
  return ToWord(now);
}

uint32_t Service::serving() const {
  return static_cast<uint32_t>(
      std::count_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.serves(); }));
}

std::optional<std::pair<uint32_t, Cause>> Service::trouble() const {
  if (!up_) return std::nullopt;  // what is stopped on purpose has no trouble
  std::optional<std::pair<uint32_t, Cause>> any;
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (slot.last_trouble().kind == Cause::Kind::kNone) continue;
    if (std::holds_alternative<GivenUp>(slot.state())) return std::pair(i, slot.last_trouble());
    if ((!slot.ready() || slot.crashing()) && !any.has_value()) any = std::pair(i, slot.last_trouble());
  }
  return any;
}

Turn Service::MakeTurn(const Moment& at, Random& random, Effects& effects) const {
  return Turn{at, id_, policy_, paused_, random, effects};
}

Slot& Service::Touch(uint32_t index) {
  if (!counted_[index].touched) {
    counted_[index].touched = true;
    touched_.push_back(index);
  }
  return slots_[index];
}

void Service::ReplyAll(Turn& turn, const std::vector<RequestId>& waiters, Answer answer,
                       const std::string& words) const {
  for (const RequestId request : waiters) turn.effects.emplace_back(Reply{request, answer, words});
}

std::string Service::SlotTrouble(uint32_t index) const {
  std::string words = "worker(" + std::to_string(index + 1) + ") ";
  const Cause& cause = slots_[index].last_trouble();
  words += ToWords(cause);
  if (cause.kind == Cause::Kind::kExited || cause.kind == Cause::Kind::kSignaled)
    words += " before it was loaded";
  return words;
}

void Service::Boot(Turn& turn) {
  BeginStart(turn, 0, MakeCause(Cause::Kind::kMasterStarted));
}

void Service::OnStall(Span length) {
  for (uint32_t i = 0; i < slots_.size(); ++i) Touch(i).ShiftDeadlines(length);
}

void Service::OnRoomMade(Instant now) {
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    if (counted_[i].waits_for_room) Touch(i).OnRoomMade(now);
  }
}

void Service::OnBeat(uint32_t index, uint32_t generation, Instant now, TimerQueue& timers) {
  Slot& slot = slots_[index];
  slot.OnBeat(generation, now + policy_.timeout);
  timers.Set(first_key_ + index, slot.next_deadline());
}

void Service::Settle(Turn& turn, TimerQueue& timers) {
  for (const uint32_t index : touched_) {
    const Slot& slot = slots_[index];
    Counted& counted = counted_[index];
    counted.touched = false;
    ready_ += static_cast<uint32_t>(slot.ready()) - static_cast<uint32_t>(counted.ready);
    counted.ready = slot.ready();
    processes_ += slot.process_count() - counted.processes;
    counted.processes = slot.process_count();
    const bool given_up = std::holds_alternative<GivenUp>(slot.state());
    given_up_ += static_cast<uint32_t>(given_up) - static_cast<uint32_t>(counted.given_up);
    counted.given_up = given_up;
    crashing_ += static_cast<uint32_t>(slot.crashing()) - static_cast<uint32_t>(counted.crashing);
    counted.crashing = slot.crashing();
    waiting_for_room_ +=
        static_cast<uint32_t>(slot.waits_for_room()) - static_cast<uint32_t>(counted.waits_for_room);
    counted.waits_for_room = slot.waits_for_room();
    timers.Set(first_key_ + index, slot.next_deadline());
  }
  touched_.clear();
  if (auto* stop = std::get_if<StopOperation>(&operation_); stop != nullptr && processes_ == 0) {
    const StopOperation done = std::move(*stop);
    operation_ = std::monostate{};
    ReplyAll(turn, done.waiters, Answer::kStopped, policy_.name + " is stopped");
  }
}

void Service::StartWhatWasHeld(Turn& turn, TimerQueue& timers) {
  const ServiceState now = state();
  if (held_starts_.empty() || now == ServiceState::kReloading || now == ServiceState::kStopping) return;
  for (const RequestId request : std::exchange(held_starts_, {})) OnCommand(turn, request, Verb::kStart);
  if (up_ && std::holds_alternative<std::monostate>(operation_)) BeginWhatWaits(turn);  // it was refused
  Settle(turn, timers);
}

void Service::OnNews(Turn& turn, uint32_t index, News news) {
  if (news == News::kNothing) return;
  if (news == News::kAsks) {
    if (std::holds_alternative<std::monostate>(operation_)) BeginWhatWaits(turn);
    return;
  }
  if (std::holds_alternative<StartOperation>(operation_)) {
    OnStartNews(turn, index, news);
  } else if (std::holds_alternative<ReplaceOperation>(operation_)) {
    OnReplaceNews(turn, index, news);
  }
}

void Service::OnStartNews(Turn& turn, uint32_t index, News news) {
  auto& start = std::get<StartOperation>(operation_);
  Counted& counted = counted_[index];
  // Also one that this start has nothing to do with: "started" would not be true of a service that has
  // failed.
  if (news == News::kGaveUp && !start.failed.has_value()) start.failed = index;
  if (!counted.awaited || news == News::kStartFailed) return;
  if (news == News::kNoRoom) {
    // It goes on trying, so it stays awaited while others are, too.
    start.without_room += counted.without_room ? 0 : 1;
    counted.without_room = true;
  } else {
    start.without_room -= counted.without_room ? 1 : 0;
    counted.without_room = false;
    counted.awaited = false;
    --start.awaited;
  }
  EndStartIfDone(turn);
}

void Service::AwaitWhoFoundRoom(StartOperation& start) {
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    if (!counted_[i].without_room || slots_[i].waits_for_room()) continue;
    counted_[i].without_room = false;
    --start.without_room;
  }
}

void Service::EndStartIfDone(Turn& turn) {
  auto& start = std::get<StartOperation>(operation_);
  if (start.awaited > start.without_room) return;
  if (start.without_room > 0) AwaitWhoFoundRoom(start);
  if (start.awaited > start.without_room) return;
  const StartOperation done = std::move(start);
  operation_ = std::monostate{};
  std::optional<uint32_t> failed = done.failed;
  for (uint32_t i = 0; done.without_room > 0 && i < slots_.size(); ++i) {
    if (counted_[i].without_room && !failed.has_value()) failed = i;
    counted_[i].awaited = false;
    counted_[i].without_room = false;
  }
  if (failed.has_value()) {
    std::string words = SlotTrouble(*failed);
    if (slots_[*failed].waits_for_room()) words += "; it is tried again until there is room";
    ReplyAll(turn, done.waiters, Answer::kFailed, words);
  } else {
    ReplyAll(turn, done.waiters, Answer::kStarted, "");
  }
  BeginWhatWaits(turn);
}

void Service::BeginStart(Turn& turn, RequestId request, const Cause& cause) {
  if (!up_) up_since_ = turn.at.now;
  up_ = true;
  // There is one operation at a time. A worker's own replacement, which nobody waits for, gives way.
  if (const auto* replace = std::get_if<ReplaceOperation>(&operation_)) {
    GiveUpBatch(turn, *replace, MakeCause(Cause::Kind::kGaveWay));
  }
  StartOperation start;
  if (request != 0) start.waiters.push_back(request);
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    counted_[i].without_room = false;
    counted_[i].awaited = !slots_[i].ready();
    if (!counted_[i].awaited) continue;
    ++start.awaited;
    // A reload that failed may have left a start under way: its worker is as new as one that would be started
    // now.
    if (!std::holds_alternative<Starting>(slots_[i].state())) Touch(i).Launch(turn, cause);
  }
  operation_ = std::move(start);
}

std::string Service::WasStopped() const {
  return policy_.name + " was told to stop meanwhile";
}

void Service::BeginStop(Turn& turn, RequestId request, Way way, const Cause& cause) {
  const std::string words = WasStopped();
  if (const auto* start = std::get_if<StartOperation>(&operation_)) {
    ReplyAll(turn, start->waiters, Answer::kErrorStopping, words);
  } else if (const auto* replace = std::get_if<ReplaceOperation>(&operation_)) {
    ReplyAll(turn, replace->waiters, Answer::kErrorStopping, words);
  }
  if (queued_.has_value()) ReplyAll(turn, queued_->waiters, Answer::kErrorStopping, words);
  queued_.reset();
  ReplyAll(turn, std::exchange(held_starts_, {}), Answer::kErrorStopping, words);
  up_ = false;
  up_since_ = kNever;
  paused_ = false;
  StopOperation stop;
  if (request != 0) stop.waiters.push_back(request);
  operation_ = std::move(stop);
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    Touch(i).ForgetUndrained();
    Touch(i).RetireAll(turn, way, cause);
  }
}

void Service::Shutdown(Turn& turn, Way way) {
  ReplyAll(turn, std::exchange(held_starts_, {}), Answer::kErrorStopping, WasStopped());
  if (up_) BeginStop(turn, 0, way, MakeCause(Cause::Kind::kMasterStops));
  for (uint32_t i = 0; i < slots_.size(); ++i) Touch(i).Hasten(turn, way);
}

void Service::BeginPauseOrResume(Turn& turn, RequestId request, Verb verb) {
  paused_ = verb == Verb::kPause;
  const Cause cause = MakeCause(Cause::Kind::kOperator);
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    if (paused_) {
      Touch(i).Pause(turn, cause);
    } else {
      Touch(i).Resume(turn, cause);
    }
  }
  ReplyAll(turn, {request}, Answer::kDone, "");
}

void Service::OnCommand(Turn& turn, RequestId request, Verb verb) {
  if (Refuse(turn, request, verb)) return;
  switch (verb) {
    case Verb::kStart:
      if (auto* start = std::get_if<StartOperation>(&operation_)) {
        start->waiters.push_back(request);
      } else if (state() == ServiceState::kReloading || state() == ServiceState::kStopping) {
        held_starts_.push_back(request);
      } else {
        BeginStart(turn, request, MakeCause(Cause::Kind::kOperator));
      }
      break;
    case Verb::kStop:
      if (auto* stop = std::get_if<StopOperation>(&operation_)) {
        stop->waiters.push_back(request);
        // The last word counts.
        ReplyAll(turn, std::exchange(held_starts_, {}), Answer::kErrorStopping, WasStopped());
      } else {
        BeginStop(turn, request, Way::kFinish, MakeCause(Cause::Kind::kOperator));
      }
      break;
    case Verb::kReload:
      BeginReplaceAll(turn, request, Urgency::kReload);
      break;
    case Verb::kRestart:
      BeginReplaceAll(turn, request, Urgency::kRestart);
      break;
    case Verb::kPause:
    case Verb::kResume:
      BeginPauseOrResume(turn, request, verb);
      break;
  }
}

// clang-format off
// Whether the state does not allow the command; then it is answered here. The table of all pairs:
//
//             stopped   starting  running   paused    reloading  stopping  failed
//   start     begins    joins     refused   refused   waits      waits     begins (the slots that are not ready)
//   stop      refused   begins    begins    begins    begins     joins     begins
//   reload    refused   refused   begins    begins    follows    refused   begins
//   restart   refused   refused   begins    begins    follows    refused   begins
//   pause     refused   refused   done      done      refused    refused   done where a worker serves
//   resume    refused   refused   done      done      refused    refused   done where a worker serves
//
// A reload or restart that is asked for while another goes on follows it; those that wait are one. A start that
// waits is looked at again when the reload or the stop is over; a stop that comes before that ends it.
// clang-format on
bool Service::Refuse(Turn& turn, RequestId request, Verb verb) {
  const auto refuse = [&](Answer answer, std::string_view words) {
    turn.effects.emplace_back(Reply{request, answer, policy_.name + " " + std::string(words)});
    return true;
  };
  const bool replaces = verb == Verb::kReload || verb == Verb::kRestart;
  switch (state()) {
    case ServiceState::kStopped:
      return verb != Verb::kStart && refuse(Answer::kErrorStopped, "is stopped");
    case ServiceState::kStarting:
      return verb != Verb::kStart && verb != Verb::kStop &&
             refuse(Answer::kErrorStarting, "is still starting: try again when it is running, or stop it");
    case ServiceState::kStopping:
      return verb != Verb::kStop && verb != Verb::kStart && refuse(Answer::kErrorStopping, "is stopping");
    case ServiceState::kReloading:
      return verb != Verb::kStop && verb != Verb::kStart && !replaces &&
             refuse(Answer::kErrorReloading, "is being reloaded: try again when that is done");
    case ServiceState::kRunning:
      return verb == Verb::kStart && refuse(Answer::kErrorRunning, "is already running");
    case ServiceState::kPaused:
      return verb == Verb::kStart && refuse(Answer::kErrorRunning, "is paused: resume it");
    case ServiceState::kFailed:
      return (verb == Verb::kPause || verb == Verb::kResume) && ready_ == 0 &&
             refuse(Answer::kErrorFailed, "has failed: no worker serves");
  }
  return false;
}

}  // namespace fectl::core
