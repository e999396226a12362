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
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "worker_sdk/drain/asio_connection.h"
#include "worker_sdk/drain/asio_link.h"
#include "worker_sdk/drain/lifetime.h"
#include "worker_sdk/monotonic.h"

namespace fectl::asio {

class Server {
 public:
  using Make = std::function<std::shared_ptr<Connection>(Accepted)>;

  Server(net::io_context& context, Make make)
      : context_(context), make_(std::move(make)), timer_(context) {
    LookLater();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Takes over a listening, non-blocking socket of this address family. A server in another context needs a
  // copy of it (dup). Nothing is accepted before Resume().
  void AddListener(int fd, int family, const drain::Limits& limits = {}) {
    listeners_.emplace_back(context_, fd, family, limits);
  }
  // Connections that are open at once; beyond it new ones wait in the listener.
  void SetConnectionsMax(size_t connections_max) { connections_max_ = connections_max; }

  // Accept from now on.
  void Resume() {
    accepting_ = true;
    Listen();
  }
  // Accept nothing more. What is open is served; new connections wait in the listener, which stays open.
  void Pause() {
    accepting_ = false;
    for (Listener& listener : listeners_) listener.descriptor.cancel();
  }
  // Accepts what waits in the listeners, closes them and lets every connection end. What has not ended when
  // the time is over is cut off. `done` is called after the last one, never before Stop() returns.
  void Stop(int64_t time_left_ms, std::function<void()> done) {
    if (*stop_ms_) return;
    const int64_t now_ms = internal::MonotonicMs();
    *stop_ms_ = now_ms;
    cut_ms_ = now_ms + std::max<int64_t>(0, time_left_ms - kExitMs);
    done_ = std::move(done);
    for (Listener& listener : listeners_) {
      for (int i = 0; i < kQueueMax && accepting_ && Accept(listener); ++i) {
      }
      ErrorCode ignored;
      listener.descriptor.close(ignored);  // asio takes it out of its epoll first
    }
    accepting_ = false;
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
    Listener(net::io_context& context, int fd, int of, const drain::Limits& with)
        : descriptor(context, fd), family(of), limits(with) {}
    net::posix::stream_descriptor descriptor;
    int family;
    drain::Limits limits;
    bool waits = false;
  };

  void Listen() {
    for (Listener& listener : listeners_) {
      if (!listener.waits) Wait(listener);
    }
  }
  void Wait(Listener& listener) {
    if (!accepting_ || connections_.size() >= connections_max_) return;  // Look() comes back to it
    listener.waits = true;
    listener.descriptor.async_wait(net::posix::stream_descriptor::wait_read,
                                   [this, &listener](const ErrorCode& error) {
                                     listener.waits = false;
                                     // One connection in a turn, so that other workers get theirs. A pause may
                                     // have come and gone meanwhile: then this one still waits.
                                     if (accepting_ && (error || Accept(listener))) Wait(listener);
                                   });
  }
  // False: out of descriptors or memory. Look() tries again.
  bool Accept(Listener& listener) {
    const int fd =
        accept4(listener.descriptor.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    // EAGAIN: another worker was faster.
    if (fd < 0) return errno == EAGAIN ? !*stop_ms_ : errno == EINTR || errno == ECONNABORTED;
    // An answer in two writes would wait 40 ms for the client's acknowledgement. (No error on UNIX sockets.)
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
    return true;
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
    Listen();
    LookLater();
  }

  net::io_context& context_;
  const Make make_;
  net::steady_timer timer_;
  const std::shared_ptr<std::optional<int64_t>> stop_ms_ = std::make_shared<std::optional<int64_t>>();
  std::list<Listener> listeners_;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;
  std::atomic<size_t> open_{0};
  std::function<void()> done_;
  size_t connections_max_ = 10'000;
  bool accepting_ = false;
  int64_t cut_ms_ = 0;
  drain::CutOff cut_off_;
};

}  // namespace fectl::asio

#endif  // FECTL_WORKER_SDK_DRAIN_ASIO_SERVER_H_
