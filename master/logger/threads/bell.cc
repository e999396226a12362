#include "master/logger/threads/bell.h"

#include <glog/logging.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace fectl::logger {

Bell::Bell() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  PCHECK(event_.valid()) << "the logger has no descriptor left";
}

void Bell::Ring() {
  if (!waiting_.exchange(false)) return;
  const uint64_t one = 1;
  while (write(event_.get(), &one, sizeof one) < 0 && errno == EINTR) continue;  // EAGAIN: it rings already
}

void Bell::Prepare() {
  waiting_ = true;
}

bool Bell::Wait(int timeout_ms, int also, short also_events) {
  std::array<pollfd, 2> fds = {{{event_.get(), POLLIN, 0}, {also, also_events, 0}}};
  const int ready = poll(fds.data(), also < 0 ? 1 : 2, timeout_ms);
  Clear();
  return ready > 0 && fds[1].revents != 0;
}

void Bell::Clear() {
  waiting_ = false;
  uint64_t count = 0;
  if (read(event_.get(), &count, sizeof count) < 0) return;  // it has not rung
}

}  // namespace fectl::logger
