#include "master/sim/rules/record_rules.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "master/core/basis/limits.h"
#include "master/core/boundary/cause.h"
#include "master/sim/rules/facts.h"

namespace fectl::sim {
namespace {

using CauseKind = core::Cause::Kind;
using core::Milestone;

// The record of a replacement that has begun.
bool Begins(Milestone milestone) {
  return milestone == Milestone::kReloading || milestone == Milestone::kRestarting;
}

bool IsReplacementFailure(Milestone milestone) {
  return milestone == Milestone::kReloadFailed || milestone == Milestone::kRestartFailed ||
         milestone == Milestone::kReloadGivenUp || milestone == Milestone::kRestartGivenUp;
}

int32_t InMilliseconds(core::Span span) {
  return static_cast<int32_t>(span.ns / 1'000'000);
}

// The process that a record is about. One that never came has no number: the event says who it was.
const Life* Subject(const View& view, const core::Report& report) {
  const core::Incarnation* who = view.event == nullptr ? nullptr : Concerns(*view.event);
  if (report.record.pid == 0 && who != nullptr && who->service == report.service && who->slot == report.slot)
    return view.ledger.Find(*who);
  return view.ledger.WithPid(report.service, report.slot, report.record.pid);
}

// Whether it is told to leave now, since no message came in time or, `unfinished`, not to the end of a
// message.
bool IsOverdue(const View& view, const Life* life, bool unfinished) {
  return life != nullptr && life->overdue && life->told_at == view.at.now && life->unfinished == unfinished;
}

std::string WordsOfTheEnd(const core::Exited& exited) {
  std::string words = exited.words.empty() ? "" : ", " + exited.words;
  if (exited.core_dumped) words += ", core dumped";
  if (exited.out_of_memory) words += ", out of memory";
  if (exited.inside_message) words += ", inside a message";
  if (exited.group_left) words += ", processes that it had started are left";
  return words.empty() ? words : words.substr(2);
}

// Whether the event is the end that the record tells of, code or signal unmodified.
bool IsOfTheEnd(const View& view, const core::Report& report) {
  const core::Cause& cause = report.record.cause;
  const Life* life = Subject(view, report);
  if (life == nullptr || !view.is_about(life->who)) return false;
  if (const auto* exited = view.event_as<core::Exited>()) {
    if (report.record.milestone == Milestone::kCutShort) {
      return life->told_by_signal && exited->signaled && exited->number == 15 &&
             cause.kind == CauseKind::kSignaled && cause.text.ends_with(core::kCutShortHint);
    }
    return cause.kind == (exited->signaled ? CauseKind::kSignaled : CauseKind::kExited) &&
           cause.number == exited->number && cause.text == WordsOfTheEnd(*exited);
  }
  const auto* failed = view.event_as<core::SpawnFailed>();
  return failed != nullptr && cause.kind == CauseKind::kSpawnFailed && cause.text == failed->words;
}

bool WasCommanded(const View& view, CauseKind cause) {
  // Or another service needs it.
  if (cause == CauseKind::kGaveWay && view.ledger.ordered()) return true;
  const auto* commanded = view.event_as<core::Commanded>();
  const core::Verb verb = cause == CauseKind::kToldToStop ? core::Verb::kStop : core::Verb::kStart;
  return commanded != nullptr && commanded->verb == verb;
}

// Another service names it so, or did when it was started.
bool IsNeeded(const View& view, const core::Report& report) {
  for (core::ServiceId id = 0; id < view.ledger.services(); ++id) {
    if (view.ledger.policy(id).name == report.record.cause.text) return id != report.service;
  }
  return false;
}

// The service is to have fewer workers, or is to be no more.
bool WasChanged(const View& view, const core::Report& report) {
  if (report.record.cause.kind == CauseKind::kRemoved)
    return view.event_as<core::ServiceRemoved>() != nullptr && view.ledger.removed(report.service);
  return view.changes(report.service) && report.slot >= view.ledger.policy(report.service).num;
}

// By a message of the process itself, or by what it left of one.
bool WasSaid(const View& view, const core::Cause& cause, const Life* life) {
  if (cause.kind == CauseKind::kConfigError) {
    const auto* error = view.event_as<core::WorkerConfigError>();
    return error != nullptr && life != nullptr && error->who == life->who && error->words == cause.text;
  }
  if (cause.kind == CauseKind::kFound) {
    const auto* examined = view.event_as<core::Examined>();
    return examined != nullptr && life != nullptr && life->examined && examined->who == life->who &&
           examined->words == cause.text;
  }
  if (cause.kind == CauseKind::kDisproved) {
    const auto* disproved = view.event_as<core::WorkerDisproved>();
    return disproved != nullptr && life != nullptr && disproved->who == life->who &&
           disproved->words == cause.text;
  }
  const auto* violated = view.event_as<core::WorkerViolated>();
  if (violated == nullptr) return IsOverdue(view, life, true) && cause.text == core::kUnfinishedMessage;
  return life != nullptr && violated->who == life->who && violated->words == cause.text;
}

// Of one that was told to leave before.
bool LeavingCauseHolds(const View& view, const core::Report& report, const Life& life) {
  switch (report.record.cause.kind) {
    case CauseKind::kShutdownTimeout:
      return life.told() && !life.told_kill && life.deadline <= view.at.now &&
             report.record.cause.number == InMilliseconds(life.grace);
    case CauseKind::kHurried:
      return life.has_time() && life.deadline > view.at.now + core::kHurriedGrace &&
             report.record.cause.number == InMilliseconds(core::kHurriedGrace);
    case CauseKind::kTooManyLeaving:
      return view.ledger.WithTime(report.service, report.slot) +
                     (view.event_as<core::TimePassed>() != nullptr ? 1 : 0) >
                 view.ledger.policy(report.service).rollout.max_old_generations &&
             view.ledger.FirstTold(report.service, report.slot) == &life;
    case CauseKind::kUnkillable:
      return life.told_kill && !life.alarmed && life.deadline <= view.at.now;
    case CauseKind::kGroupEnded:
      return life.process_ended && view.event_as<core::GroupEnded>() != nullptr && view.is_about(life.who);
    default:
      return false;
  }
}

// Of one that is replaced, or has to prove itself, or of the one that is kept meanwhile.
bool RolloutCauseHolds(const View& view, const core::Report& report, const Life* life) {
  if (report.record.cause.kind == CauseKind::kAborted) {
    const auto* commanded = view.event_as<core::Commanded>();
    return commanded != nullptr && commanded->service == report.service &&
           commanded->verb == core::Verb::kAbort;
  }
  if (report.record.cause.kind == CauseKind::kRecycled) {
    // The one that it follows, or itself. That may be gone.
    const std::vector<Life>& lives = view.ledger.InSlot(report.service, report.slot);
    return !Begins(report.record.milestone) ||
           std::any_of(lives.begin(), lives.end(), [&](const Life& one) { return one.is_old(view.at.now); });
  }
  if (life == nullptr) return false;
  if (report.record.cause.kind == CauseKind::kKept)
    return !life->active && life->on_duty() && view.ledger.Successor(*life) != nullptr;
  return life->kept;
}

// Of one that is told to leave since no message came in time.
bool LatenessHolds(const View& view, const core::Cause& cause, const Life& life) {
  const core::ServicePolicy& policy = view.ledger.policy(life.who.service);
  if (life.ran_out != (cause.kind == CauseKind::kLeaseExpired)) return false;
  switch (cause.kind) {
    case CauseKind::kStartupTimeout:
      return !life.loaded && !life.oneshot && cause.number == InMilliseconds(policy.startup_timeout);
    case CauseKind::kRunTimeout:
      return life.oneshot && cause.number == InMilliseconds(policy.timeout);
    case CauseKind::kHeartbeatTimeout:
      return life.loaded && !life.closed && cause.number == InMilliseconds(life.timeout);
    case CauseKind::kChannelClosed:
      return life.closed && !life.oneshot;
    case CauseKind::kLeaseExpired:
      return cause.number == InMilliseconds(life.busy.length) && cause.text == life.busy.why;
    default:
      return false;
  }
}

}  // namespace

void RecordRules::OnEvent(const View& view) {
  known_end_ = false;
  end_records_ = 0;
  ended_nexts_ = 0;
  failure_records_ = 0;
  if (const auto* changed = view.event_as<core::PlanChanged>();
      changed != nullptr && changed->service < view.ledger.services()) {
    // Fewer may fail now: the next one is the last, whatever was before.
    const uint32_t allowed = std::max(1U, view.ledger.policy(changed->service).restarts);
    for (FailedStarts& failed : failed_starts_.Of(changed->service))
      failed.at_least = std::min(failed.at_least, allowed - 1);
  }
  const core::Incarnation* who = view.event == nullptr ? nullptr : Concerns(*view.event);
  const Life* life = who == nullptr ? nullptr : view.ledger.Find(*who);
  if (life == nullptr) return;
  if (Ends(*view.event)) {
    // Of a removed service that was forgotten beside a process which outlived SIGKILL nothing is recorded.
    known_end_ = view.Find(who->service) != nullptr || !life->alarmed;
    const auto* exited = view.event_as<core::Exited>();
    const bool left = exited != nullptr && !exited->signaled && life->excused;
    if (!life->told() && (view.ledger.IsNext(*life) || (life->proves && !left))) ++ended_nexts_;
  }
  if (view.event_as<core::WorkerLoaded>() != nullptr && !life->told())
    failed_starts_.At(who->service, who->slot) = {};
}

void RecordRules::OnEffect(const View& view, const core::Effect& effect) {
  const auto* send = std::get_if<core::Send>(&effect);
  const auto* signal = std::get_if<core::Signal>(&effect);
  const auto* examine = std::get_if<core::Examine>(&effect);
  const bool tells =
      signal != nullptr || examine != nullptr || (send != nullptr && send->order == core::Order::kStop);
  if (tells) {
    const Life* life = view.ledger.Find(signal != nullptr    ? signal->who
                                        : examine != nullptr ? examine->who
                                                             : send->who);
    const bool begins = life != nullptr && !life->told() && !life->process_ended;
    if (begins && (view.ledger.IsNext(*life) || life->proves)) ++ended_nexts_;
  }
  if (const auto* report = std::get_if<core::Report>(&effect)) OnReport(view, *report);
}

void RecordRules::OnReport(const View& view, const core::Report& report) {
  const Milestone milestone = report.record.milestone;
  if (IsReplacementFailure(milestone)) ++failure_records_;
  if (milestone == Milestone::kFailed) return GivenUpByPolicyOnly(view, report);
  if (milestone == Milestone::kStarting && report.record.cause.kind != CauseKind::kAfterFailedStart)
    failed_starts_.At(report.service, report.slot) = {};
  if (milestone == Milestone::kLost) OnLost(view, report);
  if (known_end_ && IsOfTheEnd(view, report)) ++end_records_;
  CauseHolds(view, report);
}

void RecordRules::OnLost(const View& view, const core::Report& report) {
  const Life* life = Subject(view, report);
  if (life == nullptr || life->loaded) return;
  FailedStarts& failed = failed_starts_.At(report.service, report.slot);
  ++failed.at_most;
  if (life->pid == 0) {
    failed.at_least = 0;  // nothing was said of why it was started: perhaps at somebody's word
    return;
  }
  const auto* start = view.event_as<core::SpawnFailed>();
  if (start != nullptr && start->failure == core::StartFailure::kTransient) return;  // the system's fault
  if (++failed.at_least > std::max(1U, view.ledger.policy(report.service).restarts))
    view.Break("given up where the policy says so (I14)", Name(report.service, report.slot));
}

// Every kill carries its cause, and what the cause says was so.
namespace {

bool NeedsNoCause(const View& view, Milestone milestone, const Life* life) {
  return milestone == Milestone::kRunning || milestone == Milestone::kPaused ||
         (milestone == Milestone::kRecovered && life != nullptr && life->on_duty() &&
          life->loaded_at + core::kStableAfter <= view.at.now);
}

bool IsOfAReplacement(CauseKind cause) {
  return cause == CauseKind::kOperator || cause == CauseKind::kWorkerAsked || cause == CauseKind::kRecycled ||
         cause == CauseKind::kWentBack;
}

bool IsCrashLoop(const core::Record& record) {
  return record.milestone == Milestone::kCrashing &&
         record.cause.number >= static_cast<int32_t>(core::kCrashingFrom) && !record.cause.text.empty();
}

}  // namespace

void RecordRules::CauseHolds(const View& view, const core::Report& report) const {
  const core::Cause& cause = report.record.cause;
  const Life* life = Subject(view, report);
  bool holds = report.record.pid == 0 || life != nullptr;
  switch (cause.kind) {
    case CauseKind::kNone:
      holds = holds && NeedsNoCause(view, report.record.milestone, life);
      break;
    case CauseKind::kExited:
    case CauseKind::kSignaled:
    case CauseKind::kSpawnFailed:
      holds = IsOfTheEnd(view, report);
      break;
    case CauseKind::kStartupTimeout:
    case CauseKind::kRunTimeout:
    case CauseKind::kHeartbeatTimeout:
    case CauseKind::kLeaseExpired:
    case CauseKind::kChannelClosed:
      holds = IsOverdue(view, life, false) && LatenessHolds(view, cause, *life);
      break;
    case CauseKind::kRequired:
    case CauseKind::kBeforeRoll:
      holds = holds && IsNeeded(view, report);
      break;
    case CauseKind::kShutdownTimeout:
    case CauseKind::kHurried:
    case CauseKind::kTooManyLeaving:
    case CauseKind::kGroupEnded:
    case CauseKind::kUnkillable:
      holds = life != nullptr && LeavingCauseHolds(view, report, *life);
      break;
    case CauseKind::kToldToStop:
    case CauseKind::kGaveWay:
      holds = WasCommanded(view, cause.kind);
      break;
    case CauseKind::kCrashLoop:
      holds = IsCrashLoop(report.record);
      break;
    case CauseKind::kFewerWanted:
    case CauseKind::kRemoved:
      holds = WasChanged(view, report);
      break;
    case CauseKind::kConfigError:
    case CauseKind::kProtocolViolation:
    case CauseKind::kFound:
    case CauseKind::kDisproved:
      holds = WasSaid(view, cause, life);
      break;
    case CauseKind::kRecycled:
    case CauseKind::kKept:
    case CauseKind::kProven:
    case CauseKind::kAborted:
      holds = holds && RolloutCauseHolds(view, report, life);
      break;
    default:
      break;
  }
  if (!holds || (Begins(report.record.milestone) && !IsOfAReplacement(cause.kind)))
    view.Break("a cause is true (I5)", Name(report.service, report.slot) + " " + core::ToWords(cause));
}

void RecordRules::GivenUpByPolicyOnly(const View& view, const core::Report& report) {
  const uint32_t allowed = view.ledger.policy(report.service).oneshot
                               ? 1U
                               : std::max(1U, view.ledger.policy(report.service).restarts);
  failed_starts_.At(report.service, report.slot).at_least = 0;
  if (report.record.cause.kind == CauseKind::kConfigError) return;
  if (failed_starts_.At(report.service, report.slot).at_most < allowed)
    view.Break("given up by policy only (I14)", Name(report.service, report.slot));
}

void RecordRules::AfterStep(const View& view) const {
  if (view.event != nullptr && Ends(*view.event)) ExitIsRecordedOnce(view);
  FailedReplacementIsReportedOnce(view);
  HistoryKeepsWhatWasReported(view);
}

void RecordRules::ExitIsRecordedOnce(const View& view) const {
  if (end_records_ == (known_end_ ? 1 : 0)) return;
  view.Break("an exit is recorded once, as it was (I11)",
             Name(*Concerns(*view.event)) + " was recorded " + std::to_string(end_records_) + " times");
}

void RecordRules::FailedReplacementIsReportedOnce(const View& view) const {
  if (ended_nexts_ == failure_records_) return;
  view.Break(
      "a failed replacement is reported once (I4)",
      std::to_string(ended_nexts_) + " failed, " + std::to_string(failure_records_) + " were reported");
}

void RecordRules::HistoryKeepsWhatWasReported(const View& view) const {
  for (size_t i = 0; i < view.effects.size(); ++i) {
    const auto* report = std::get_if<core::Report>(&view.effects[i]);
    if (report == nullptr) continue;
    size_t later = 0;  // of the same slot
    for (size_t j = i + 1; j < view.effects.size(); ++j) {
      const auto* other = std::get_if<core::Report>(&view.effects[j]);
      later += other != nullptr && other->service == report->service && other->slot == report->slot ? 1 : 0;
    }
    const core::Service* service = view.Find(report->service);
    if (service == nullptr || report->slot >= service->slots().size())
      continue;  // forgotten with its last process
    const auto& records = service->slots()[report->slot].history().records();
    if (later >= records.size() && records.size() == core::kHistoryRecords) continue;  // of newer ones
    if (later >= records.size() || !(records[records.size() - 1 - later] == report->record))
      view.Break("the history keeps what was reported (I31)", Name(report->service, report->slot));
  }
}

}  // namespace fectl::sim
