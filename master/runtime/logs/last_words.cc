#include "master/runtime/logs/last_words.h"

#include <optional>

#include "master/core/boundary/cause.h"
#include "master/core/boundary/history.h"
#include "proto_spec/base/utf8.h"

namespace fectl::runtime {
namespace {

// A failure of a process that has run.
bool IsFailure(const core::Record& record) {
  using core::Milestone;
  const bool bad = record.milestone == Milestone::kLost || record.milestone == Milestone::kFailed ||
                   record.milestone == Milestone::kReloadFailed ||
                   record.milestone == Milestone::kRestartFailed;
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
  const std::pair place(report.service, report.slot);
  const auto before = words_.find(place);
  // An old worker that goes on after a failed replacement says so, too.
  if (report.record.milestone == core::Milestone::kRunning && before != words_.end() &&
      before->second.generation < report.generation) {
    words_.erase(before);
  }
  if (!IsFailure(report.record)) return;
  const uint64_t number = ++failures_;
  words_[place] = {.number = number, .generation = report.generation, .at = now, .asked = true};
  const core::Incarnation who{report.service, report.slot, report.generation};
  logs_->AskLast(who, now, [this, place, number](std::optional<std::string> lines) {
    const auto found = words_.find(place);
    if (found == words_.end() || found->second.number != number) return;  // it has failed again
    found->second.asked = false;
    found->second.lines = base::ToUtf8(lines.value_or(""));
  });
}

void LastWords::Forget(core::ServiceId service) {
  std::erase_if(words_, [service](const auto& entry) { return entry.first.first == service; });
}

const LastWords::Words* LastWords::Of(core::ServiceId service, uint32_t slot) const {
  const auto found = words_.find({service, slot});
  return found == words_.end() ? nullptr : &found->second;
}

std::optional<uint32_t> LastWords::FailedLast(core::ServiceId service, core::Instant since) const {
  std::optional<uint32_t> slot;
  uint64_t number = 0;
  for (auto it = words_.lower_bound({service, 0}); it != words_.end() && it->first.first == service; ++it) {
    if (it->second.at < since || it->second.number < number) continue;
    slot = it->first.second;
    number = it->second.number;
  }
  return slot;
}

}  // namespace fectl::runtime
