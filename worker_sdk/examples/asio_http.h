// The least of HTTP/1.1 that shows how a protocol reports to its connection: GET without a body.
//
//   /             who answers
//   /slow?ms=N    the same, N milliseconds later
//   /block?ms=N   blocks the thread for so long
#ifndef FECTL_WORKER_SDK_EXAMPLES_ASIO_HTTP_H_
#define FECTL_WORKER_SDK_EXAMPLES_ASIO_HTTP_H_

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>

#include "worker_sdk/drain/asio_connection.h"
#include "worker_sdk/drain/asio_link.h"

class Http : public fectl::asio::Connection {
 public:
  explicit Http(fectl::asio::Accepted accepted)
      : Connection(std::move(accepted)), timer_(stream().get_executor()) {}
  void Start() override { Next(); }

 private:
  static constexpr size_t kHeadBytesMax = 16 * 1024;
  static constexpr int kDelayMsMax = 60'000;

  void Next() {
    const size_t end = input_.find("\r\n\r\n");
    if (end != std::string::npos) return Request(end + 4);
    if (input_.size() > kHeadBytesMax) return End();
    Read(::asio::buffer(buffer_), [this](size_t count) {
      if (count == 0) return End();  // the client's end, and no whole request before it
      input_.append(buffer_.data(), count);
      Next();
    });
  }

  void Request(size_t head_bytes) {
    HeadComplete();
    BodyComplete();
    const std::string head = input_.substr(0, head_bytes);
    input_.erase(0, head_bytes);
    const int delay_ms = Milliseconds(head, "GET /slow?ms=");
    if (delay_ms == 0) {
      poll(nullptr, 0, Milliseconds(head, "GET /block?ms="));
      return Answer(head);
    }
    timer_.expires_after(std::chrono::milliseconds(delay_ms));
    timer_.async_wait([this, self = shared_from_this(), head](const auto& error) {
      if (!error) Answer(head);
    });
  }

  void Answer(const std::string& head) {
    const bool wants_end =
        head.rfind("GET /", 0) != 0 || head.find("\r\nConnection: close\r\n") != std::string::npos;
    // A client that has sent more already gets its answers; the last one of them announces the end.
    const bool keep = !wants_end && (!last() || !input_.empty() || Readable());
    const std::string body = "hello from asio, pid " + std::to_string(getpid()) + "\n";
    output_ = std::string("HTTP/1.1 200 OK\r\n") + (keep ? "" : "Connection: close\r\n") +
              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    Write(::asio::buffer(output_), [this, keep] {
      if (!keep) return End();
      AnswerDone(/*begun=*/!input_.empty());
      Next();
    });
  }

  // The number behind this beginning of a request; 0: it begins otherwise.
  static int Milliseconds(const std::string& head, const std::string& beginning) {
    if (head.rfind(beginning, 0) != 0) return 0;
    return std::clamp(std::atoi(head.c_str() + beginning.size()), 0, kDelayMsMax);
  }

  ::asio::steady_timer timer_;
  std::array<char, 4096> buffer_;
  std::string input_;
  std::string output_;
};

#endif  // FECTL_WORKER_SDK_EXAMPLES_ASIO_HTTP_H_
