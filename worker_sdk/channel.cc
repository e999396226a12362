#include "worker_sdk/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fectl::internal {
namespace {

absl::Status Watch(int epoll_fd, int fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot poll descriptor ", fd));
}

// Writing to a pipe without a reader raises SIGPIPE, which kills. Its disposition is the application's, so
// the signal is held back for the one call and taken away if the call raised it.
class SigpipeHeld {
 public:
  SigpipeHeld() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~SigpipeHeld() {
    if (raised_ && !was_pending_) {
      const timespec now{};
      while (sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  void Raised() { raised_ = true; }

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_ = false;
  bool raised_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Channel>> Channel::Open(int read_fd, int write_fd) {
  std::unique_ptr<Channel> channel(new Channel);
  channel->epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!channel->epoll_.valid()) return absl::ErrnoToStatus(errno, "epoll_create1");
  auto wake = MakeWakeFd();
  if (!wake.ok()) return wake.status();
  channel->wake_ = *std::move(wake);
  absl::Status status = Watch(channel->poll_fd(), channel->wake_fd(), EPOLLIN);
  if (status.ok()) status = Watch(channel->poll_fd(), read_fd, EPOLLIN);
  // Without any event asked for, epoll still reports EPOLLERR: the reader of this pipe is gone.
  if (status.ok()) status = Watch(channel->poll_fd(), write_fd, 0);
  if (!status.ok()) return status;
  PrepareDescriptor(read_fd);
  PrepareDescriptor(write_fd);
  channel->read_.reset(read_fd);
  channel->write_.reset(write_fd);
  return channel;
}

Channel::Ready Channel::Wait() {
  Ready ready;
  epoll_event events[3];
  const int count = epoll_wait(epoll_.get(), events, 3, 0);
  for (int i = 0; i < count; ++i) {
    const int fd = events[i].data.fd;
    if (fd == wake_.get()) {
      ClearWake(fd);
    } else if (fd == read_.get()) {
      ready.read = true;
    } else if ((events[i].events & (EPOLLERR | EPOLLHUP)) != 0) {
      ready.broken = true;
    }
  }
  return ready;
}

std::optional<size_t> Channel::Read(char* buffer, size_t size) {
  while (true) {
    const ssize_t count = ::read(read_.get(), buffer, size);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno == EAGAIN) return std::nullopt;
    if (errno != EINTR) return 0;
  }
}

std::optional<size_t> Channel::Write(std::string_view bytes) {
  return WriteToPipe(write_.get(), bytes);
}

void Channel::WantRoom(bool want) {
  if (want == want_room_ || !write_.valid()) return;
  want_room_ = want;
  epoll_event event{};
  event.events = want ? uint32_t{EPOLLOUT} : 0;
  event.data.fd = write_.get();
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, write_.get(), &event);
}

void Channel::Shut() {
  // Closing alone would leave a descriptor in the epoll set if a forked child holds a copy of it.
  for (base::UniqueFd* fd : {&read_, &write_}) {
    if (fd->valid()) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd->get(), nullptr);
    fd->reset();
  }
}

std::optional<size_t> WriteToPipe(int fd, std::string_view bytes) {
  SigpipeHeld held;
  while (true) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count >= 0) return static_cast<size_t>(count);
    if (errno == EAGAIN) return 0;
    if (errno == EPIPE) held.Raised();
    if (errno != EINTR) return std::nullopt;
  }
}

void PrepareDescriptor(int fd) {
  fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) | FD_CLOEXEC);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

absl::StatusOr<base::UniqueFd> MakeWakeFd() {
  base::UniqueFd fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "eventfd");
  return fd;
}

void Wake(int wake_fd) {
  const int before = errno;  // this may run in a signal's handler
  eventfd_write(wake_fd, 1);
  errno = before;
}

void ClearWake(int wake_fd) {
  eventfd_t value;
  eventfd_read(wake_fd, &value);
}

absl::Status CheckPipeEnd(int fd, bool for_reading) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return absl::InvalidArgumentError(absl::StrCat("descriptor ", fd, " is not open"));
  const int mode = flags & O_ACCMODE;
  if (mode == O_RDWR || mode == (for_reading ? O_RDONLY : O_WRONLY)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("descriptor ", fd, " is not open for ", for_reading ? "reading" : "writing"));
}

absl::Status CheckSocket(int fd) {
  int type = 0;
  socklen_t length = sizeof(type);
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("descriptor ", fd, errno == ENOTSOCK ? " is not a socket" : " is not open"));
}

}  // namespace fectl::internal
