#include "worker_sdk/run/output/relay.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "worker_sdk/monotonic.h"

namespace fectl::run {
namespace {

// Where a pipe has room at all, it has room for so many bytes, and takes them in one piece. So a write of no
// more does not wait, though the descriptor, which others share, is not made non-blocking.
constexpr size_t kChunkBytes = PIPE_BUF;
constexpr int kFinishWaitMs = 1'000;

}  // namespace

bool Relay::HasRoom(int wait_ms) const {
  pollfd room = {to_, POLLOUT, 0};
  return poll(&room, 1, wait_ms) > 0;
}

bool Relay::WritePending(int wait_ms) {
  while (!pending_.empty()) {
    if (!HasRoom(wait_ms)) return false;
    const ssize_t count = write(to_, pending_.data(), pending_.size());
    if (count >= 0) {
      pending_.erase(0, static_cast<size_t>(count));
    } else if (errno == EPIPE) {
      // Nobody reads any more: the program is to notice, as it would without us.
      from_.reset();
      pending_.clear();
    } else if (errno == EAGAIN) {
      return false;
    } else if (errno != EINTR) {
      pending_.clear();  // as on a full disk: lost, like the program's own write
    }
  }
  return true;
}

Relay::Wait Relay::Copy() {
  char chunk[kChunkBytes];
  for (int i = 0; i < kChunksPerTurn; ++i) {
    if (!WritePending(0)) return Wait::kRoom;
    if (!from_.valid()) return Wait::kNothing;
    const ssize_t got = read(from_.get(), chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return Wait::kInput;
    if (got <= 0) {
      from_.reset();
      return Wait::kNothing;
    }
    lines_.Append({chunk, static_cast<size_t>(got)});
    pending_.assign(chunk, static_cast<size_t>(got));
  }
  return WritePending(0) ? Wait::kInput : Wait::kRoom;
}

void Relay::Finish() {
  int left = 0;
  if (from_.valid() && ioctl(from_.get(), FIONREAD, &left) != 0) left = 0;
  const int64_t until_ms = internal::MonotonicMs() + kFinishWaitMs;
  const auto wait_ms = [until_ms] {
    return static_cast<int>(std::max<int64_t>(0, until_ms - internal::MonotonicMs()));
  };
  char chunk[kChunkBytes];
  while (WritePending(wait_ms()) && left > 0 && from_.valid()) {
    const ssize_t got = read(from_.get(), chunk, std::min(sizeof chunk, static_cast<size_t>(left)));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    left -= static_cast<int>(got);
    lines_.Append({chunk, static_cast<size_t>(got)});
    pending_.assign(chunk, static_cast<size_t>(got));
  }
}

}  // namespace fectl::run
