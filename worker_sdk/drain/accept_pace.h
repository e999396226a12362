// How a worker takes its turn among the workers that accept from the same listener.
#ifndef FECTL_WORKER_SDK_DRAIN_ACCEPT_PACE_H_
#define FECTL_WORKER_SDK_DRAIN_ACCEPT_PACE_H_

#include <cstdint>

namespace fectl::drain {

// The kernel wakes the worker that has waited longest for a connection, and a worker that has accepted goes
// to the end of that line by leaving the listener's epoll and joining it again. That costs two system calls.
// It matters for connections that come now and then and are kept. Where many come in a second, chance spreads
// them, and a worker that takes several at once saves more than it takes from the others.
class AcceptPace {
 public:
  static constexpr int kEachUpTo = 64;  // connections in a second
  static constexpr int kThenEvery = 16;
  static constexpr int kBurst = 4;

  // To be called for each connection, with the monotonic clock: whether to go to the end of the line now.
  bool Accepted(int64_t now_ms) {
    if (now_ms - second_began_ms_ >= 1000) {
      second_began_ms_ = now_ms;
      in_second_ = 0;
    }
    ++in_second_;
    return in_second_ <= kEachUpTo || in_second_ % kThenEvery == 0;
  }
  // How many connections to accept in one turn of the loop.
  int burst() const { return in_second_ > kEachUpTo ? kBurst : 1; }

 private:
  int64_t second_began_ms_ = 0;
  int in_second_ = 0;
};

}  // namespace fectl::drain

#endif  // FECTL_WORKER_SDK_DRAIN_ACCEPT_PACE_H_
