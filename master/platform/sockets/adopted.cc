#include "master/platform/sockets/adopted.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

namespace fectl::platform {
namespace {

// -1: it is no socket.
int Option(int fd, int name) {
  int value = 0;
  socklen_t length = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

}  // namespace

absl::Status MakeAdopted(int fd) {
  if (Option(fd, SO_TYPE) != SOCK_STREAM || Option(fd, SO_ACCEPTCONN) != 1)
    return absl::InvalidArgumentError("the descriptor is no listening socket");
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
    return absl::ErrnoToStatus(errno, "cannot take a listening socket over");
  return absl::OkStatus();
}

}  // namespace fectl::platform
