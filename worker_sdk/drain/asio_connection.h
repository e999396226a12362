// One accepted connection of an asio Server: the application derives from it and speaks its protocol there.
#ifndef FECTL_WORKER_SDK_DRAIN_ASIO_CONNECTION_H_
#define FECTL_WORKER_SDK_DRAIN_ASIO_CONNECTION_H_

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "worker_sdk/drain/asio_link.h"
#include "worker_sdk/drain/lifetime.h"
#include "worker_sdk/monotonic.h"

namespace fectl::asio {

// TCP and UNIX sockets alike.
using Stream = net::generic::stream_protocol::socket;

class Connection;

struct Accepted {
  Stream stream;
  drain::Limits limits;
  std::shared_ptr<const std::optional<int64_t>> stop_ms;  // when the drain began
  std::function<void(Connection*)> on_over;
};

// Made with std::make_shared. Everything is called by the thread that runs the context.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  static constexpr int64_t kEndMsMax = 1'000;          // for the client's end after ours
  static constexpr size_t kEndBytesMax = 1024 * 1024;  // thrown away meanwhile

  explicit Connection(Accepted accepted)
      : stream_(std::move(accepted.stream)),
        limits_(accepted.limits),
        stop_ms_(std::move(accepted.stop_ms)),
        on_over_(std::move(accepted.on_over)),
        life_(limits_, internal::MonotonicMs()) {}
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Begins to read.
  virtual void Start() = 0;

  // --- for the server ---
  // What its deadline asks for.
  void Look() {
    const int64_t now_ms = internal::MonotonicMs();
    if (over() || now_ms < (ending_ ? end_ms_ : life_.deadline_ms(*stop_ms_))) return;
    if (ending_ || life_.phase() == drain::Lifetime::Phase::kAnswer) return Close();
    // A request that came in the last moment is answered still: a Read() waits for it.
    if (!life_.idle() || !Readable()) End();
  }
  void Close() {
    if (over()) return;
    ErrorCode ignored;
    stream_.close(ignored);
    on_over_(this);
  }
  bool over() const { return !stream_.is_open(); }
  // nullopt: all is said, only the client's end is missing.
  std::optional<drain::Lifetime::Phase> phase() const {
    return ending_ ? std::nullopt : std::optional(life_.phase());
  }

 protected:
  // Reads what is there, once; `handler` gets the number of bytes, 0 at the client's end. The connection
  // lives until then: handlers may capture `this`. A program that reads in another way has to wait first
  // (async_wait), then take the bytes in the handler and report them with Received(), because a drain closes
  // an idle connection only when the kernel has no unread bytes.
  template <class Handler>
  void Read(net::mutable_buffer buffer, Handler handler) {
    auto done = [self = shared_from_this(), buffer, handler](const ErrorCode& failed) {
      if (failed || self->ending_ || self->over()) return;
      ErrorCode error;
      self->stream_.non_blocking(true, error);
      const size_t count = self->stream_.read_some(buffer, error);
      if (error == net::error::would_block) return self->Read(buffer, handler);
      if (error && error != net::error::eof) return self->Close();
      if (count > 0) self->Received(count);
      handler(count);
    };
    stream_.async_wait(Stream::wait_read, std::move(done));
  }
  // Writes all of it, then calls `handler`, unless the client is gone. The bytes stay where they are until
  // then.
  template <class Handler>
  void Write(net::const_buffer bytes, Handler handler) {
    sent_ = 0;
    auto progress = [self = shared_from_this()](const ErrorCode& error, size_t sent) -> size_t {
      constexpr size_t kAtOnce = 64 * 1024;
      self->life_.Sent(sent - std::exchange(self->sent_, sent), /*blocked=*/true, internal::MonotonicMs());
      return error ? 0 : kAtOnce;
    };
    auto done = [self = shared_from_this(), handler](const ErrorCode& error, size_t) {
      if (error) return self->Close();
      self->life_.Sent(0, /*blocked=*/false, internal::MonotonicMs());
      handler();
    };
    net::async_write(stream_, bytes, std::move(progress), std::move(done));
  }

  // To be told of what the protocol code sees (drain/lifetime.h). Read() calls Received().
  void Received(size_t bytes) { life_.Received(bytes, internal::MonotonicMs()); }
  void HeadComplete() { life_.HeadComplete(internal::MonotonicMs()); }
  void BodyComplete() { life_.BodyComplete(internal::MonotonicMs()); }
  void AnswerDone(bool begun) { life_.AnswerDone(begun, internal::MonotonicMs()); }
  void Upgraded() { life_.Upgraded(internal::MonotonicMs()); }
  // Answers have to say `Connection: close` from now on, and End() follows them.
  bool last() const { return stop_ms_->has_value() || limits_.keepalive_ms == 0; }
  // The kernel has bytes of this client that were not read yet.
  bool Readable() {
    char byte;
    return recv(stream_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }
  // All is said. A socket that is closed with unread bytes sends a reset, which may destroy the last answer
  // on its way; so this ends our direction and reads on until the client ends its own, within kEndMsMax.
  void End() {
    if (ending_ || over()) return;
    ending_ = true;
    end_ms_ = internal::MonotonicMs() + kEndMsMax;
    ErrorCode error;
    stream_.cancel(error);
    stream_.shutdown(Stream::shutdown_send, error);
    if (error) return Close();
    stream_.non_blocking(true, error);
    Discard();
  }
  Stream& stream() { return stream_; }

 private:
  void Discard() {
    stream_.async_wait(Stream::wait_read, [self = shared_from_this()](const ErrorCode& failed) {
      if (failed || self->over()) return;
      std::array<char, 16 * 1024> buffer;
      ErrorCode error;
      const size_t count = self->stream_.read_some(net::buffer(buffer), error);
      self->discarded_ += count;
      const bool more = !error || error == net::error::would_block;
      more && self->discarded_ < kEndBytesMax ? self->Discard() : self->Close();
    });
  }

  Stream stream_;
  const drain::Limits limits_;
  const std::shared_ptr<const std::optional<int64_t>> stop_ms_;
  const std::function<void(Connection*)> on_over_;
  drain::Lifetime life_;
  size_t sent_ = 0;
  size_t discarded_ = 0;
  int64_t end_ms_ = 0;
  bool ending_ = false;
};

}  // namespace fectl::asio

#endif  // FECTL_WORKER_SDK_DRAIN_ASIO_CONNECTION_H_
