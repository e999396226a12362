#include "client/http/connection.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "client/http/listener.h"

namespace fectl::http {
namespace {

// A head fits twice.
constexpr size_t kReadBytes = 2 * kHeadBytesMax;
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

}  // namespace

Connection::Connection(base::UniqueFd fd, int64_t now_ms)
    : fd_(std::move(fd)),
      local_address_(LocalAddress(fd_.get())),
      since_ms_(now_ms),
      deadline_ms_(now_ms + kHeadMs) {}

size_t Connection::unsent() const {
  return head_.size() + (body_ == nullptr ? 0 : body_->size() - body_sent_);
}

short Connection::poll_events() const {
  const bool reads = state_ == State::kHead || state_ == State::kStream || state_ == State::kLinger;
  return static_cast<short>((reads ? POLLIN : 0) | (unsent() > 0 ? POLLOUT : 0));
}

void Connection::SetDeadline(int64_t now_ms) {
  if (state_ == State::kHead) {
    deadline_ms_ = since_ms_ + kHeadMs;
    if (finish_ms_.has_value() && !reader_.has_begun()) {
      deadline_ms_ = std::min(deadline_ms_, *finish_ms_ + kLastMs);
    }
  }
  if (state_ == State::kAsked) deadline_ms_ = kNever;  // whoever makes the answer has a deadline
  if (state_ == State::kAnswer) deadline_ms_ = std::min(now_ms + kSendMs, since_ms_ + kAnswerMs);
  if (state_ == State::kStream) deadline_ms_ = unsent() == 0 ? kNever : now_ms + kSendMs;
  if (state_ == State::kLinger) deadline_ms_ = since_ms_ + kLingerMs;
}

void Connection::OnReady(short revents, int64_t now_ms) {
  if ((revents & POLLOUT) != 0) Send(now_ms);
  if ((revents & POLLIN) != 0) Read(now_ms);
  if ((revents & (POLLHUP | POLLERR)) != 0 && (revents & POLLIN) == 0) state_ = State::kDone;
}

void Connection::OnTime(int64_t now_ms) {
  if (now_ms >= deadline_ms_) state_ = State::kDone;
}

void Connection::Read(int64_t now_ms) {
  char bytes[kReadBytes];
  const ssize_t got = recv(fd_.get(), bytes, sizeof bytes, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    // Who has asked, and says that nothing more comes, still gets his answer.
    if (state_ != State::kAsked && state_ != State::kAnswer) state_ = State::kDone;
    return;
  }
  if (state_ == State::kHead) {
    reader_.Append({bytes, static_cast<size_t>(got)});
  } else {
    dropped_ += static_cast<size_t>(got);
    if (dropped_ > kLingerBytesMax) state_ = State::kDone;
  }
  SetDeadline(now_ms);
}

void Connection::Send(int64_t now_ms) {
  iovec parts[2] = {{head_.data(), head_.size()}, {nullptr, 0}};
  if (body_ != nullptr) {
    // sendmsg() reads only, and takes the same type as what writes.
    parts[1] = {const_cast<char*>(body_->data()) + body_sent_, body_->size() - body_sent_};
  }
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  const ssize_t sent = sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN && errno != EINTR) state_ = State::kDone;
    return;
  }
  const size_t of_head = std::min(head_.size(), static_cast<size_t>(sent));
  head_.erase(0, of_head);
  body_sent_ += static_cast<size_t>(sent) - of_head;
  if (unsent() == 0) return Sent(now_ms);
  SetDeadline(now_ms);
}

void Connection::Sent(int64_t now_ms) {
  body_.reset();
  body_sent_ = 0;
  if (state_ == State::kAnswer) {
    state_ = keep_alive_ ? State::kHead : State::kLinger;
    since_ms_ = now_ms;
    if (!keep_alive_) shutdown(fd_.get(), SHUT_WR);
  }
  SetDeadline(now_ms);
}

std::optional<Request> Connection::TakeRequest(int64_t now_ms, int64_t now) {
  if (state_ != State::kHead) return std::nullopt;
  auto read = reader_.Next();
  if (std::holds_alternative<std::monostate>(read)) return std::nullopt;
  state_ = State::kAsked;
  since_ms_ = now_ms;
  SetDeadline(now_ms);
  if (const auto* const bad = std::get_if<Unreadable>(&read)) {
    keep_alive_ = false;
    method_ = Request::Method::kGet;
    Answer(Plain(bad->status, bad->words), now_ms, now);
    return std::nullopt;
  }
  Request& request = std::get<Request>(read);
  method_ = request.method;
  keep_alive_ = request.keep_alive && !finish_ms_.has_value();
  return std::move(request);
}

void Connection::Answer(const Reply& reply, int64_t now_ms, int64_t now) {
  head_ += HeadOf(reply, keep_alive_, /*is_stream=*/false, now);
  if (method_ != Request::Method::kHead) body_ = reply.body;
  body_sent_ = 0;
  state_ = State::kAnswer;
  since_ms_ = now_ms;
  SetDeadline(now_ms);
  Send(now_ms);
}

void Connection::BeginStream(const Reply& head, int64_t now_ms, int64_t now) {
  head_ += HeadOf(head, false, /*is_stream=*/true, now);
  keep_alive_ = false;
  state_ = method_ == Request::Method::kHead ? State::kAnswer : State::kStream;
  since_ms_ = now_ms;
  SetDeadline(now_ms);
  Send(now_ms);
}

void Connection::Append(std::string_view bytes, int64_t now_ms) {
  if (state_ != State::kStream) return;
  const bool was_empty = unsent() == 0;
  head_ += bytes;
  if (!was_empty) return;  // the time runs since it did not take the rest
  SetDeadline(now_ms);
  Send(now_ms);
}

void Connection::Finish(int64_t now_ms) {
  finish_ms_ = now_ms;
  if (state_ == State::kAsked) keep_alive_ = false;  // the head of the answer says so
  End(now_ms);
  SetDeadline(now_ms);
}

void Connection::End(int64_t now_ms) {
  if (state_ != State::kStream) return;
  state_ = State::kAnswer;
  since_ms_ = now_ms;
  if (unsent() == 0) return Sent(now_ms);
  SetDeadline(now_ms);
}

}  // namespace fectl::http
