// Accepts for one io_context from the listeners that all workers share, and ends every connection without
// losing a request. The application brings the protocol (asio_connection.h).
//
//   Server server(context, [](Accepted accepted) { return std::make_shared<Http>(std::move(accepted)); });
//   for (const Socket& socket : worker.sockets()) server.AddListener(socket.fd, socket.family);
//   worker.SetCallbacks({.on_start = [&] { server.Resume(); }, .on_pause = [&] { server.Pause(); }, ...});
//
// Everything is called by the one thread that runs the context, and the server outlives that run. Several
// contexts: a Server for each, orders by net::post().
#ifndef FECTL_WORKER_SDK_DRAIN_ASIO_SERVER_H_
#define FECTL_WORKER_SDK_DRAIN_ASIO_SERVER_H_

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "proto_spec/base/unique_fd.h"
#include "worker_sdk/drain/asio_connection.h"
#include "worker_sdk/drain/asio_link.h"
#include "worker_sdk/drain/lifetime.h"
#include "worker_sdk/monotonic.h"

namespace fectl::asio {

class Server {
 public:
  using Make = std::function<std::shared_ptr<Connection>(Accepted)>;

  Server(net::io_context& context, Make make)
      : context_(context),
        make_(std::move(make)),
        timer_(context),
        gate_(context, epoll_create1(EPOLL_CLOEXEC)) {
    LookLater();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Takes over a listening, non-blocking socket of this address family. A server in another context needs a
  // copy of it (dup). Nothing is accepted before Resume().
  void AddListener(int fd, int family, const drain::Limits& limits = {}) {
    listeners_.push_back(Listener{base::UniqueFd(fd), family, limits});
    Gate(EPOLL_CTL_ADD, fd);
  }
  // Connections that are open at once; beyond it new ones wait in the listener.
  void SetConnectionsMax(size_t connections_max) { connections_max_ = connections_max; }

  // Accept from now on.
  void Resume() {
    accepting_ = true;
    Wait();
  }
  // Accept nothing more. What is open is served; new connections wait in the listener, which stays open.
  void Pause() { accepting_ = false; }
  // Accepts what waits in the listeners, closes them and lets every connection end. What has not ended when
  // the time is over is cut off. `done` is called after the last one, never before Stop() returns.
  void Stop(int64_t time_left_ms, std::function<void()> done) {
    if (*stop_ms_) return;
    const int64_t now_ms = internal::MonotonicMs();
    *stop_ms_ = now_ms;
    cut_ms_ = now_ms + std::max<int64_t>(0, time_left_ms - kExitMs);
    done_ = std::move(done);
    for (Listener& listener : listeners_) {
      for (int i = 0; i < kQueueMax && accepting_ && Accept(listener) == Got::kOne; ++i) {
      }
    }
    accepting_ = false;
    gate_.close();
    listeners_.clear();
    LookLater();
  }
  // From any thread.
  size_t open() const { return open_.load(); }
  // After `done`.
  const drain::CutOff& cut_off() const { return cut_off_; }

 private:
  static constexpr int kQueueMax = 1024;
  // Deadlines are looked at this often.
  static constexpr int64_t kLookMs = 1'000;
  static constexpr int64_t kLookInDrainMs = 50;
  // Before the time of a stop is over, for a clean exit.
  static constexpr int64_t kExitMs = 100;

  struct Listener {
    base::UniqueFd fd;
    int family;
    drain::Limits limits;
  };

  // The listeners are in an epoll of their own, which asio watches, because asio itself cannot ask for
  // EPOLLEXCLUSIVE: with it the workers are woken in the order in which they came to wait.
  void Gate(int operation, int fd) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLEXCLUSIVE;
    epoll_ctl(gate_.native_handle(), operation, fd, &event);
  }
  void Wait() {
    if (waits_ || !accepting_ || connections_.size() >= connections_max_) return;  // Look() comes back to it
    waits_ = true;
    gate_.async_wait(net::posix::stream_descriptor::wait_read, [this](const ErrorCode& error) {
      waits_ = false;
      if (error || !accepting_) return;
      bool failed = false;
      for (Listener& listener : listeners_) failed = AcceptInTurn(listener) == Got::kFailure || failed;
      if (!failed) Wait();  // else Look() comes back to it
    });
  }
  enum class Got { kOne, kNothing, kFailure };  // nothing: another worker was faster
  // One connection of each listener in a turn, and then to the end of the line of the workers that wait for
  // it.
  Got AcceptInTurn(Listener& listener) {
    const Got got = Accept(listener);
    if (got == Got::kOne) {
      Gate(EPOLL_CTL_DEL, listener.fd.get());
      Gate(EPOLL_CTL_ADD, listener.fd.get());
    }
    return got;
  }
  Got Accept(Listener& listener) {
    int fd;
    do {
      fd = accept4(listener.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd < 0) return errno == EAGAIN ? Got::kNothing : Got::kFailure;
    // An answer in two writes would wait 40 ms for the client's acknowledgement. (No matter for UNIX
    // sockets.)
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    Stream stream(context_, net::generic::stream_protocol(listener.family, 0), fd);
    const auto on_over = [this](Connection* over) {
      connections_.erase(over);
      open_.store(connections_.size());
    };
    const auto connection = make_(Accepted{std::move(stream), listener.limits, stop_ms_, on_over});
    connections_.emplace(connection.get(), connection);
    open_.store(connections_.size());
    connection->Start();
    return Got::kOne;
  }

  void LookLater() {
    timer_.expires_after(std::chrono::milliseconds(*stop_ms_ ? kLookInDrainMs : kLookMs));
    timer_.async_wait([this](const ErrorCode& error) {
      if (!error) Look();
    });
  }
  void Look() {
    const bool cut = *stop_ms_ && internal::MonotonicMs() >= cut_ms_;
    const auto connections = connections_;  // a copy: those that are over leave the other one
    for (const auto& [key, connection] : connections) {
      if (!cut) {
        connection->Look();
      } else {
        if (const auto phase = connection->phase()) cut_off_.Count(*phase);
        connection->Close();
      }
    }
    if (*stop_ms_ && connections_.empty()) return done_();
    Wait();
    LookLater();
  }

  net::io_context& context_;
  const Make make_;
  net::steady_timer timer_;
  net::posix::stream_descriptor gate_;
  const std::shared_ptr<std::optional<int64_t>> stop_ms_ = std::make_shared<std::optional<int64_t>>();
  std::vector<Listener> listeners_;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;
  std::atomic<size_t> open_{0};
  std::function<void()> done_;
  size_t connections_max_ = 10'000;
  bool accepting_ = false;
  bool waits_ = false;
  int64_t cut_ms_ = 0;
  drain::CutOff cut_off_;
};

}  // namespace fectl::asio

#endif  // FECTL_WORKER_SDK_DRAIN_ASIO_SERVER_H_
