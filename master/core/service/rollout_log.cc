#include "master/core/service/rollout_log.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "master/core/boundary/cause.h"

namespace fectl::core {

void RolloutLog::Begin(Urgency urgency, PlanVersion plan, Instant now) {
  records_.resize(1);
  RolloutRecord& record = records_.front();
  record = {};
  record.urgency = urgency;
  record.plan = plan;
  record.began = now;
}

void RolloutLog::OnLoaded(const Slot& slot, Instant now) {
  for (RolledWorker& worker : records_.front().workers) {
    if (worker.slot != slot.index() || worker.loaded != kNever) continue;
    worker.pid = slot.pid_of(worker.generation);
    if (worker.pid != 0) worker.loaded = now;
  }
}

std::string RolloutLog::OnLost(const Slot& slot, Instant now) {
  for (RolledWorker& worker : records_.front().workers) {
    if (worker.slot != slot.index() || worker.lost != kNever) continue;
    worker.lost = now;
    worker.cause = slot.last_trouble();
    const auto& records = slot.history().records();
    for (auto newest = records.rbegin(); worker.pid == 0 && newest != records.rend(); ++newest) {
      if (newest->cause == worker.cause) worker.pid = newest->pid;
    }
    if (worker.loaded == kNever) return "";
    return "worker(" + std::to_string(slot.index() + 1) + ") " + ToWords(worker.cause) + ", " +
           SecondsInWords(now - worker.loaded) + " after it was loaded";
  }
  return "";
}

void RolloutLog::End(RolloutRecord::Outcome outcome, const std::string& words, Instant now) {
  records_.front().outcome = outcome;
  records_.front().words = words;
  records_.front().ended = now;
}

RolloutRecord::Outcome OutcomeOf(const ReplaceOperation& done, Answer answer) {
  using Outcome = RolloutRecord::Outcome;
  if (answer == Answer::kStarted) return Outcome::kDone;
  if (done.aborted) return Outcome::kAborted;
  return done.goes_back ? Outcome::kReverted : Outcome::kFailed;
}

ServiceReport::What ReportOf(RolloutRecord::Outcome outcome) {
  switch (outcome) {
    case RolloutRecord::Outcome::kDone:
      return ServiceReport::What::kRollDone;
    case RolloutRecord::Outcome::kReverted:
      return ServiceReport::What::kRollReverted;
    case RolloutRecord::Outcome::kUnderWay:
    case RolloutRecord::Outcome::kAborted:
    case RolloutRecord::Outcome::kStopped:
      return ServiceReport::What::kRollAborted;
    case RolloutRecord::Outcome::kFailed:
      break;
  }
  return ServiceReport::What::kRollFailed;
}

bool RolloutLog::SomeServeAgain(const ReplaceOperation& replace, const std::vector<Slot>& slots) const {
  const bool loading = replace.stage == ReplaceOperation::Stage::kLoading;
  const size_t served = loading ? replace.committed : replace.begun;
  for (size_t i = 0; i < served; ++i) {
    const RolledWorker& worker = records_.front().workers[i];
    if (worker.old_pid != 0 && slots[worker.slot].pid_on_duty() == worker.old_pid) return true;
  }
  return false;
}

}  // namespace fectl::core
