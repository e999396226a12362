// What people tell a service. (The rest of the service is in service.cc.)

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "master/core/service/batch.h"
#include "master/core/service/service.h"

namespace fectl::core {

void Service::OnStart(StepContext& step, RequestId request, const Cause& cause, bool alone) {
  if (Refuse(step, request, Verb::kStart)) return;
  if (auto* start = std::get_if<StartOperation>(&operation_)) {
    if (request != 0) start->waiters.push_back(request);
  } else if (auto* wait = std::get_if<WaitOperation>(&operation_)) {
    if (request != 0) wait->waiters.push_back(request);
    wait->calls = true;
    wait->blocked = false;  // what it requires is tried again first
    if (alone) BeginStartNow(step, std::move(wait->waiters), cause);
  } else if (state() == ServiceState::kReloading || state() == ServiceState::kStopping) {
    held_starts_.push_back(request);
  } else {
    BeginStart(step, request, cause, alone);
  }
}

void Service::StartWhatWasHeld(StepContext& step, TimerQueue& timers) {
  const ServiceState now = state();
  if (held_starts_.empty() || now == ServiceState::kReloading || now == ServiceState::kStopping) return;
  for (const RequestId request : std::exchange(held_starts_, {}))
    OnCommand(step, {.request = request, .verb = Verb::kStart});
  if (up_ && std::holds_alternative<std::monostate>(operation_)) BeginWhatWaits(step);  // it was refused
  Settle(step, timers);
}

void Service::BeginPauseOrResume(StepContext& step, RequestId request, Verb verb) {
  paused_ = verb == Verb::kPause;
  const Cause cause = MakeCause(Cause::Kind::kOperator);
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    if (paused_) {
      MarkDirty(i).Pause(step, cause);
    } else {
      MarkDirty(i).Resume(step, cause);
    }
  }
  ReplyAll(step, {request}, Answer::kDone, "");
}

void Service::OnCommand(StepContext& step, const Commanded& command) {
  const RequestId request = command.request;
  const Verb verb = command.verb;
  if (verb >= Verb::kPromote) return OnRolloutVerb(step, request, verb);
  if (verb != Verb::kStart && Refuse(step, request, verb)) return;
  switch (verb) {
    case Verb::kStart:
      OnStart(step, request, MakeCause(Cause::Kind::kOperator), command.alone);
      break;
    case Verb::kStop:
      if (auto* stop = std::get_if<StopOperation>(&operation_)) {
        stop->waiters.push_back(request);
        // The last word counts.
        ReplyAll(step, std::exchange(held_starts_, {}), Answer::kErrorStopping, WasStopped());
      } else {
        BeginStop(step, request, StopMode::kFinish, MakeCause(Cause::Kind::kOperator));
      }
      break;
    case Verb::kReload:
    case Verb::kRestart:
      if (policy().oneshot || state() == ServiceState::kDone) {  // it runs again
        for (uint32_t i = 0; verb == Verb::kRestart && i < slots_.size(); ++i) MarkDirty(i).Hurry(step);
        BeginStart(step, request, MakeCause(Cause::Kind::kOperator), /*alone=*/false);
      } else {
        const Urgency urgency = verb == Verb::kReload ? Urgency::kReload : Urgency::kRestart;
        if (!command.slot.has_value()) return BeginReplaceAll(step, request, urgency);
        if (*command.slot < policy().num) return BeginReplaceOne(step, request, urgency, *command.slot);
        ReplyAll(step, {request}, Answer::kErrorFailed,
                 policy().name + " has no worker " + std::to_string(*command.slot + 1));
      }
      break;
    case Verb::kPause:
    case Verb::kResume:
      BeginPauseOrResume(step, request, verb);
      break;
    case Verb::kPromote:
    case Verb::kHold:
    case Verb::kAbort:
      break;  // see above
  }
}

// clang-format off
// Whether the state does not allow the command; then it is answered here. The table of all pairs:
//
//             stopped   starting  running   paused    reloading  stopping  failed    waiting   done
//   start     begins    joins     refused   refused   waits      waits     begins 1  joins     begins
//   stop      refused   begins    begins    begins    begins     joins     begins    begins    begins
//   reload    refused   refused   begins 2  begins    follows    refused   begins    refused   begins
//   restart   refused   refused   begins 2  begins    follows    refused   begins    refused   begins
//   pause     refused   refused   done 2    done      refused    refused   done 3    refused   refused
//   resume    refused   refused   done 2    done      refused    refused   done 3    refused   refused
//
// 1: the slots that are not ready. 2: refused by a oneshot. 3: where a worker serves. A reload and a restart of a
// oneshot run it again.
//
// A reload or restart that is asked for while another goes on follows it; those that wait are one. A start that
// waits is looked at again when the reload or the stop is over; a stop that comes before that ends it. While a
// rollout waits for an operator or keeps the old workers for a while, everything but a stop is refused.
// clang-format on
bool Service::Refuse(StepContext& step, RequestId request, Verb verb) {
  const auto refuse = [&](Answer answer, const std::string& words) {
    ReplyAll(step, {request}, answer, policy().name + " " + words);
    return true;
  };
  if (removing_ && verb != Verb::kStop) return refuse(Answer::kErrorStopping, "is being removed");
  const bool replaces = verb == Verb::kReload || verb == Verb::kRestart;
  switch (state()) {
    case ServiceState::kStopped:
      return verb != Verb::kStart && refuse(Answer::kErrorStopped, "is stopped");
    case ServiceState::kStarting:
      return verb != Verb::kStart && verb != Verb::kStop &&
             refuse(Answer::kErrorStarting,
                    policy().oneshot ? "still runs: try again when it is done, or stop it"
                                     : "is still starting: try again when it is running, or stop it");
    case ServiceState::kStopping:
      return verb != Verb::kStop && verb != Verb::kStart && refuse(Answer::kErrorStopping, "is stopping");
    case ServiceState::kReloading:
      if (rollout() != nullptr && WaitsForTime(*rollout()) && verb != Verb::kStop) {
        if (verb == Verb::kStart) return refuse(Answer::kErrorRunning, "is already running");
        return refuse(Answer::kErrorReloading, WhatItWaitsFor(*rollout()));
      }
      return verb != Verb::kStop && verb != Verb::kStart && !replaces &&
             refuse(Answer::kErrorReloading, "is being reloaded: try again when that is done");
    case ServiceState::kRunning:
      if (verb == Verb::kStart) return refuse(Answer::kErrorRunning, "is already running");
      return policy().oneshot && verb != Verb::kStop &&
             refuse(Answer::kErrorRunning, "runs until it is done: stop it, or wait for its end");
    case ServiceState::kPaused:
      return verb == Verb::kStart && refuse(Answer::kErrorRunning, "is paused: resume it");
    case ServiceState::kFailed:
      return (verb == Verb::kPause || verb == Verb::kResume) && counts_.ready == 0 &&
             refuse(Answer::kErrorFailed, "has failed: no worker serves");
    case ServiceState::kWaiting:
      return verb != Verb::kStart && verb != Verb::kStop &&
             refuse(Answer::kErrorStarting,
                    "has not started yet, " + std::get<WaitOperation>(operation_).words);
    case ServiceState::kDone:
      return (verb == Verb::kPause || verb == Verb::kResume) &&
             refuse(Answer::kErrorStopped, "is done: nothing of it runs");
  }
  return false;
}

}  // namespace fectl::core
