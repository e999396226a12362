#ifndef MASTER_PLATFORM_LOOP_EVENT_LOOP_H_
#define MASTER_PLATFORM_LOOP_EVENT_LOOP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

// Is called when a descriptor is ready.
class FdWatcher {
 public:
  virtual ~FdWatcher() = default;

  // `events` is the EPOLL* mask of the kernel. EPOLLERR and EPOLLHUP come unasked. May watch, modify and
  // unwatch any descriptor and may destroy any watcher, this one included. Must not call EventLoop::Turn.
  virtual void OnReady(uint32_t events) = 0;
};

// A level-triggered epoll set. One thread only.
//
// Once a descriptor is unwatched nothing more is delivered for it, not even what the kernel had already
// reported in the same turn; this holds also when its number is closed, reused and watched again within that
// turn.
class EventLoop {
 public:
  // Deliveries of one turn. Bounds how long one turn keeps due timers waiting; what is left is still ready
  // and comes first in the next turn.
  static constexpr int kEventsPerTurnMax = 128;

  static absl::StatusOr<std::unique_ptr<EventLoop>> Create();

  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // `events`: EPOLLIN, EPOLLOUT, ... or 0 for EPOLLERR and EPOLLHUP only. The descriptor and the
  // watcher stay the caller's and must outlive the watch: unwatch first, then close. Regular files cannot be
  // watched (EPERM).
  absl::Status Watch(int fd, uint32_t events, FdWatcher* watcher);

  // Replaces the events of a watched descriptor.
  absl::Status Modify(int fd, uint32_t events);

  // Does nothing when the descriptor is not watched.
  void Unwatch(int fd);

  // Unwatches it, if it is watched, and closes it. One call of the kernel less than Unwatch() and close: it
  // forgets what is closed. Only for a descriptor of which there is no copy in any process: the kernel would
  // go on reporting that one, to nobody.
  void Close(base::UniqueFd fd);

  // Waits until something is ready or `timeout_ns` has passed (0: only looks; -1: no limit; never returns
  // early with a limit except for a signal handler), then delivers at most kEventsPerTurnMax events. Nothing
  // ready is no error. Returns how many it took from the kernel: less than kEventsPerTurnMax is all that was
  // ready.
  absl::StatusOr<int> Turn(int64_t timeout_ns);

  size_t watched() const { return watched_; }

 private:
  struct Slot {
    FdWatcher* watcher = nullptr;
    // Counts up with every watch of this number; a report that carries another value is stale.
    uint32_t generation = 0;
  };

  explicit EventLoop(base::UniqueFd epoll) : epoll_(std::move(epoll)) {}

  bool Watched(int fd) const;

  base::UniqueFd epoll_;
  std::vector<Slot> slots_;  // by descriptor number
  size_t watched_ = 0;
  bool precise_timeouts_ = true;  // until the kernel says that it has no epoll_pwait2
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_LOOP_EVENT_LOOP_H_
