#include "worker_sdk/outbox.h"

#include <utility>

namespace fectl::internal {

bool Outbox::Push(Kind kind, std::string frame) {
  if (kind == Kind::kHeartbeat && !frames_.empty()) return false;
  if (kind == Kind::kMessage) {
    if (message_bytes_ + frame.size() > kMessageBytesMax) return false;
    message_bytes_ += frame.size();
  } else {
    for (size_t i = front_sent_ > 0 ? 1 : 0; i < frames_.size(); ++i) {
      if (frames_[i].kind != kind) continue;
      frames_[i].bytes = std::move(frame);
      return true;
    }
  }
  frames_.push_back({kind, std::move(frame)});
  return true;
}

std::string_view Outbox::front() const {
  return frames_.empty() ? std::string_view() : std::string_view(frames_.front().bytes).substr(front_sent_);
}

void Outbox::Sent(size_t bytes) {
  front_sent_ += bytes;
  if (frames_.empty() || front_sent_ < frames_.front().bytes.size()) return;
  if (frames_.front().kind == Kind::kMessage) message_bytes_ -= frames_.front().bytes.size();
  frames_.pop_front();
  front_sent_ = 0;
}

void Outbox::Clear() {
  frames_.clear();
  front_sent_ = 0;
  message_bytes_ = 0;
}

}  // namespace fectl::internal
