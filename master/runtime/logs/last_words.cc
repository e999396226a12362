#include "master/runtime/logs/last_words.h"

#include <optional>

#include "master/core/boundary/cause.h"
#include "master/core/boundary/history.h"

namespace fectl::runtime {
namespace {

// A failure of a process that has run.
bool IsFailure(const core::Record& record) {
  using core::Milestone;
  const bool bad = record.milestone == Milestone::kLost || record.milestone == Milestone::kFailed ||
                   record.milestone == Milestone::kReloadFailed || record.milestone == Milestone::kRestartFailed;
  switch (record.cause.kind) {
    case core::Cause::Kind::kExited:
    case core::Cause::Kind::kSignaled:
    case core::Cause::Kind::kStartupTimeout:
    case core::Cause::Kind::kHeartbeatTimeout:
    case core::Cause::Kind::kConfigError:
    case core::Cause::Kind::kProtocolViolation:
    case core::Cause::Kind::kChannelClosed:
    case core::Cause::Kind::kRunTimeout:
    case core::Cause::Kind::kLeaseExpired:
      return bad;
    default:
      return false;
  }
}

}  // namespace

void LastWords::OnReport(const core::Report& report, core::Instant now) {
  if (!IsFailure(report.record)) return;
  const std::pair place(report.service, report.slot);
  words_[place] = {.slot = report.slot, .at = now, .asked = true};
  const core::Incarnation who{report.service, report.slot, report.generation};
  logs_->AskLast(who, now, [this, place, now](std::optional<std::string> lines) {
    const auto found = words_.find(place);
    if (found == words_.end() || found->second.at != now) return;  // it has failed again
    found->second.asked = false;
    found->second.lines = lines.value_or("");
  });
}

void LastWords::Forget(core::ServiceId service) {
  std::erase_if(words_, [service](const auto& entry) { return entry.first.first == service; });
}

const LastWords::Words* LastWords::Of(core::ServiceId service, uint32_t slot) const {
  const auto found = words_.find({service, slot});
  return found == words_.end() ? nullptr : &found->second;
}

const LastWords::Words* LastWords::Newest(core::ServiceId service, core::Instant since) const {
  const Words* newest = nullptr;
  for (auto it = words_.lower_bound({service, 0}); it != words_.end() && it->first.first == service; ++it) {
    const Words& words = it->second;
    if (words.lines.empty() || words.at < since) continue;
    if (newest == nullptr || newest->at < words.at) newest = &words;
  }
  return newest;
}

bool LastWords::awaits(core::ServiceId service) const {
  for (auto it = words_.lower_bound({service, 0}); it != words_.end() && it->first.first == service; ++it) {
    if (it->second.asked) return true;
  }
  return false;
}

}  // namespace fectl::runtime
