#include "worker_sdk/run/loop.h"

#include <errno.h>
#include <sys/epoll.h>

#include <utility>

#include "absl/status/status.h"

namespace fectl::run {

absl::StatusOr<std::unique_ptr<Loop>> Loop::Make() {
  std::unique_ptr<Loop> loop(new Loop());
  loop->epoll_ = base::UniqueFd(epoll_create1(EPOLL_CLOEXEC));
  if (!loop->epoll_.valid()) return absl::ErrnoToStatus(errno, "epoll_create1");
  return loop;
}

bool Loop::Watch(int fd, uint32_t events, std::function<void()> on_ready) {
  epoll_event event = {};
  event.events = events;
  event.data.fd = fd;
  const int operation = watched_.contains(fd) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(epoll_.get(), operation, fd, &event) != 0) return false;
  watched_[fd] = std::move(on_ready);
  return true;
}

void Loop::Unwatch(int fd) {
  if (watched_.erase(fd) > 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Loop::Turn(int timeout_ms) {
  epoll_event events[16];
  const int count = epoll_wait(epoll_.get(), events, 16, timeout_ms);
  for (int i = 0; i < count; ++i) {
    const auto found = watched_.find(events[i].data.fd);
    if (found == watched_.end()) continue;  // unwatched by a callback before
    const auto on_ready = found->second;    // which may unwatch itself
    on_ready();
  }
}

}  // namespace fectl::run
