// LD_PRELOAD: system calls as a busy kernel may answer them at any time, only much more often. FECTL_DISTURB
// says how:
//
//   interrupt   every third call fails with EINTR; every fifth read or write that may not block fails with
//               EAGAIN though epoll said otherwise
//   shorten     streams take and give at most 7 bytes in a call
//   break-disk  as long as a file `broken` lies in the working directory, writes to regular files fail with
//   EIO
//
// Only what may happen: a read of a signalfd, say, is never short, and a datagram is never cut.

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

constexpr size_t kBytesMax = 7;

std::atomic<unsigned> g_calls{0};

bool Asked(const char* what) {
  const char* const wanted = std::getenv("FECTL_DISTURB");
  return wanted != nullptr && std::strcmp(wanted, what) == 0;
}

bool Interrupted() {
  if (!Asked("interrupt") || ++g_calls % 3 != 0) return false;
  errno = EINTR;
  return true;
}

bool IsStream(int fd) {
  struct stat status = {};
  if (fstat(fd, &status) != 0) return false;
  if (S_ISFIFO(status.st_mode)) return true;
  int type = 0;
  socklen_t size = sizeof(type);
  return S_ISSOCK(status.st_mode) && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
         type == SOCK_STREAM;
}

bool NotNow(int fd, int flags) {
  if (Interrupted()) return true;
  if (!Asked("interrupt") || g_calls % 5 != 0 || !IsStream(fd)) return false;
  if ((flags & MSG_DONTWAIT) == 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0) return false;
  errno = EAGAIN;
  return true;
}

bool OnBrokenDisk(int fd) {
  struct stat status = {};
  if (!Asked("break-disk") || access("broken", F_OK) != 0) return false;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  errno = EIO;
  return true;
}

size_t Shortened(int fd, size_t bytes) {
  return Asked("shorten") && IsStream(fd) ? std::min(bytes, kBytesMax) : bytes;
}

}  // namespace

extern "C" {

ssize_t read(int fd, void* data, size_t bytes) {
  return NotNow(fd, 0) ? -1 : syscall(SYS_read, fd, data, Shortened(fd, bytes));
}

ssize_t write(int fd, const void* data, size_t bytes) {
  if (OnBrokenDisk(fd)) return -1;
  return NotNow(fd, 0) ? -1 : syscall(SYS_write, fd, data, Shortened(fd, bytes));
}

ssize_t recv(int fd, void* data, size_t bytes, int flags) {
  return NotNow(fd, flags) ? -1
                           : syscall(SYS_recvfrom, fd, data, Shortened(fd, bytes), flags, nullptr, nullptr);
}

ssize_t send(int fd, const void* data, size_t bytes, int flags) {
  return NotNow(fd, flags) ? -1 : syscall(SYS_sendto, fd, data, Shortened(fd, bytes), flags, nullptr, 0);
}

int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  return Interrupted() ? -1 : static_cast<int>(syscall(SYS_accept4, fd, address, size, flags));
}

int poll(pollfd* fds, nfds_t count, int timeout) {
  return Interrupted() ? -1 : static_cast<int>(syscall(SYS_poll, fds, count, timeout));
}

int epoll_wait(int fd, epoll_event* events, int count, int timeout) {
  return Interrupted() ? -1 : static_cast<int>(syscall(SYS_epoll_wait, fd, events, count, timeout));
}

int epoll_pwait2(int fd, epoll_event* events, int count, const timespec* timeout, const sigset_t* mask) {
  return Interrupted() ? -1
                       : static_cast<int>(syscall(SYS_epoll_pwait2, fd, events, count, timeout, mask, 8));
}

}  // extern "C"
