#include "master/platform/sockets/syslog_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::platform {
namespace {

// In local time, without year and zone, as those daemons have always had it.
std::string Stamp(std::time_t at) {
  struct tm parts = {};
  localtime_r(&at, &parts);
  std::array<char, 32> text = {};
  const size_t length = strftime(text.data(), text.size(), "%h %e %T", &parts);
  return std::string(text.data(), length);
}

}  // namespace

bool SyslogSocket::Connect() {
  const base::UnixAddress address(path_);
  fd_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd_.valid() && connect(fd_.get(), address.get(), address.size()) == 0) return true;
  fd_.reset();
  return false;
}

bool SyslogSocket::Send(int level, std::time_t at, std::string_view text) {
  const std::string line = absl::StrCat("<", facility_ | level, ">", Stamp(at), " ", tag_, "[", getpid(),
                                        "]: ", absl::string_view(text.data(), text.size()));
  // A second time on a new socket: the daemon that listened may have been replaced by another.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (!fd_.valid() && !Connect()) return false;
    if (send(fd_.get(), line.data(), line.size(), MSG_NOSIGNAL) >= 0) return true;
    if (errno == EAGAIN) return false;
    fd_.reset();
  }
  return false;
}

}  // namespace fectl::platform
