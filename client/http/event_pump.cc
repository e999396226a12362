#include "client/http/event_pump.h"

#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "client/http/event_frames.h"
#include "client/session/connect.h"

namespace fectl::http {
namespace {

// The logger's own thread accepts, at once.
constexpr int64_t kConnectMs = 50;
// A logger that died has a successor within some milliseconds.
constexpr int64_t kAgainMs = 100;
// Less than the minute after which proxies take a silent connection for dead.
constexpr int64_t kIdleMs = 15'000;

}  // namespace

absl::Status EventPump::Open(int64_t now_ms, int64_t now) {
  // Without an event there is no place to go on from, but a time.
  if (opened_at_ != 0 && request_.now) {
    request_.now = false;
    request_.since_ms = opened_at_ * 1000;
  }
  if (opened_at_ == 0) opened_at_ = now;
  const client::Limits limits = {.deadline_ms = now_ms + kConnectMs, .silence_ms = kConnectMs};
  absl::StatusOr<client::LogStream> opened = client::LogStream::Open(path_, limits, request_);
  wake_ms_ = now_ms + (opened.ok() ? kIdleMs : kAgainMs);
  if (!opened.ok()) return opened.status();
  stream_.emplace(*std::move(opened));
  return absl::OkStatus();
}

void EventPump::OnReady(short revents) {
  if (stream_.has_value() && revents != 0) stream_->OnReady(revents);
}

void EventPump::OnTime(int64_t now_ms, int64_t now) {
  if (stream_.has_value() || ended_ || now_ms < wake_ms_) return;
  Open(now_ms, now).IgnoreError();  // and again, for as long as the client waits
}

std::string EventPump::TakeFrame(int64_t now_ms) {
  if (ended_) return "";
  while (stream_.has_value()) {
    const std::optional<proto::LogAnswer> answer = stream_->Take();
    if (!answer.has_value()) break;
    if (const auto* const event = std::get_if<proto::EventLine>(&*answer)) {
      request_.after = event->seq;
      request_.boot = event->boot;
      request_.now = false;
      request_.since_ms.reset();
    }
    ended_ =
        std::holds_alternative<proto::LogError>(*answer) || std::holds_alternative<proto::LogEnd>(*answer);
    std::string frame = FrameOf(*answer);
    wake_ms_ = now_ms + kIdleMs;
    if (ended_) stream_.reset();
    if (!frame.empty() || ended_) return frame;
  }
  if (stream_.has_value() && !stream_->end().ok()) {
    stream_.reset();
    wake_ms_ = now_ms + kAgainMs;
  }
  if (!stream_.has_value() || now_ms < wake_ms_) return "";
  wake_ms_ = now_ms + kIdleMs;
  return kIdleFrame;
}

}  // namespace fectl::http
