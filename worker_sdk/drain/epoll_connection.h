// One accepted connection of an EpollServer: the application derives from it and speaks its protocol there.
#ifndef FECTL_WORKER_SDK_DRAIN_EPOLL_CONNECTION_H_
#define FECTL_WORKER_SDK_DRAIN_EPOLL_CONNECTION_H_

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "proto_spec/base/unique_fd.h"
#include "worker_sdk/drain/lifetime.h"

namespace fectl::drain {

class EpollConnection;

// What all connections of a server look at.
struct Moment {
  int64_t now_ms = 0;              // read once in a turn
  std::optional<int64_t> stop_ms;  // when the drain began
  std::vector<EpollConnection*> touched;
};

// A new connection: a non-blocking, close-on-exec socket. What is pointed to outlives the connection.
struct Accepted {
  int fd = -1;
  const Limits* limits = nullptr;
  Moment* moment = nullptr;
};

class EpollConnection {
 public:
  static constexpr int64_t kEndMsMax = 1'000;          // for the client's end after ours
  static constexpr size_t kEndBytesMax = 1024 * 1024;  // thrown away meanwhile

  // Owns the descriptor from here on.
  explicit EpollConnection(const Accepted& accepted)
      : moment_(accepted.moment), life_(*accepted.limits, accepted.moment->now_ms), fd_(accepted.fd) {
    keeps_ = accepted.limits->keepalive_ms > 0;
  }
  virtual ~EpollConnection() = default;
  EpollConnection(const EpollConnection&) = delete;
  EpollConnection& operator=(const EpollConnection&) = delete;

  // --- for the server ---
  void Ready(uint32_t events) {
    // A client that is gone altogether gets no answer any more.
    if ((events & EPOLLERR) != 0 || ((events & EPOLLHUP) != 0 && !reads_)) {
      Drop();
    } else if (ending_) {
      Discard();
    } else {
      OnReady(events);
    }
  }
  void Due() {
    if (now_ms() < deadline_ms()) return;
    if (ending_) return Drop();
    if (now_ms() >= wake_ms_) {
      wake_ms_ = kNever;
      return OnTime();
    }
    // A request that came in the last moment is answered still.
    if (life_.idle() && Readable()) OnReady(EPOLLIN);
    if (over_ || ending_ || now_ms() < life_.deadline_ms(moment_->stop_ms)) return;
    // A client that takes nothing of its answer would not take the end either.
    life_.phase() == Lifetime::Phase::kAnswer ? Drop() : End();
  }
  int64_t deadline_ms() const {
    return ending_ ? end_ms_ : std::min(life_.deadline_ms(moment_->stop_ms), wake_ms_);
  }
  uint32_t interest() const {
    if (ending_) return EPOLLIN;
    return (reads_ ? uint32_t{EPOLLIN} : 0) | (writes_ ? uint32_t{EPOLLOUT} : 0);
  }
  // To be destroyed.
  bool over() const { return over_; }
  // nullopt: all is said, only the client's end is missing.
  std::optional<Lifetime::Phase> phase() const {
    return ending_ ? std::nullopt : std::optional(life_.phase());
  }
  int fd() const { return fd_.get(); }

 protected:
  // The socket can be read or written, or has hung up. One read of what is there is enough: it is called
  // again while there is more. May be called when there is nothing (EAGAIN).
  virtual void OnReady(uint32_t events) = 0;
  // The time asked for with WakeAt() has come.
  virtual void OnTime() {}

  // To be told of everything that the protocol code sees.
  Lifetime& life() { return life_; }
  int64_t now_ms() const { return moment_->now_ms; }
  // Answers have to say `Connection: close` from now on, and End() follows them.
  bool last() const { return moment_->stop_ms.has_value() || !keeps_; }

  void WantRead(bool want) { reads_ = want; }    // off: the client has to wait, as TCP lets it
  void WantWrite(bool want) { writes_ = want; }  // only while a write had no room
  void WakeAt(int64_t ms) { wake_ms_ = ms; }     // once; kNever takes it back
  // All is said. A socket that is closed with unread bytes sends a reset, which may destroy the last answer
  // on its way; so this ends our direction and reads on until the client ends its own, within kEndMsMax.
  void End() {
    if (ending_ || over_) return;
    ending_ = true;
    end_ms_ = now_ms() + kEndMsMax;
    if (shutdown(fd(), SHUT_WR) != 0) return Drop();
    Discard();
  }
  // The same where the client has said that its last request was its last, and all that it sent was read: it
  // sends nothing that could become a reset, so there is nothing to wait for.
  void EndAtOnce() {
    if (!ending_) Drop();
  }
  // Nothing more is to be had from this client.
  void Drop() { over_ = true; }
  // After a change (a write, End()) made outside of OnReady() and OnTime(), as by an answer from a database.
  void Touch() {
    if (!touched_) moment_->touched.push_back(this);
    touched_ = true;
  }

 private:
  friend class EpollTable;

  bool Readable() const {
    char byte;
    return recv(fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }
  void Discard() {
    char buffer[16 * 1024];
    ssize_t count;
    do {
      count = recv(fd(), buffer, sizeof(buffer), MSG_DONTWAIT);
      if (count > 0) discarded_ += static_cast<size_t>(count);
    } while (count > 0 && discarded_ < kEndBytesMax);
    if (count >= 0 || (errno != EAGAIN && errno != EINTR)) Drop();
  }

  Moment* const moment_;
  Lifetime life_;
  base::UniqueFd fd_;
  int64_t wake_ms_ = kNever;
  int64_t end_ms_ = 0;
  size_t discarded_ = 0;
  bool keeps_ = true;
  bool reads_ = true;
  bool writes_ = false;
  bool ending_ = false;
  bool over_ = false;
  bool touched_ = false;

  // The table's.
  size_t place_ = 0;
  std::optional<uint32_t> watched_;
  int64_t armed_ms_ = kNever;
};

}  // namespace fectl::drain

#endif  // FECTL_WORKER_SDK_DRAIN_EPOLL_CONNECTION_H_
