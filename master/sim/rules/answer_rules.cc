#include "master/sim/rules/answer_rules.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "master/sim/rules/facts.h"

namespace fectl::sim {
namespace {

using core::Answer;
using core::ServiceState;
using core::Verb;

}  // namespace

void AnswerRules::BeforeStep(const core::Supervisor& supervisor, const core::Event& event) {
  const auto* commanded = std::get_if<core::Commanded>(&event);
  const core::Service* service = commanded == nullptr ? nullptr : supervisor.Find(commanded->service);
  rolled_ = false;
  could_wait_ = false;
  if (service == nullptr) return;
  marks_->Commanded(service->state(), commanded->verb);
  const core::ReplaceOperation* rollout = service->rollout();
  rolled_ = rollout != nullptr && !rollout->goes_back;
  could_wait_ = rolled_ && (rollout->stage != core::ReplaceOperation::Stage::kLoading || rollout->held);
}

void AnswerRules::OnEvent(const View& view) {
  SeeStarts(view);
  for (core::ServiceId id = 0; id < view.ledger.services(); ++id) {
    if (view.changes(id)) changed_at_[id] = view.at.now;
  }
  if (const auto* loaded = view.event_as<core::WorkerLoaded>()) {
    const Life* life = view.ledger.Find(loaded->who);
    if (life != nullptr && life->on_duty())
      last_on_duty_.At(loaded->who.service, loaded->who.slot) = view.at.now;
  } else if (const auto* commanded = view.event_as<core::Commanded>()) {
    open_[commanded->request] = {false, commanded->verb, commanded->service, view.at.now};
  } else if (const auto* shutdown = view.event_as<core::ShutdownAsked>()) {
    if (shutdown->request != 0) open_[shutdown->request] = {.of_shutdown = true, .asked_at = view.at.now};
  }
}

void AnswerRules::SeeStarts(const View& view) {
  for (core::ServiceId id = 0; id < view.ledger.services(); ++id) {
    const core::Service* service = view.Find(id);
    const bool now = service != nullptr && service->state() == ServiceState::kStarting;
    if (now && !is_starting_[id]) {
      start_began_[id] = view.at.now;
      for (uint32_t slot = 0; slot < view.ledger.slots(id); ++slot) {
        const std::vector<Life>& lives = view.ledger.InSlot(id, slot);
        if (std::any_of(lives.begin(), lives.end(), [](const Life& life) { return life.on_duty(); }))
          last_on_duty_.At(id, slot) = view.at.now;
      }
    }
    is_starting_[id] = now;
  }
}

void AnswerRules::OnEffect(const View& view, const core::Effect& effect) {
  if (const auto* spawn = std::get_if<core::Spawn>(&effect))
    spawned_at_.At(spawn->who.service, spawn->who.slot) = view.at.now;
  if (const auto* report = std::get_if<core::Report>(&effect)) {
    NoteRun(view, *report);
    NoteTrouble(view, *report);
  }
  const auto* reply = std::get_if<core::Reply>(&effect);
  if (reply == nullptr) return;
  const auto found = open_.find(reply->request);
  if (found == open_.end())
    return view.Break("one answer for each request (I20)", std::to_string(reply->request));
  if (!IsTrue(view, *reply, found->second)) {
    view.Break("answers are true (I20)", "request " + std::to_string(reply->request) + ", answer " +
                                             std::to_string(static_cast<int>(reply->answer)) + " " +
                                             reply->words);
  }
  // As good a reason as any other.
  if (found->second.verb == Verb::kAbort && reply->answer == Answer::kDone)
    trouble_at_[found->second.service] = view.at.now;
  open_.erase(found);
}

bool AnswerRules::IsTrue(const View& view, const core::Reply& reply, const Request& request) const {
  if (request.of_shutdown) {
    return reply.answer == Answer::kDone && !view.effects.empty() &&
           std::holds_alternative<core::Finish>(view.effects.back());
  }
  const core::Service* const found = view.Find(request.service);
  if (reply.answer == Answer::kErrorUnknownService) return found == nullptr;
  // It was forgotten in this very step.
  if (found == nullptr) return (reply.answer == Answer::kStopped) == (request.verb == Verb::kStop);
  const core::Service& service = *found;
  const bool replaces = request.verb == Verb::kReload || request.verb == Verb::kRestart;
  switch (reply.answer) {
    case Answer::kStarted:
      if (view.ledger.policy(request.service).oneshot)
        return IsReported(view, request, core::Milestone::kDone);
      if (replaces) return AllAreNew(view, request) && IsRolledInOrder(view, request);
      return request.verb == Verb::kStart && AllCameUp(view, request.service) &&
             service.state() != ServiceState::kStarting && service.state() != ServiceState::kFailed;
    case Answer::kStopped:
      // A start that waited for it follows at once.
      return request.verb == Verb::kStop &&
             (service.state() == ServiceState::kStopped || service.state() == ServiceState::kStarting ||
              service.state() == ServiceState::kWaiting);
    case Answer::kFailed:
      if (reply.words.empty()) return false;
      // A roll that needs it may have it tried again at once.
      if (reply.words.starts_with("blocked: ")) return service.waiting() != nullptr;
      if (replaces) return TroubleIsReported(view, reply, request) || OneshotHasFailed(view, reply, request);
      // A reload that waited may follow at once.
      return request.verb == Verb::kStart &&
             (service.state() == ServiceState::kFailed || service.state() == ServiceState::kReloading ||
              service.waiting_for_room() > 0 || IsReported(view, request, core::Milestone::kFailed));
    case Answer::kDone:
      if (request.verb >= Verb::kPromote) return rolled_ && (request.verb != Verb::kPromote || could_wait_);
      return request.verb == (service.paused() ? Verb::kPause : Verb::kResume);
    default:
      return RefusalIsTrue(view, reply, request);
  }
}

bool AnswerRules::IsReported(const View& view, const Request& request, core::Milestone milestone) {
  return std::any_of(view.effects.begin(), view.effects.end(), [&](const core::Effect& effect) {
    const auto* report = std::get_if<core::Report>(&effect);
    return report != nullptr && report->service == request.service && report->record.milestone == milestone;
  });
}

void AnswerRules::NoteTrouble(const View& view, const core::Report& report) {
  const core::Milestone milestone = report.record.milestone;
  if (milestone == core::Milestone::kLost || milestone == core::Milestone::kReloadFailed ||
      milestone == core::Milestone::kRestartFailed)
    trouble_at_[report.service] = view.at.now;
}

// In this step, or in an earlier one, since when it went back.
bool AnswerRules::TroubleIsReported(const View& view, const core::Reply& reply,
                                    const Request& request) const {
  const bool too_slow = reply.words.starts_with("no worker was loaded for ") &&
                        view.ledger.policy(request.service).rollout.progress_deadline > core::Span{};
  return trouble_at_[request.service] >= request.asked_at || too_slow;
}

bool AnswerRules::VerbIsRefusedRightly(const View& view, const Request& request) const {
  const core::Service& service = view.service(request.service);
  if (request.verb == Verb::kStart) return service.rollout() != nullptr && could_wait_;
  return request.verb >= Verb::kPromote && (!rolled_ || (request.verb == Verb::kPromote && !could_wait_));
}

// Before the first worker was replaced.
bool AnswerRules::OneshotHasFailed(const View& view, const core::Reply& reply, const Request& request) {
  const std::string& oneshot = view.ledger.policy(request.service).before_roll;
  return !oneshot.empty() && reply.words.starts_with(oneshot + " failed: ");
}

// A run of the oneshot has begun after the request and ended with 0 before the first worker was replaced
// (I41).
bool AnswerRules::IsRolledInOrder(const View& view, const Request& request) const {
  const bool ordered = !view.ledger.policy(request.service).before_roll.empty();
  if (!ordered || changed_at_[request.service] >= request.asked_at) return true;
  for (uint32_t slot = 0; slot < view.ledger.policy(request.service).num; ++slot) {
    if (spawned_at_.At(request.service, slot) < request.rolled_at) return false;
  }
  return request.rolled_at != core::kNever;
}

void AnswerRules::NoteRun(const View& view, const core::Report& report) {
  if (report.record.milestone != core::Milestone::kDone) return;
  const std::string& name = view.ledger.policy(report.service).name;
  for (auto& [number, request] : open_) {
    const bool counts = !request.of_shutdown && request.service < view.ledger.services() &&
                        view.ledger.policy(request.service).before_roll == name &&
                        spawned_at_.At(report.service, report.slot) >= request.asked_at;
    if (counts) request.rolled_at = std::min(request.rolled_at, view.at.now);
  }
}

// A refusal comes at once and is all that comes of the command, but for one that a stop overtook, and for a
// start that had to wait.
bool AnswerRules::RefusalIsTrue(const View& view, const core::Reply& reply, const Request& request) const {
  const ServiceState state = view.service(request.service).state();
  const auto* commanded = view.event_as<core::Commanded>();
  const bool at_once = commanded != nullptr && commanded->request == reply.request;
  const bool down =
      state == ServiceState::kStopping || state == ServiceState::kStopped || view.supervisor.shutting_down();
  const bool runs = state == ServiceState::kRunning || state == ServiceState::kPaused;
  // A start waits for the end of a reload, and may find then that the service runs.
  const bool held = request.verb == Verb::kStart && reply.answer == Answer::kErrorRunning;
  // A oneshot that was told to stop is started again at once, where a roll that waited needs it.
  const bool told_to_stop =
      commanded != nullptr && commanded->verb == Verb::kStop && commanded->service == request.service;
  if (!at_once) return (reply.answer == Answer::kErrorStopping && (down || told_to_stop)) || (held && runs);
  if (view.effects.size() != 1 || reply.words.empty()) return false;
  switch (reply.answer) {
    case Answer::kErrorStarting:
      return state == ServiceState::kStarting || state == ServiceState::kWaiting;
    case Answer::kErrorRunning:
      return VerbIsRefusedRightly(view, request) ||
             (runs && (request.verb == Verb::kStart || view.ledger.policy(request.service).oneshot));
    case Answer::kErrorReloading:
      return state == ServiceState::kReloading;
    case Answer::kErrorStopping:
      return state == ServiceState::kStopping || view.supervisor.shutting_down();
    case Answer::kErrorStopped:
      return state == ServiceState::kStopped || state == ServiceState::kDone;
    case Answer::kErrorFailed:
      return state == ServiceState::kFailed && view.service(request.service).ready() == 0;
    default:
      return false;
  }
}

// Each slot has had a worker that was loaded since the start began (or served then).
bool AnswerRules::AllCameUp(const View& view, core::ServiceId service) const {
  for (uint32_t slot = 0; slot < view.ledger.policy(service).num; ++slot) {
    if (last_on_duty_.At(service, slot) < start_began_[service]) return false;
  }
  return true;
}

// No worker serves that was started before it was asked for.
bool AnswerRules::AllAreNew(const View& view, const Request& request) const {
  for (uint32_t slot = 0; slot < view.ledger.policy(request.service).num; ++slot) {
    if (spawned_at_.At(request.service, slot) < request.asked_at) return false;
    for (const Life& life : view.ledger.InSlot(request.service, slot)) {
      if (life.on_duty() && life.spawned_at < request.asked_at) return false;
    }
  }
  return true;
}

}  // namespace fectl::sim
