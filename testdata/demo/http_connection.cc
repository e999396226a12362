#include "testdata/demo/http_connection.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <string_view>
#include <utility>

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

void Connection::OnReady(uint32_t events) {
  if ((events & (EPOLLIN | EPOLLHUP)) != 0) Read();
  Proceed();
}

void Connection::OnTime() {
  Reply(delayed_, request_.keep_alive);
  Proceed();
}

void Connection::Read() {
  char buffer[16 * 1024];
  size_t count = sizeof(buffer);
  // Less than a full buffer is all that there is: no second call to see that nothing follows.
  while (count == sizeof(buffer) && step_ != Step::kEnded && !peer_done_ && input_.size() < kInputBytesMax) {
    const ssize_t got = recv(fd(), buffer, sizeof(buffer), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) {
        step_ = Step::kEnded;
        Drop();
      }
      return;
    }
    count = static_cast<size_t>(got);
    if (count == 0) {
      peer_done_ = true;
    } else {
      life().Received(count, now_ms());
      input_.append(buffer, count);
    }
  }
}

void Connection::Proceed() {
  bool more = true;
  while (more) {
    switch (step_) {
      case Step::kHead:
        more = ReadHead();
        break;
      case Step::kBody:
        more = SkipBody();
        break;
      case Step::kWriting:
        more = Write();
        break;
      case Step::kDelayed:
      case Step::kEnded:
        more = false;
        break;
    }
  }
  WantRead(!peer_done_ && input_.size() < kInputBytesMax);
}

bool Connection::ReadHead() {
  if (input_.empty() && !peer_done_) return false;
  ParsedHead head = ParseHead(input_);
  switch (head.outcome) {
    case ParsedHead::Outcome::kNeedMore:
      // The client can neither finish the request nor does it want an answer.
      if (peer_done_) Finish();
      return false;
    case ParsedHead::Outcome::kBad:
      input_.clear();  // where the next request would begin is not known
      request_ = Request();
      Reply({head.status, std::string(Reason(head.status)) + "\n"}, /*keep=*/false);
      return true;
    case ParsedHead::Outcome::kRequest:
      break;
  }
  input_.erase(0, head.bytes);
  request_ = std::move(head.request);
  body_left_ = request_.body_bytes;
  life().HeadComplete(now_ms());
  step_ = Step::kBody;
  return true;
}

bool Connection::SkipBody() {
  const size_t here = std::min<uint64_t>(body_left_, input_.size());
  input_.erase(0, here);
  body_left_ -= here;
  if (body_left_ > 0) {
    if (peer_done_) Finish();
    return false;
  }
  life().BodyComplete(now_ms());
  Response response = (*answer_)(request_);
  if (response.delay_ms > 0) {
    WakeAt(now_ms() + response.delay_ms);
    delayed_ = std::move(response);
    step_ = Step::kDelayed;
    return false;
  }
  Reply(response, request_.keep_alive);
  return true;
}

void Connection::Reply(const Response& response, bool keep) {
  keep_ = keep;
  if (keep && last()) {
    // A client that has sent more already gets its answers; the last one of them announces the end.
    Read();
    keep_ = !input_.empty();
  }
  output_ = "HTTP/1.1 " + std::to_string(response.status);
  output_.append(" ").append(Reason(response.status));
  output_.append("\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ");
  output_.append(std::to_string(response.body.size()));
  if (response.status == 405) output_ += "\r\nAllow: GET, HEAD";
  if (!keep_) {
    output_ += "\r\nConnection: close";
  } else if (!request_.says_keep_alive) {
    output_ += "\r\nConnection: keep-alive";
  }
  output_ += "\r\n\r\n";
  if (request_.method != "HEAD") output_ += response.body;
  output_sent_ = 0;
  ++*answered_;
  if (step_ != Step::kEnded) step_ = Step::kWriting;
}

bool Connection::Write() {
  // Head and body are one write.
  const ssize_t count =
      send(fd(), output_.data() + output_sent_, output_.size() - output_sent_, MSG_NOSIGNAL);
  if (count < 0 && errno != EAGAIN && errno != EINTR) {
    step_ = Step::kEnded;
    Drop();
    return false;
  }
  output_sent_ += static_cast<size_t>(std::max<ssize_t>(count, 0));
  const bool blocked = output_sent_ < output_.size();
  life().Sent(static_cast<size_t>(std::max<ssize_t>(count, 0)), blocked, now_ms());
  WantWrite(blocked);
  if (blocked) return false;
  if (!keep_) {
    Finish();
    return false;
  }
  life().AnswerDone(/*begun=*/!input_.empty(), now_ms());
  step_ = Step::kHead;
  return true;
}

void Connection::Finish() {
  step_ = Step::kEnded;
  request_.says_close&& input_.empty() ? EndAtOnce() : End();
}

}  // namespace demo
