// One client: its requests, the answers to them, and how long it may take.
#ifndef FECTL_CLIENT_HTTP_CONNECTION_H_
#define FECTL_CLIENT_HTTP_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/http/reply.h"
#include "client/http/request_reader.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::http {

// For a whole head, from the first moment or the last answer on; so an idle connection ends, too.
inline constexpr int64_t kHeadMs = 10'000;
// Without a byte that the client takes of what is there for it.
inline constexpr int64_t kSendMs = 10'000;
// For an answer as a whole, also to a client that takes a byte now and then. A stream has no such limit.
inline constexpr int64_t kAnswerMs = 60'000;
// To wait for the client's end after the last answer: without it the answer could be lost where the client
// has sent more than was read.
inline constexpr int64_t kLingerMs = 1'000;
inline constexpr size_t kLingerBytesMax = 256 * 1024;
// After Finish(), for a request that is on its way: a client has sent it on a connection whose end it does
// not know of yet.
inline constexpr int64_t kLastMs = 1'000;
// Of a stream, what waits for the client; more is not asked of the logger, which keeps it, or says what was
// lost.
inline constexpr size_t kStreamBytesMax = 64 * 1024;

class Connection {
 public:
  Connection(base::UniqueFd fd, int64_t now_ms);
  Connection(Connection&&) = default;
  Connection& operator=(Connection&&) = default;

  int fd() const { return fd_.get(); }
  const std::string& local_address() const { return local_address_; }

  short poll_events() const;
  void OnReady(short revents, int64_t now_ms);
  void OnTime(int64_t now_ms);
  int64_t deadline_ms() const { return deadline_ms_; }

  // The next request, once; the answer to it comes before another. Requests that cannot be read are answered
  // here.
  std::optional<Request> TakeRequest(int64_t now_ms, int64_t now);
  // `now`: unix seconds, for the head.
  void Answer(const Reply& reply, int64_t now_ms, int64_t now);
  // An answer that goes on, by Append(), until the client leaves or End().
  void BeginStream(const Reply& head, int64_t now_ms, int64_t now);
  void Append(std::string_view bytes, int64_t now_ms);
  // What is there of a stream is sent, and nothing more.
  void End(int64_t now_ms);
  // What was asked is answered, and what is asked within kLastMs; then it ends.
  void Finish(int64_t now_ms);

  bool is_stream() const { return state_ == State::kStream; }
  bool has_room() const { return unsent() < kStreamBytesMax; }
  // Nobody waits for an answer: it can be closed in favour of somebody else.
  bool is_idle() const { return state_ == State::kHead; }
  bool done() const { return state_ == State::kDone; }
  int64_t since_ms() const { return since_ms_; }

 private:
  enum class State {
    kHead,    // a request is waited for
    kAsked,   // its answer is being made
    kAnswer,  // and sent
    kStream,
    kLinger,  // all was sent; the client's end is waited for
    kDone,
  };

  size_t unsent() const;
  void Send(int64_t now_ms);
  void Sent(int64_t now_ms);
  void Read(int64_t now_ms);
  void SetDeadline(int64_t now_ms);

  base::UniqueFd fd_;
  std::string local_address_;
  RequestReader reader_;
  State state_ = State::kHead;
  Request::Method method_ = Request::Method::kGet;
  bool keep_alive_ = true;
  std::optional<int64_t> finish_ms_;  // when Finish() came
  std::string head_;                  // and the bytes of a stream
  std::shared_ptr<const std::string> body_;
  size_t body_sent_ = 0;
  size_t dropped_ = 0;  // bytes that came behind the last answer
  int64_t since_ms_;    // of this state
  int64_t deadline_ms_;
};

}  // namespace fectl::http

#endif  // FECTL_CLIENT_HTTP_CONNECTION_H_
