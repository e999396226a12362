#ifndef FECTL_PROTO_SPEC_BASE_UNIX_ADDRESS_H_
#define FECTL_PROTO_SPEC_BASE_UNIX_ADDRESS_H_

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <string_view>

namespace fectl::base {

// The address of a UNIX socket with a file, as bind(), connect() and sendto() take it.
class UnixAddress {
 public:
  // A path has 1 to so many bytes, none of them zero.
  static constexpr size_t kPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;

  // A path that is no possible one makes an address of no bytes, which the kernel refuses (EINVAL). A
  // caller with better words looks at the path first.
  explicit UnixAddress(std::string_view path) {
    address_.sun_family = AF_UNIX;
    if (IsPossible(path)) path.copy(address_.sun_path, path.size());
  }

  static bool IsPossible(std::string_view path) {
    return !path.empty() && path.size() <= kPathBytesMax && path.find('\0') == std::string_view::npos;
  }

  const sockaddr* get() const {
    const void* const any = &address_;
    return static_cast<const sockaddr*>(any);
  }
  socklen_t size() const { return address_.sun_path[0] == '\0' ? 0 : sizeof address_; }

 private:
  sockaddr_un address_ = {};
};

}  // namespace fectl::base

#endif  // FECTL_PROTO_SPEC_BASE_UNIX_ADDRESS_H_
