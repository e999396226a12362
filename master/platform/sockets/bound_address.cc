#include "master/platform/sockets/bound_address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fectl::platform {
namespace {

// "@name" of an abstract one.
std::string PathOf(const sockaddr_storage& storage, socklen_t length) {
  sockaddr_un address = {};
  memcpy(&address, &storage, sizeof address);
  constexpr size_t kHead = offsetof(sockaddr_un, sun_path);
  const size_t bytes = length > kHead ? length - kHead : 0;
  if (bytes > 0 && address.sun_path[0] == '\0')
    return absl::StrCat("@", std::string(address.sun_path + 1, bytes - 1));
  return {address.sun_path, strnlen(address.sun_path, bytes)};
}

}  // namespace

std::string HostAndPort(const std::string& host, const std::string& port) {
  if (host.find(':') != std::string::npos) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

absl::StatusOr<std::string> BoundAddress(int fd) {
  sockaddr_storage storage = {};
  socklen_t length = sizeof(storage);
  void* const generic = &storage;
  sockaddr* const address = static_cast<sockaddr*>(generic);
  if (getsockname(fd, address, &length) != 0) return absl::ErrnoToStatus(errno, "cannot read an address");
  if (address->sa_family == AF_UNIX) return PathOf(storage, length);
  std::array<char, NI_MAXHOST> host = {};
  std::array<char, NI_MAXSERV> port = {};
  const int error = getnameinfo(address, length, host.data(), host.size(), port.data(), port.size(),
                                NI_NUMERICHOST | NI_NUMERICSERV);
  if (error != 0) return absl::InternalError(absl::StrCat("cannot print an address: ", gai_strerror(error)));
  return HostAndPort(host.data(), port.data());
}

}  // namespace fectl::platform
