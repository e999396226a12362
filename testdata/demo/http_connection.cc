#include "testdata/demo/http_connection.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>

namespace demo {
namespace {

std::string_view Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

}  // namespace

Connection::Connection(Fd socket, const Answer* answer, int64_t now_ms)
    : socket_(std::move(socket)), answer_(answer), phase_began_ms_(now_ms) {}

int64_t Connection::deadline_ms() const {
  switch (phase_) {
    case Phase::kWaiting:
      if (!input_.empty()) return phase_began_ms_ + kRequestMsMax;
      return std::min(phase_began_ms_ + kIdleMsMax, finish_idle_until_ms_.value_or(INT64_MAX));
    case Phase::kBody:
      return phase_began_ms_ + kRequestMsMax;
    case Phase::kDelayed:
      return phase_began_ms_ + delayed_.delay_ms;
    case Phase::kWriting:
      return phase_began_ms_ + kStuckMsMax;
    case Phase::kLingering:
      return phase_began_ms_ + kLingerMsMax;
    case Phase::kOver:
      break;
  }
  return INT64_MAX;
}

void Connection::OnReady(uint32_t epoll_events, int64_t now_ms) {
  if ((epoll_events & EPOLLERR) != 0) {  // the client has reset it: no answer can arrive any more
    phase_ = Phase::kOver;
    return;
  }
  if ((epoll_events & (EPOLLIN | EPOLLHUP)) != 0) Read(now_ms);
  Proceed(now_ms);
}

void Connection::OnTime(int64_t now_ms) {
  if (now_ms < deadline_ms()) return;
  switch (phase_) {
    case Phase::kDelayed:
      Proceed(now_ms);
      return;
    case Phase::kWaiting:
      // A request which came in the last moment is answered still.
      Read(now_ms);
      Proceed(now_ms);
      if (phase_ == Phase::kWaiting && now_ms >= deadline_ms()) Linger(now_ms);
      return;
    default:
      phase_ = Phase::kOver;
  }
}

void Connection::Finish(int64_t idle_until_ms) {
  finish_idle_until_ms_ = idle_until_ms;
}

void Connection::Read(int64_t now_ms) {
  char buffer[16 * 1024];
  while (reads()) {
    const ssize_t count = recv(socket_.get(), buffer, sizeof(buffer), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) {
      phase_ = Phase::kOver;
      return;
    }
    if (count == 0) peer_done_ = true;
    if (phase_ == Phase::kLingering) {
      lingered_bytes_ += count;
      if (peer_done_ || lingered_bytes_ > kLingerBytesMax) phase_ = Phase::kOver;
    } else {
      if (phase_ == Phase::kWaiting && input_.empty()) phase_began_ms_ = now_ms;
      input_.append(buffer, count);
    }
    if (phase_ == Phase::kOver) return;
  }
}

void Connection::Proceed(int64_t now_ms) {
  bool more = true;
  while (more) {
    switch (phase_) {
      case Phase::kWaiting:
        more = ReadHead(now_ms);
        break;
      case Phase::kBody:
        more = SkipBody(now_ms);
        break;
      case Phase::kDelayed:
        more = now_ms >= deadline_ms();
        if (more) Reply(delayed_, request_.keep_alive, now_ms);
        break;
      case Phase::kWriting:
        more = Write(now_ms);
        break;
      case Phase::kLingering:
      case Phase::kOver:
        more = false;
        break;
    }
  }
}

bool Connection::ReadHead(int64_t now_ms) {
  ParsedHead head = ParseHead(input_);
  switch (head.outcome) {
    case ParsedHead::Outcome::kNeedMore:
      // Nobody is left who could finish the request or wants an answer.
      if (peer_done_) phase_ = Phase::kOver;
      return false;
    case ParsedHead::Outcome::kBad:
      input_.clear();  // where the next request would begin, nobody knows
      request_ = Request();
      Reply({head.status, std::string(Reason(head.status)) + "\n"}, /*keep=*/false, now_ms);
      return true;
    case ParsedHead::Outcome::kRequest:
      break;
  }
  input_.erase(0, head.bytes);
  request_ = std::move(head.request);
  body_left_ = request_.body_bytes;
  phase_ = Phase::kBody;
  return true;
}

bool Connection::SkipBody(int64_t now_ms) {
  const size_t here = std::min<uint64_t>(body_left_, input_.size());
  input_.erase(0, here);
  body_left_ -= here;
  if (body_left_ > 0) {
    if (peer_done_) phase_ = Phase::kOver;
    return false;
  }
  Response response = (*answer_)(request_);
  if (response.delay_ms > 0) {
    delayed_ = std::move(response);
    phase_ = Phase::kDelayed;
    phase_began_ms_ = now_ms;
    return true;
  }
  Reply(response, request_.keep_alive, now_ms);
  return true;
}

void Connection::Reply(const Response& response, bool keep, int64_t now_ms) {
  last_ = !keep || finish_idle_until_ms_.has_value();
  output_ = "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(Reason(response.status)) +
            "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " +
            std::to_string(response.body.size());
  if (response.status == 405) output_ += "\r\nAllow: GET, HEAD";
  if (last_) {
    output_ += "\r\nConnection: close";
  } else if (!request_.says_keep_alive) {
    output_ += "\r\nConnection: keep-alive";
  }
  output_ += "\r\n\r\n";
  if (request_.method != "HEAD") output_ += response.body;
  output_sent_ = 0;
  ++answered_;
  phase_ = Phase::kWriting;
  phase_began_ms_ = now_ms;
}

bool Connection::Write(int64_t now_ms) {
  while (output_sent_ < output_.size()) {
    const ssize_t count =
        send(socket_.get(), output_.data() + output_sent_, output_.size() - output_sent_, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return false;
    if (count < 0) {
      phase_ = Phase::kOver;
      return false;
    }
    output_sent_ += count;
    phase_began_ms_ = now_ms;
  }
  if (last_) {
    Linger(now_ms);
    return false;
  }
  phase_ = Phase::kWaiting;
  phase_began_ms_ = now_ms;
  return true;
}

// A socket which is closed with unread bytes, or gets some after that, answers with a reset, and a reset may
// overtake the last answer on its way. So: say that this was all, and listen until the client says so, too.
void Connection::Linger(int64_t now_ms) {
  phase_ = Phase::kLingering;
  phase_began_ms_ = now_ms;
  input_.clear();
  if (peer_done_ || shutdown(socket_.get(), SHUT_WR) != 0) {
    phase_ = Phase::kOver;
    return;
  }
  Read(now_ms);
}

}  // namespace demo
