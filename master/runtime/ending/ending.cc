#include "master/runtime/ending/ending.h"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <utility>

namespace fectl::runtime {
namespace {

// As sh says it of a program that cannot be executed, and sysexits of no other.
constexpr int kNotStarted = 127;
// With which a worker of the SDK exits after it said what is wrong with its configuration.
constexpr int kConfigErrorCode = 99;
constexpr int kSignalBase = 128;
// Kubernetes keeps as much.
constexpr size_t kTextBytesMax = 4096;
// The logger answers within 100 ms or not at all.
constexpr core::Span kLinesWait = core::Milliseconds(200);

}  // namespace

int ExitCodeFor(const core::Cause& cause) {
  switch (cause.kind) {
    case core::Cause::Kind::kExited:
      return cause.number == 0 ? 1 : cause.number;
    case core::Cause::Kind::kSignaled:
      return kSignalBase + cause.number;
    case core::Cause::Kind::kSpawnFailed:
      return kNotStarted;
    case core::Cause::Kind::kConfigError:
      return kConfigErrorCode;
    // What did not do its duty is killed.
    case core::Cause::Kind::kStartupTimeout:
    case core::Cause::Kind::kHeartbeatTimeout:
    case core::Cause::Kind::kRunTimeout:
    case core::Cause::Kind::kLeaseExpired:
    case core::Cause::Kind::kProtocolViolation:
    case core::Cause::Kind::kChannelClosed:
      return kSignalBase + SIGKILL;
    default:
      return 1;
  }
}

std::string EndingText(std::string_view service, uint32_t slot, const core::Cause& cause,
                       std::string_view lines) {
  std::string text = std::string(service) + " worker(" + std::to_string(slot + 1) +
                     ") failed: " + core::ToWords(cause) + "\n";
  text.resize(std::min(text.size(), kTextBytesMax));
  const size_t room = kTextBytesMax - text.size();
  if (lines.size() > room) {
    // Whole lines, the newest.
    lines.remove_prefix(lines.size() - room);
    lines.remove_prefix(std::min(lines.find('\n'), lines.size() - 1) + 1);
  }
  return text + std::string(lines);
}

bool Ending::PutOff(core::Instant now) {
  if (has_begun_ || stop_delay_ <= core::Span{} || due_at_ != core::kNever) return false;
  due_at_ = now + stop_delay_;
  return true;
}

void Ending::OnFailure(Failure failure, core::Instant now) {
  if (has_begun_ || failure_.has_value()) return;
  failure_ = std::move(failure);
  lines_by_ = now + kLinesWait;
}

void Ending::OnBegun() {
  has_begun_ = true;
}

bool Ending::IsDue(core::Instant now, bool lines_are_known) const {
  if (has_begun_) return false;
  return due_at_ <= now || (failure_.has_value() && (lines_are_known || lines_by_ <= now));
}

core::Instant Ending::next_deadline() const {
  return has_begun_ ? core::kNever : std::min(due_at_, lines_by_);
}

}  // namespace fectl::runtime
