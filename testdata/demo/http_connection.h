// One client's connection: reads requests, answers them in order, ends without losing one. Works on a
// non-blocking stream socket; knows no event loop: it says what it waits for.
#ifndef FECTL_TESTDATA_DEMO_HTTP_CONNECTION_H_
#define FECTL_TESTDATA_DEMO_HTTP_CONNECTION_H_

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "testdata/demo/http_request.h"

namespace demo {

// Owns one descriptor.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

struct Response {
  int status = 200;
  std::string body;
  int64_t delay_ms = 0;  // the answer is sent this much later; meanwhile everybody else is served
};
using Answer = std::function<Response(const Request&)>;

class Connection {
 public:
  static constexpr size_t kInputBytesMax = 64 * 1024;     // then the client has to wait, as TCP lets it
  static constexpr int64_t kIdleMsMax = 75'000;           // between two requests
  static constexpr int64_t kRequestMsMax = 15'000;        // from the first byte of a request to its last
  static constexpr int64_t kStuckMsMax = 30'000;          // a client that takes nothing of its answer
  static constexpr int64_t kLingerMsMax = 1'000;          // for the client's end after ours
  static constexpr size_t kLingerBytesMax = 1024 * 1024;  // thrown away meanwhile

  // `answer` outlives the connection.
  Connection(Fd socket, const Answer* answer, int64_t now_ms);

  // After each of these ask over(), reads(), writes() and deadline_ms() again.
  void OnReady(uint32_t epoll_events, int64_t now_ms);
  void OnTime(int64_t now_ms);
  // Every answer from now on announces the end of the connection. A connection which is idle is kept until
  // `idle_until_ms`, because a request may be on its way: closing at once would lose it.
  void Finish(int64_t idle_until_ms);

  bool over() const { return phase_ == Phase::kOver; }  // nothing to keep it for: destroy it
  bool reads() const { return !peer_done_ && input_.size() < kInputBytesMax; }
  bool writes() const { return phase_ == Phase::kWriting; }
  int64_t deadline_ms() const;
  int fd() const { return socket_.get(); }
  int64_t answered() const { return answered_; }

 private:
  enum class Phase {
    kWaiting,    // for a request's head
    kBody,       // for the rest of a request's body
    kDelayed,    // the answer waits for its time
    kWriting,    // the answer waits for room
    kLingering,  // all said; waits for the client's end
    kOver,
  };

  void Read(int64_t now_ms);
  void Proceed(int64_t now_ms);
  // Each does one step of its phase; false: nothing more to do now.
  bool ReadHead(int64_t now_ms);
  bool SkipBody(int64_t now_ms);
  bool Write(int64_t now_ms);
  void Reply(const Response& response, bool keep, int64_t now_ms);
  void Linger(int64_t now_ms);

  Fd socket_;
  const Answer* answer_;
  Phase phase_ = Phase::kWaiting;
  int64_t phase_began_ms_;  // for kWriting: the last progress
  std::string input_;
  std::string output_;
  size_t output_sent_ = 0;
  Request request_;
  uint64_t body_left_ = 0;
  Response delayed_;
  bool peer_done_ = false;  // the client will send nothing more
  bool last_ = false;       // the answer in output_ announces the end
  std::optional<int64_t> finish_idle_until_ms_;
  size_t lingered_bytes_ = 0;
  int64_t answered_ = 0;
};

}  // namespace demo

#endif  // FECTL_TESTDATA_DEMO_HTTP_CONNECTION_H_
