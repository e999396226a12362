// A Worker in asio's loop: commands are taken, heartbeats sent and callbacks run by an io_context.
//
//   asio::io_context context;
//   fectl::asio::Link link(context, worker);
//   worker.SetCallbacks(...);   // they run in the context
//   link.Loaded();
//   context.run();              // until on_stop or what follows it calls context.stop()
//
// With Boost.Asio in place of the standalone library: define FECTL_BOOST_ASIO.
#ifndef FECTL_WORKER_SDK_DRAIN_ASIO_LINK_H_
#define FECTL_WORKER_SDK_DRAIN_ASIO_LINK_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "worker_sdk/monotonic.h"
#include "worker_sdk/worker.h"

#ifdef FECTL_BOOST_ASIO
#include <boost/asio.hpp>
namespace fectl::asio {
namespace net = ::boost::asio;
using ErrorCode = ::boost::system::error_code;
}  // namespace fectl::asio
#else
#include <asio.hpp>
namespace fectl::asio {
namespace net = ::asio;
using ErrorCode = ::asio::error_code;
}  // namespace fectl::asio
#endif

namespace fectl::asio {

// Threads: the Worker belongs to the context of its Link, which one thread runs. Everything else that serves
// (other contexts, each with its own thread) is handed to Guard() and gets its orders by net::post().
class Link {
 public:
  // `worker` outlives the link; both may be destroyed as soon as the context does not run any more. Does
  // nothing for a worker that is not managed.
  Link(net::io_context& context, Worker& worker) : impl_(std::make_shared<Impl>(context, worker)) {
    if (!worker.managed()) return;
    impl_->channel.assign(worker.poll_fd());
    impl_->Wait();
  }
  ~Link() {
    impl_->closed = true;
    impl_->timer.cancel();
    if (impl_->channel.is_open()) impl_->channel.release();  // the Worker's to close
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Instead of Worker::Loaded(): heartbeats begin.
  void Loaded() {
    impl_->worker.Loaded();
    impl_->Arm();
  }
  // Called before heartbeats: the moment to set gauges.
  void OnBeat(std::function<void()> on_beat) { impl_->on_beat = std::move(on_beat); }
  // The master said something that cannot be understood. (It counts as lost then.)
  void OnError(std::function<void(const absl::Status&)> on_error) { impl_->on_error = std::move(on_error); }
  // The heartbeats come from this context, and would hide that another one hangs. So each beat asks this one
  // too: when it does not answer for kPatienceMs, there are no heartbeats until it does. Until `stop`.
  void Guard(net::io_context& context) { impl_->guarded.push_back({&context}); }

  static constexpr int64_t kPatienceMs = 1'000;

 private:
  struct Guarded {
    net::io_context* context;
    int64_t asked_ms = 0;
    std::shared_ptr<std::atomic<bool>> answered = std::make_shared<std::atomic<bool>>(true);
  };

  // What the handlers hold: they may come after the Link's end.
  struct Impl : std::enable_shared_from_this<Impl> {
    Impl(net::io_context& context, Worker& of) : worker(of), channel(context), timer(context) {}

    void Wait() {
      waits = true;
      channel.async_wait(net::posix::stream_descriptor::wait_read,
                         [self = this->shared_from_this()](const ErrorCode& error) {
                           self->waits = false;
                           if (!error) self->Turn();
                         });
    }
    void Arm() {
      const auto deadline_ms = worker.deadline_ms();
      if (closed || !deadline_ms) return;
      ArmIn(std::max<int64_t>(0, *deadline_ms - internal::MonotonicMs()));
    }
    void ArmIn(int64_t ms) {
      timer.expires_after(std::chrono::milliseconds(ms));
      timer.async_wait([self = this->shared_from_this()](const ErrorCode& error) {
        if (!error) self->Turn();
      });
    }
    void Turn() {
      if (closed) return;
      if (!GuardedAnswer()) {
        constexpr int64_t kLookAgainMs = 50;
        return ArmIn(kLookAgainMs);
      }
      if (on_beat) on_beat();
      const absl::Status status = worker.Dispatch();
      if (!status.ok() && on_error) on_error(status);
      if (closed) return;
      if (!waits) Wait();
      Arm();
    }
    bool GuardedAnswer() {
      if (worker.state() == Worker::State::kStopping) return true;  // they end one after the other
      const int64_t now_ms = internal::MonotonicMs();
      bool all = true;
      for (Guarded& guard : guarded) {
        if (guard.answered->load()) {
          guard.answered->store(false);
          guard.asked_ms = now_ms;
          net::post(*guard.context, [answered = guard.answered] { answered->store(true); });
        } else if (now_ms - guard.asked_ms > kPatienceMs) {
          all = false;
        }
      }
      return all;
    }

    Worker& worker;
    net::posix::stream_descriptor channel;
    net::steady_timer timer;
    std::function<void()> on_beat;
    std::function<void(const absl::Status&)> on_error;
    std::vector<Guarded> guarded;
    bool waits = false;
    bool closed = false;
  };

  const std::shared_ptr<Impl> impl_;
};

}  // namespace fectl::asio

#endif  // FECTL_WORKER_SDK_DRAIN_ASIO_LINK_H_
