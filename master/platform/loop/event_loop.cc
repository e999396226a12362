#include "master/platform/loop/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <ctime>

namespace fectl::platform {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int64_t kNanosPerMilli = 1'000'000;

uint64_t Key(int fd, uint32_t generation) {
  return static_cast<uint64_t>(generation) << 32 | static_cast<uint32_t>(fd);
}

epoll_event Event(uint32_t events, uint64_t key) {
  epoll_event event = {};
  event.events = events;
  event.data.u64 = key;
  return event;
}

// Rounded up: a timeout that ends a moment too early would make the loop spin until its deadline.
int Millis(int64_t timeout_ns) {
  if (timeout_ns < 0) return -1;
  const int64_t millis = timeout_ns / kNanosPerMilli + (timeout_ns % kNanosPerMilli != 0 ? 1 : 0);
  return static_cast<int>(std::min<int64_t>(millis, INT_MAX));
}

}  // namespace

absl::StatusOr<std::unique_ptr<EventLoop>> EventLoop::Create() {
  base::UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return absl::ErrnoToStatus(errno, "cannot create an epoll set");
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(epoll)));
}

bool EventLoop::Watched(int fd) const {
  return fd >= 0 && static_cast<size_t>(fd) < slots_.size() && slots_[fd].watcher != nullptr;
}

absl::Status EventLoop::Watch(int fd, uint32_t events, FdWatcher* watcher) {
  if (fd < 0 || watcher == nullptr) return absl::InvalidArgumentError("no descriptor or no watcher to watch");
  if (Watched(fd)) return absl::AlreadyExistsError("the descriptor is watched already");
  if (static_cast<size_t>(fd) >= slots_.size()) slots_.resize(fd + 1);
  Slot& slot = slots_[fd];
  ++slot.generation;
  epoll_event event = Event(events, Key(fd, slot.generation));
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return absl::ErrnoToStatus(errno, "cannot watch a descriptor");
  }
  slot.watcher = watcher;
  ++watched_;
  return absl::OkStatus();
}

absl::Status EventLoop::Modify(int fd, uint32_t events) {
  if (!Watched(fd)) return absl::NotFoundError("the descriptor is not watched");
  epoll_event event = Event(events, Key(fd, slots_[fd].generation));
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) {
    return absl::ErrnoToStatus(errno, "cannot change the watch of a descriptor");
  }
  return absl::OkStatus();
}

void EventLoop::Unwatch(int fd) {
  if (!Watched(fd)) return;
  slots_[fd].watcher = nullptr;
  --watched_;
  // It fails only when the descriptor was closed first, and then the kernel has removed it itself.
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void EventLoop::Close(base::UniqueFd fd) {
  if (!Watched(fd.get())) return;
  slots_[fd.get()].watcher = nullptr;
  --watched_;
}

absl::StatusOr<int> EventLoop::Turn(int64_t timeout_ns) {
  std::array<epoll_event, kEventsPerTurnMax> ready;
  int count = -1;
  if (precise_timeouts_) {
    const timespec timeout = {.tv_sec = timeout_ns / kNanosPerSecond,
                              .tv_nsec = timeout_ns % kNanosPerSecond};
    count =
        epoll_pwait2(epoll_.get(), ready.data(), ready.size(), timeout_ns < 0 ? nullptr : &timeout, nullptr);
    // EPERM: a sandbox that answers so to calls which it does not know.
    if (count < 0 && (errno == ENOSYS || errno == EPERM)) precise_timeouts_ = false;
  }
  if (!precise_timeouts_) count = epoll_wait(epoll_.get(), ready.data(), ready.size(), Millis(timeout_ns));
  if (count < 0) {
    if (errno == EINTR) return 0;
    return absl::ErrnoToStatus(errno, "cannot wait for events");
  }
  for (int i = 0; i < count; ++i) {
    const uint64_t key = ready[i].data.u64;
    const int fd = static_cast<int>(static_cast<uint32_t>(key));
    // Looked up anew for each event, because the deliveries before it may have changed anything.
    const Slot& slot = slots_[fd];
    if (slot.watcher == nullptr || slot.generation != key >> 32) continue;
    slot.watcher->OnReady(ready[i].events);
  }
  return count;
}

}  // namespace fectl::platform
