#include "testdata/demo/http_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <string>

namespace demo {
namespace {

// What epoll gives back for descriptors that are no connections.
constexpr uint64_t kListenerMark = uint64_t{1} << 63;
constexpr uint64_t kAlsoMark = uint64_t{1} << 62;
// In one turn, so that those who are connected get their turn.
constexpr int kAcceptsMax = 64;
// Out of descriptors or memory: a listener that is readable and cannot be accepted from would spin.
constexpr int64_t kAcceptPauseMs = 100;
// Before the time of a stop is over, for a clean exit.
constexpr int64_t kExitMs = 100;

int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void Control(const Fd& epoll, int operation, int fd, uint32_t events, uint64_t mark) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = mark;
  epoll_ctl(epoll.get(), operation, fd, &event);
}

}  // namespace

Server::Server(Answer answer)
    : answer_(std::move(answer)), epoll_(epoll_create1(EPOLL_CLOEXEC)), now_ms_(Now()) {}

void Server::AddListener(int fd) {
  listeners_.emplace_back(fd);
}

void Server::AlsoWatch(int fd) {
  Control(epoll_, EPOLL_CTL_ADD, fd, EPOLLIN, kAlsoMark);
}

void Server::Stop(int64_t time_left_ms) {
  if (stop_at_ms_) return;
  now_ms_ = Now();
  stop_at_ms_ = now_ms_ + std::max<int64_t>(0, time_left_ms - kExitMs);
  accepting_ = false;
  // Out of epoll before they are closed: the master holds the same sockets, so closing this copy alone would
  // leave them in this epoll. What waits in them is for the others, or for who comes next.
  UpdateListening();
  listeners_.clear();
  const int64_t idle_until_ms = std::min(now_ms_ + kIdleAfterStopMs, *stop_at_ms_);
  for (auto entry = connections_.begin(); entry != connections_.end();) {
    const auto next = std::next(entry);
    entry->second->connection.Finish(idle_until_ms);
    Settle(entry);
    entry = next;
  }
}

void Server::UpdateListening() {
  const bool want = accepting_ && connections_.size() < kConnectionsMax && now_ms_ >= accept_again_ms_;
  if (want == listening_) return;
  listening_ = want;
  for (size_t i = 0; i < listeners_.size(); ++i) {
    // Without EPOLLEXCLUSIVE, which would wake one worker only: if that one is told to stop in the same
    // moment, it does not accept, and the client would wait until another one comes and wakes somebody else.
    Control(epoll_, want ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listeners_[i].get(), EPOLLIN, kListenerMark | i);
  }
}

void Server::Turn(int timeout_ms) {
  now_ms_ = Now();
  UpdateListening();
  int64_t until_ms = timers_.empty() ? INT64_MAX : timers_.begin()->first;
  if (stop_at_ms_) until_ms = std::min(until_ms, *stop_at_ms_);
  if (accepting_ && !listening_ && accept_again_ms_ > now_ms_)
    until_ms = std::min(until_ms, accept_again_ms_);
  if (until_ms != INT64_MAX) {
    const int own_ms = static_cast<int>(std::clamp<int64_t>(until_ms - now_ms_, 0, 60'000));
    timeout_ms = timeout_ms < 0 ? own_ms : std::min(timeout_ms, own_ms);
  }

  epoll_event events[256];
  const int count = epoll_wait(epoll_.get(), events, 256, timeout_ms);
  now_ms_ = Now();
  for (int i = 0; i < count; ++i) {
    const uint64_t mark = events[i].data.u64;
    if ((mark & kListenerMark) != 0) {
      Accept(listeners_[mark & ~kListenerMark].get());
    } else if ((mark & kAlsoMark) == 0) {
      const auto entry = connections_.find(mark);
      if (entry == connections_.end()) continue;
      entry->second->connection.OnReady(events[i].events, now_ms_);
      Settle(entry);
    }
  }
  RunTimers();
}

void Server::Accept(int listener) {
  for (int i = 0; i < kAcceptsMax && connections_.size() < kConnectionsMax; ++i) {
    Fd socket(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.get() < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      // EAGAIN: another worker was faster.
      if (errno != EAGAIN) accept_again_ms_ = now_ms_ + kAcceptPauseMs;
      return;
    }
    const int on = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const uint64_t number = next_number_++;
    auto added = std::make_unique<Entry>(Entry{Connection(std::move(socket), &answer_, now_ms_)});
    const auto entry = connections_.emplace(number, std::move(added)).first;
    Control(epoll_, EPOLL_CTL_ADD, entry->second->connection.fd(), 0, number);
    // The request is often there already.
    entry->second->connection.OnReady(EPOLLIN, now_ms_);
    Settle(entry);
  }
}

void Server::Settle(Entries::iterator entry) {
  const uint64_t number = entry->first;
  Entry& it = *entry->second;
  const Connection& connection = it.connection;
  answered_ += connection.answered() - std::exchange(it.counted, connection.answered());
  timers_.erase({it.deadline_ms, number});
  if (connection.over()) {
    // Closing takes it out of epoll: no other process has a copy of it.
    connections_.erase(entry);
    return;
  }
  it.deadline_ms = connection.deadline_ms();
  timers_.emplace(it.deadline_ms, number);
  const uint32_t interest =
      (connection.reads() ? uint32_t{EPOLLIN} : 0) | (connection.writes() ? uint32_t{EPOLLOUT} : 0);
  if (interest == it.interest) return;
  it.interest = interest;
  Control(epoll_, EPOLL_CTL_MOD, connection.fd(), interest, number);
}

void Server::RunTimers() {
  if (stop_at_ms_ && now_ms_ >= *stop_at_ms_) {
    connections_.clear();
    timers_.clear();
    return;
  }
  while (!timers_.empty() && timers_.begin()->first <= now_ms_) {
    const auto entry = connections_.find(timers_.begin()->second);
    entry->second->connection.OnTime(now_ms_);
    Settle(entry);
  }
}

}  // namespace demo
