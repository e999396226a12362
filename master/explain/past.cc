#include "master/explain/past.h"

#include <algorithm>
#include <vector>

#include "master/explain/spoken.h"

namespace fectl::explain {
namespace {

using core::Cause;
using core::Milestone;
using core::Record;

bool IsEnd(const Cause& cause) {
  return cause.kind == Cause::Kind::kExited || cause.kind == Cause::Kind::kSignaled;
}

// For how long the process of the record had served then; -1: it was never loaded.
int64_t ServedFor(const std::vector<Record>& records, const Record& lost) {
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    const bool serves = record->milestone == Milestone::kRunning || record->milestone == Milestone::kPaused;
    if (serves && record->pid == lost.pid && record->pid != 0 && record->cause.kind != Cause::Kind::kRestored)
      return std::max<int64_t>(0, lost.wall_seconds - record->wall_seconds);
  }
  return -1;
}

// " before it was loaded", or for how long it had served.
std::string WhenItEnded(const core::Slot& slot, const Record& lost) {
  const int64_t served = ServedFor(slot.history().records(), lost);
  if (served >= 0) return ", after it had served for " + SpokenSeconds(served);
  return IsEnd(lost.cause) ? " before it was loaded" : "";
}

std::string SentenceAbout(const Cause& cause, Milestone milestone) {
  switch (cause.kind) {
    case Cause::Kind::kMasterStarted:
      return "fectld started it when it was started itself.";
    case Cause::Kind::kOperator:
      return milestone == Milestone::kReloading    ? "An operator reloaded the service."
             : milestone == Milestone::kRestarting ? "An operator restarted the service."
                                                   : "An operator had it started.";
    case Cause::Kind::kWorkerAsked:
      return "The worker before it asked to be replaced" +
             (cause.text.empty() ? "." : ": " + cause.text + ".");
    case Cause::Kind::kMoreWanted:
      return "The service was given more workers.";
    case Cause::Kind::kRequired:
      return "A start of " + cause.text + " requires it.";
    case Cause::Kind::kBeforeRoll:
      return "It is run before the workers of " + cause.text + " are replaced.";
    default:
      return Sentence(core::ToWords(cause)) + ".";
  }
}

}  // namespace

const Record* Newest(const core::Slot& slot, std::initializer_list<Milestone> milestones) {
  const std::vector<Record>& records = slot.history().records();
  const auto found = std::find_if(records.rbegin(), records.rend(), [&](const Record& record) {
    return std::find(milestones.begin(), milestones.end(), record.milestone) != milestones.end();
  });
  return found == records.rend() ? nullptr : &*found;
}

std::string LossWords(const core::Slot& slot) {
  const Record* lost = Newest(slot, {Milestone::kLost});
  if (lost == nullptr) return core::ToWords(slot.last_trouble());
  // Where it hangs is found out later, and kept with the trouble.
  const bool same =
      slot.last_trouble().kind == lost->cause.kind && slot.last_trouble().number == lost->cause.number;
  std::string words = core::ToWords(same ? slot.last_trouble() : lost->cause);
  return words + WhenItEnded(slot, *lost);
}

std::string OriginOf(const core::Slot& slot, const core::Process& process, const Cause& asked) {
  Milestone milestone = Milestone::kStarting;
  Cause cause = asked;
  for (const Record& record : slot.history().records()) {
    const bool begins = record.milestone == Milestone::kStarting ||
                        record.milestone == Milestone::kReloading ||
                        record.milestone == Milestone::kRestarting;
    if (!begins || record.pid != process.pid || process.pid == 0) continue;
    milestone = record.milestone;
    cause = record.cause;
  }
  if (cause.kind == Cause::Kind::kAfterCrash || cause.kind == Cause::Kind::kAfterFailedStart) {
    const std::string words = LossWords(slot);
    if (!words.empty()) return "The process before it " + words + ".";
  }
  return cause.kind == Cause::Kind::kNone ? "" : SentenceAbout(cause, milestone);
}

std::string FailedReplacement(const core::Slot& slot, const std::string& who) {
  const std::vector<Record>& records = slot.history().records();
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    const bool is_reload = record->milestone == Milestone::kReloadFailed;
    if (is_reload || record->milestone == Milestone::kRestartFailed) {
      if (record->cause.kind == Cause::Kind::kOtherFailed) return "";  // the other one tells
      return std::string("The last ") + (is_reload ? "reload" : "restart") + " failed: the new process of " +
             who + " " + core::ToWords(record->cause) + WhenItEnded(slot, *record) + ".";
    }
    const bool is_newer = record->milestone == Milestone::kRunning || record->milestone == Milestone::kPaused;
    if (is_newer && record->cause.kind != Cause::Kind::kRestored) return "";
  }
  return "";
}

std::string WhyItLeft(const core::Slot& slot) {
  const std::vector<Record>& records = slot.history().records();
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    switch (record->cause.kind) {
      case Cause::Kind::kOperator:
        return "An operator stopped it.";
      case Cause::Kind::kMasterStops:
        return "fectld stops.";
      case Cause::Kind::kFewerWanted:
        return "The service was given fewer workers.";
      case Cause::Kind::kRemoved:
        return "The service was removed from the configuration.";
      default:
        break;  // how it left, and what was done about that
    }
  }
  return "";
}

}  // namespace fectl::explain
