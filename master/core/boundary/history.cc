#include "master/core/boundary/history.h"

#include <string_view>
#include <utility>

#include "master/core/basis/limits.h"

namespace fectl::core {

std::string_view ToWord(Milestone milestone) {
  switch (milestone) {
    case Milestone::kStarting:
      return "starting";
    case Milestone::kRunning:
      return "running";
    case Milestone::kPaused:
      return "paused";
    case Milestone::kReloading:
      return "reloading";
    case Milestone::kRestarting:
      return "restarting";
    case Milestone::kReloadFailed:
      return "reload failed";
    case Milestone::kRestartFailed:
      return "restart failed";
    case Milestone::kStoppingOld:
      return "stopping old";
    case Milestone::kStopping:
      return "stopping";
    case Milestone::kStopped:
      return "stopped";
    case Milestone::kLost:
      return "lost";
    case Milestone::kFailed:
      return "failed";
    case Milestone::kAlarm:
      return "alarm";
    case Milestone::kCutShort:
      return "cut short";
    case Milestone::kReloadGivenUp:
      return "reload given up";
    case Milestone::kRestartGivenUp:
      return "restart given up";
    case Milestone::kCrashing:
      return "crashing";
    case Milestone::kRecovered:
      return "recovered";
    case Milestone::kDone:
      return "done";
    case Milestone::kExamined:
      return "examined";
  }
  return "";
}

void History::Add(Record record) {
  if (records_.empty()) records_.reserve(2);  // its start, and that it serves
  if (records_.size() == kHistoryRecords) records_.erase(records_.begin());
  records_.push_back(std::move(record));
}

}  // namespace fectl::core
