// An epoll loop for one worker: accepts from the listeners that all workers share, and ends every connection
// without losing a request. The application brings the protocol (EpollConnection). One thread.
//
//   EpollServer server(worker, [](const Accepted& accepted) { return std::make_unique<Http>(accepted); });
//   for (const Socket& socket : worker.sockets()) server.AddListener(socket.fd, limits);
//   worker.SetCallbacks(server.WorkerCallbacks());
//   worker.Loaded();
//   while (!server.finished()) server.Turn().IgnoreError();
#ifndef FECTL_WORKER_SDK_DRAIN_EPOLL_SERVER_H_
#define FECTL_WORKER_SDK_DRAIN_EPOLL_SERVER_H_

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "proto_spec/base/unique_fd.h"
#include "worker_sdk/drain/accept_pace.h"
#include "worker_sdk/drain/epoll_connection.h"
#include "worker_sdk/drain/epoll_table.h"
#include "worker_sdk/drain/lifetime.h"
#include "worker_sdk/monotonic.h"
#include "worker_sdk/worker.h"

namespace fectl::drain {

class EpollServer {
 public:
  using Make = std::function<std::unique_ptr<EpollConnection>(const Accepted&)>;

  // `worker` outlives the server, and may be one that is not managed.
  EpollServer(Worker& worker, Make make) : worker_(worker), make_(std::move(make)) {
    moment_.now_ms = internal::MonotonicMs();
    if (worker.managed()) Watch(worker.poll_fd(), [this] { dispatch_ = true; });
  }
  EpollServer(const EpollServer&) = delete;
  EpollServer& operator=(const EpollServer&) = delete;

  // Takes over a listening, non-blocking socket. Nothing is accepted before Resume().
  void AddListener(int fd, const Limits& limits = {}) {
    Listener& listener = listeners_.emplace_back(Listener{base::UniqueFd(fd), limits, nullptr});
    listener.on_ready = [this, &listener] { AcceptInTurn(listener); };
  }
  // How many are open at once; beyond it new ones wait in the listener.
  void SetConnectionsMax(size_t connections_max) { connections_max_ = connections_max; }
  // A descriptor of the application's own: `on_readable` is called in Turn(), until Unwatch().
  void Watch(int fd, std::function<void()> on_readable) {
    watched_.push_back(Watched{fd, std::move(on_readable)});
    table_.Watch(fd, &watched_.back().on_ready);
  }
  void Unwatch(int fd) {
    table_.Unwatch(fd);
    for (Watched& watched : watched_) {
      if (watched.fd == fd) watched = Watched{-1, nullptr};
    }
  }
  // Called before the worker's heartbeats: the moment to set gauges.
  void OnBeat(std::function<void()> on_beat) { on_beat_ = std::move(on_beat); }
  // start, pause, resume and stop for Worker::SetCallbacks(); the others are free.
  Callbacks WorkerCallbacks() {
    Callbacks callbacks;
    callbacks.on_start = callbacks.on_resume = [this] { Resume(); };
    callbacks.on_pause = [this] { Pause(); };
    callbacks.on_stop = [this](std::chrono::milliseconds time_left) { Stop(time_left.count()); };
    return callbacks;
  }

  // Accept from now on.
  void Resume() { accepting_ = true; }
  // Accept nothing more. What is open is served; new connections wait in the listener, which stays open.
  void Pause() { accepting_ = false; }
  // Accepts what waits in the listeners, closes them and lets every connection end. What has not ended when
  // the time is over is cut off.
  void Stop(int64_t time_left_ms) {
    if (moment_.stop_ms) return;
    moment_.now_ms = internal::MonotonicMs();
    moment_.stop_ms = moment_.now_ms;
    cut_ms_ = moment_.now_ms + std::max<int64_t>(0, time_left_ms - kExitMs);
    for (Listener& listener : listeners_)
      for (int left = kQueueMax; left > 0 && accepting_ && Accept(listener);) --left;
    accepting_ = false;
    // Out of epoll first: others hold the same sockets, so closing this copy alone would leave them there.
    UpdateListening();
    for (Listener& listener : listeners_) listener.fd.reset();
    table_.ArmAll();  // deadlines are nearer now
  }
  bool finished() const { return moment_.stop_ms.has_value() && table_.size() == 0; }
  const CutOff& cut_off() const { return cut_off_; }
  size_t open() const { return table_.size(); }

  // Waits until there is something to do, at most `timeout_ms` (-1: for ever), and does it. The status is
  // that of Worker::Dispatch(). Within another loop: poll epoll_fd(), and call Turn(0) when it is readable
  // and when timeout_ms() is over.
  absl::Status Turn(int timeout_ms = -1) {
    watched_.remove_if([](const Watched& watched) { return watched.fd < 0; });
    UpdateListening();
    const int own_ms = this->timeout_ms();
    if (timeout_ms < 0 || (own_ms >= 0 && own_ms < timeout_ms)) timeout_ms = own_ms;
    table_.Wait(timeout_ms);
    if (moment_.stop_ms && moment_.now_ms >= cut_ms_) table_.CutOffAll(&cut_off_);
    if (!dispatch_ && moment_.now_ms < worker_.deadline_ms().value_or(kNever)) return absl::OkStatus();
    dispatch_ = false;
    for (Listener& listener : listeners_) AcceptInTurn(listener);
    if (on_beat_) on_beat_();
    return worker_.Dispatch();
  }
  int epoll_fd() const { return table_.epoll_fd(); }
  int timeout_ms() const {
    int64_t until_ms = std::min(worker_.deadline_ms().value_or(kNever), table_.deadline_ms());
    if (moment_.stop_ms) until_ms = std::min(until_ms, cut_ms_);
    if (accepting_ && !listening_) until_ms = std::min(until_ms, accept_again_ms_);
    if (until_ms == kNever) return -1;
    return static_cast<int>(std::clamp<int64_t>(until_ms - internal::MonotonicMs(), 0, 60'000));
  }

 private:
  static constexpr int kQueueMax = 1024;
  static constexpr int64_t kAcceptPauseMs = 100;  // out of descriptors or memory: trying at once would spin
  static constexpr int64_t kExitMs = 100;         // before the time of a stop is over, for a clean exit

  struct Listener {
    base::UniqueFd fd;
    Limits limits;
    std::function<void()> on_ready;
  };
  struct Watched {
    int fd;
    std::function<void()> on_ready;
  };
  void UpdateListening() {
    const bool full = table_.size() >= connections_max_ || moment_.now_ms < accept_again_ms_;
    const bool want = accepting_ && !full;
    if (want == listening_) return;
    listening_ = want;
    for (Listener& listener : listeners_) {
      want ? table_.Watch(listener.fd.get(), &listener.on_ready, EPOLLIN | EPOLLEXCLUSIVE)
           : table_.Unwatch(listener.fd.get());
    }
  }
  // A new connection wakes one worker only (EPOLLEXCLUSIVE), the one that waits longest. If that one is
  // killed in that moment, the connection waits until another worker looks, which each does with its
  // heartbeats.
  void AcceptInTurn(Listener& listener) {
    if (!listening_) return;
    bool requeue = false;
    for (int n = pace_.burst(); n > 0 && Accept(listener); --n) requeue |= pace_.Accepted(moment_.now_ms);
    if (!requeue) return;
    table_.Unwatch(listener.fd.get());
    table_.Watch(listener.fd.get(), &listener.on_ready, EPOLLIN | EPOLLEXCLUSIVE);
  }
  bool Accept(Listener& listener) {  // false: there is none to be had now
    if (table_.size() >= connections_max_) return false;
    int fd;
    do {
      fd = accept4(listener.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd < 0) {
      // EAGAIN: another worker was faster.
      if (errno != EAGAIN) accept_again_ms_ = moment_.now_ms + kAcceptPauseMs;
      return false;
    }
    // An answer in two writes would wait 40 ms for the client's acknowledgement. (No matter for UNIX
    // sockets.)
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    table_.Add(make_(Accepted{fd, &listener.limits, &moment_}));
    return true;
  }

  Worker& worker_;
  const Make make_;
  Moment moment_;
  EpollTable table_{&moment_};
  std::list<Listener> listeners_;  // limits of a connection live here
  std::list<Watched> watched_;
  std::function<void()> on_beat_;
  AcceptPace pace_;
  size_t connections_max_ = 10'000;
  // Wanted; the listeners are in epoll; the channel is readable.
  bool accepting_ = false, listening_ = false, dispatch_ = false;
  int64_t accept_again_ms_ = 0;
  int64_t cut_ms_ = 0;
  CutOff cut_off_;
};

}  // namespace fectl::drain

#endif  // FECTL_WORKER_SDK_DRAIN_EPOLL_SERVER_H_
