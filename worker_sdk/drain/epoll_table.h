// The connections of an EpollServer: their places in epoll and their deadlines.
#ifndef FECTL_WORKER_SDK_DRAIN_EPOLL_TABLE_H_
#define FECTL_WORKER_SDK_DRAIN_EPOLL_TABLE_H_

#include <sys/epoll.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "proto_spec/base/unique_fd.h"
#include "worker_sdk/drain/epoll_connection.h"
#include "worker_sdk/drain/lifetime.h"
#include "worker_sdk/monotonic.h"

namespace fectl::drain {

class EpollTable {
 public:
  using OnReady = std::function<void()>;

  explicit EpollTable(Moment* moment) : moment_(moment), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  void Add(std::unique_ptr<EpollConnection> connection) {
    EpollConnection& added = *connection;
    added.place_ = connections_.size();
    connections_.push_back(std::move(connection));
    added.Ready(EPOLLIN);  // the request is often there already
    Settle(added);
  }
  // `on_ready` stays where it is until the next Wait() after Unwatch(). `events`: EPOLLEXCLUSIVE may be
  // added.
  void Watch(int fd, OnReady* on_ready, uint32_t events = EPOLLIN) {
    Control(EPOLL_CTL_ADD, fd, events, reinterpret_cast<uint64_t>(on_ready) | kWatchedMark);
  }
  void Unwatch(int fd) { Control(EPOLL_CTL_DEL, fd, 0, 0); }

  // Reads the clock after the wait, and does what there is to do.
  void Wait(int timeout_ms) {
    SettleTouched();
    epoll_event events[kEventsMax];
    const int count = epoll_wait(epoll_.get(), events, kEventsMax, timeout_ms);
    moment_->now_ms = internal::MonotonicMs();
    // Connections first: a worker that has much to do accepts later than the others.
    for (int i = 0; i < count; ++i) {
      if ((events[i].data.u64 & kWatchedMark) != 0) continue;
      auto& connection = *reinterpret_cast<EpollConnection*>(events[i].data.u64);
      connection.Ready(events[i].events);
      Settle(connection);
    }
    for (int i = 0; i < count; ++i) {
      if ((events[i].data.u64 & kWatchedMark) == 0) continue;
      // A copy, and maybe an empty one: callbacks may end their own and other watches.
      const OnReady on_ready = *reinterpret_cast<OnReady*>(events[i].data.u64 & ~kWatchedMark);
      if (on_ready) on_ready();
    }
    while (!timers_.empty() && timers_.begin()->first <= moment_->now_ms) {
      EpollConnection& connection = *timers_.begin()->second;
      timers_.erase(timers_.begin());
      connection.armed_ms_ = kNever;
      connection.Due();
      Settle(connection);
    }
  }

  void ArmAll() {
    for (const auto& connection : connections_) Arm(*connection);
  }
  void CutOffAll(CutOff* cut_off) {
    while (!connections_.empty()) {
      EpollConnection& connection = *connections_.back();
      if (const auto phase = connection.phase()) cut_off->Count(*phase);
      Remove(connection);
    }
  }

  size_t size() const { return connections_.size(); }
  int epoll_fd() const { return epoll_.get(); }
  // When Wait() has something to do by the clock: now, where an answer came from outside.
  int64_t deadline_ms() const {
    if (!moment_->touched.empty()) return 0;
    return timers_.empty() ? kNever : timers_.begin()->first;
  }

 private:
  static constexpr int kEventsMax = 256;
  static constexpr uint64_t kWatchedMark = 1;  // of an OnReady*; without it: an EpollConnection*

  void Control(int operation, int fd, uint32_t events, uint64_t mark) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = mark;
    epoll_ctl(epoll_.get(), operation, fd, &event);
  }
  // Makes epoll and the timers agree with what the connection waits for; removes it when it is over.
  void Settle(EpollConnection& connection) {
    if (connection.over()) return Remove(connection);
    Arm(connection);
    const uint32_t interest = connection.interest();
    if (connection.watched_ == interest) return;
    Control(connection.watched_ ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, connection.fd(), interest,
            reinterpret_cast<uint64_t>(&connection));
    connection.watched_ = interest;
  }
  void SettleTouched() {
    const std::vector<EpollConnection*> touched = std::exchange(moment_->touched, {});
    for (EpollConnection* connection : touched) connection->touched_ = false;
    for (EpollConnection* connection : touched) Settle(*connection);
  }
  // A timer may be earlier than the deadline, and is then set anew when it comes: most deadlines move with
  // each request, and timers need not.
  void Arm(EpollConnection& connection) {
    // Not again in this turn.
    const int64_t deadline_ms = std::max(connection.deadline_ms(), moment_->now_ms + 1);
    if (deadline_ms >= connection.armed_ms_) return;
    timers_.erase({connection.armed_ms_, &connection});
    timers_.emplace(deadline_ms, &connection);
    connection.armed_ms_ = deadline_ms;
  }
  void Remove(EpollConnection& connection) {
    timers_.erase({connection.armed_ms_, &connection});
    if (connection.touched_) std::erase(moment_->touched, &connection);
    const size_t place = connection.place_;
    std::swap(connections_[place], connections_.back());
    connections_[place]->place_ = place;
    // Closing takes it out of epoll: no other process has a copy of it.
    connections_.pop_back();
  }

  Moment* const moment_;
  base::UniqueFd epoll_;
  std::vector<std::unique_ptr<EpollConnection>> connections_;
  std::set<std::pair<int64_t, EpollConnection*>> timers_;
};

}  // namespace fectl::drain

#endif  // FECTL_WORKER_SDK_DRAIN_EPOLL_TABLE_H_
