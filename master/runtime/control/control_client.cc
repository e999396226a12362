#include "master/runtime/control/control_client.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "master/runtime/limits.h"

namespace fectl::runtime {
absl::Status ControlClient::Watch() {
  watched_events_ = EPOLLIN;
  return loop_->Watch(socket_.get(), watched_events_, this);
}

void ControlClient::SpeakAt(proto::Level level) {
  level_ = std::max(level_, level);
  if (level_ == proto::Level::kBase) return;
  reader_.AllowLongFrames(proto::kRequestBytesMax);
}

// The one exception that is met: what a client asks for is work that can be refused.
template <typename Work>
void ControlClient::OrClose(Work work) {
  try {
    work();
  } catch (const std::bad_alloc&) {
    Close();
  }
}

void ControlClient::OnReady(uint32_t events) {
  OrClose([this, events] { ReadAndWrite(events); });
}

void ControlClient::ReadAndWrite(uint32_t events) {
  if ((events & EPOLLOUT) != 0) Flush();
  if (closed()) return;
  // An end of both directions comes unasked. There is nobody left to answer to.
  if ((events & (EPOLLHUP | EPOLLERR)) != 0 && (events & EPOLLIN) == 0) return Close();
  if ((events & EPOLLIN) != 0) ReadSome();
  if (!closed()) HandRequests();
  if (!closed()) WatchWhatIsNeeded();
  TellHeld();
}

void ControlClient::ReadSome() {
  static std::array<char, kReadBytesPerTurn> buffer;
  ssize_t got = -1;
  do {
    // Plain recv: descriptors that somebody sends along are closed by the kernel.
    got = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    reader_.Append(std::string_view(buffer.data(), static_cast<size_t>(got)));
  } else if (got == 0) {
    input_ended_ = true;
  } else if (errno != EAGAIN) {
    Close();
  }
}

void ControlClient::HandRequests() {
  if (handing_) return;  // an answer was given at once: the loop below goes on
  handing_ = true;
  while (!closed() && !awaiting_ && !broken_ && unsent_.empty()) {
    auto payload = reader_.Next();
    if (!payload.ok()) {
      broken_ = true;
      Refuse(std::string(payload.status().message()));
      break;
    }
    if (!payload->has_value()) break;
    auto request = proto::DecodeRequest(**payload, level_);
    if (!request.ok()) {
      // A client of the base level has no answer for this; one of level 2 is told, and may go on.
      broken_ = level_ == proto::Level::kBase;
      Refuse(std::string(request.status().message()));
      continue;
    }
    awaiting_ = true;
    owner_->OnRequest(*this, *request);
  }
  handing_ = false;
  const bool nothing_to_come = input_ended_ && !awaiting_ && subscriptions_.empty();
  if (!closed() && unsent_.empty() && (broken_ || nothing_to_come)) Close();
}

void ControlClient::Refuse(const std::string& words) {
  if (level_ == proto::Level::kBase) return;
  proto::Response error;
  error.kind = proto::Response::Kind::kError;
  error.text = words;
  Push(error);
}

void ControlClient::Answer(const proto::Response& response) {
  if (closed()) return;
  OrClose([&] {
    awaiting_ = false;
    Push(response);
    if (closed()) return;
    HandRequests();
    if (!closed() && !handing_) WatchWhatIsNeeded();
    TellHeld();
  });
}

void ControlClient::PushRecord(int id, const proto::EncodedMessage& message) {
  if (closed()) return;
  OrClose([&] {
    const auto subscription = std::ranges::find(subscriptions_, id, &Subscription::id);
    if (subscription == subscriptions_.end()) return;
    const bool waits = !unsent_.empty();
    // Once something is lost its Gap comes first, when all before it is read.
    if (subscription->lost > 0 || (waits && unsent_.size() + message.bytes() > kRecordBytesMax)) {
      ++subscription->lost;
      return;
    }
    std::string frame;
    if (!proto::AppendFrame(message.PayloadFor(id), level_, &frame).ok()) {
      ++subscription->lost;
    } else {
      unsent_ += frame;
    }
    // What waits is sent when there is room, and the requests behind it are looked at then.
    if (!waits) Flush();
    if (!closed() && !handing_) WatchWhatIsNeeded();
    TellHeld();
  });
}

// The client has read everything that was kept for it.
void ControlClient::SayGaps() {
  for (Subscription& one : subscriptions_) {
    if (one.lost == 0 || closed()) continue;
    Push({.kind = proto::Response::Kind::kGap,
          .detail = proto::GapRecord{.id = one.id, .lost = std::exchange(one.lost, 0)}});
  }
}

void ControlClient::EndSubscription(int id, const std::string& words) {
  if (closed()) return;
  OrClose([&] {
    const auto found = std::ranges::find(subscriptions_, id, &Subscription::id);
    if (found == subscriptions_.end()) return;
    const int64_t lost = found->lost;
    subscriptions_.erase(found);
    if (lost > 0) {
      Push({.kind = proto::Response::Kind::kGap, .detail = proto::GapRecord{.id = id, .lost = lost}});
    }
    if (closed()) return;
    Push({.kind = proto::Response::Kind::kEnded, .text = words, .detail = proto::SubscriptionId{.id = id}});
    if (!closed() && !handing_) WatchWhatIsNeeded();
    TellHeld();
  });
}

void ControlClient::Push(const proto::Response& response) {
  if (!proto::AppendFrame(proto::EncodeResponse(response, level_), level_, &unsent_).ok()) return Close();
  Flush();
}

void ControlClient::Flush() {
  size_t sent = 0;
  while (sent < unsent_.size()) {
    const ssize_t n =
        send(socket_.get(), unsent_.data() + sent, unsent_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      sent += static_cast<size_t>(n);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      return Close();
    }
  }
  unsent_.erase(0, sent);
  if (!unsent_.empty()) return;
  unsent_.shrink_to_fit();
  SayGaps();
}

void ControlClient::OnSecond(core::Instant now) {
  OrClose([this, now] { SecondPassed(now); });
}

void ControlClient::SecondPassed(core::Instant now) {
  // What waits behind a request that is being answered is not late.
  if (awaiting_ || !reader_.mid_frame()) {
    torn_since_ = core::kNever;
  } else if (torn_since_ == core::kNever) {
    torn_since_ = now;
  } else if (now - torn_since_ >= kClientStuckAfter) {
    return Close();
  }
  if (unsent_.empty()) {
    stuck_since_ = core::kNever;
    if (WantsSigns()) Push({});
    if (!closed()) WatchWhatIsNeeded();
    return;
  }
  if (stuck_since_ == core::kNever || unsent_.size() != unsent_then_) {
    stuck_since_ = now;
    unsent_then_ = unsent_.size();
  } else if (now - stuck_since_ >= kClientStuckAfter &&
             (subscriptions_.empty() || unsent_.size() > kRecordBytesMax)) {
    // A client that listens may take its time with records: those that it misses are counted. With an answer
    // it may not.
    Close();
  }
}

void ControlClient::WatchWhatIsNeeded() {
  uint32_t events = 0;
  if (!unsent_.empty()) events |= EPOLLOUT;
  if (!awaiting_ && unsent_.empty() && !input_ended_) events |= EPOLLIN;
  if (events == watched_events_) return;
  watched_events_ = events;
  if (!loop_->Modify(socket_.get(), events).ok()) Close();
}

void ControlClient::TellHeld() {
  const size_t held = closed() ? 0 : reader_.held_bytes() + unsent_.capacity();
  if (held != held_) owner_->OnHeld(*this, std::exchange(held_, held), held);
}

void ControlClient::Close() {
  if (closed()) return;
  loop_->Unwatch(socket_.get());
  socket_.reset();
  TellHeld();
  owner_->OnClosed(*this);
}

}  // namespace fectl::runtime
