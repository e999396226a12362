#include "worker_sdk/evidence/dump_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace fectl::internal {
namespace {

// The whole frame. No other message has a zero byte in it but in its length.
constexpr std::string_view kFrame("\0\x0e{\"cmd\":\"dump\"}", 16);
constexpr size_t kPipeBytesMax = size_t{64} * 1024;

}  // namespace

std::unique_ptr<DumpWatch> DumpWatch::Open(int read_fd) {
  std::unique_ptr<DumpWatch> watch(new DumpWatch);
  std::array<int, 2> copy = {};
  if (pipe2(copy.data(), O_CLOEXEC | O_NONBLOCK) != 0) return nullptr;
  watch->copy_read_.reset(copy[0]);
  watch->copy_write_.reset(copy[1]);
  watch->pipe_.reset(fcntl(read_fd, F_DUPFD_CLOEXEC, 3));
  watch->stop_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  watch->epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!watch->pipe_.valid() || !watch->stop_.valid() || !watch->epoll_.valid()) return nullptr;
  // Edge-triggered: what lies in the pipe for a while would wake it without end.
  epoll_event pipe_event{.events = EPOLLIN | EPOLLET, .data = {.fd = watch->pipe_.get()}};
  epoll_event stop_event{.events = EPOLLIN, .data = {.fd = watch->stop_.get()}};
  const bool watched = epoll_ctl(watch->epoll_.get(), EPOLL_CTL_ADD, watch->pipe_.get(), &pipe_event) == 0 &&
                       epoll_ctl(watch->epoll_.get(), EPOLL_CTL_ADD, watch->stop_.get(), &stop_event) == 0;
  return watched ? std::move(watch) : nullptr;
}

bool DumpWatch::Wait() {
  for (;;) {
    epoll_event event = {};
    const int ready = epoll_wait(epoll_.get(), &event, 1, -1);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0 || event.data.fd == stop_.get()) return false;
    if (IsOrdered()) return true;
    if ((event.events & (EPOLLHUP | EPOLLERR)) != 0) return false;
  }
}

void DumpWatch::Stop() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(stop_.get(), &one, sizeof(one));
}

bool DumpWatch::IsOrdered() {
  // A copy of what is there; the loop, should it come back, still finds it.
  if (tee(pipe_.get(), copy_write_.get(), kPipeBytesMax, SPLICE_F_NONBLOCK) <= 0) return false;
  std::string bytes(kPipeBytesMax, '\0');
  size_t count = 0;
  while (count < bytes.size()) {
    const ssize_t got = read(copy_read_.get(), bytes.data() + count, bytes.size() - count);
    if (got <= 0) break;
    count += static_cast<size_t>(got);
  }
  return std::string_view(bytes).substr(0, count).find(kFrame) != std::string_view::npos;
}

}  // namespace fectl::internal
