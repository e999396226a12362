#ifndef MASTER_PLATFORM_SOCKETS_BOUND_ADDRESS_H_
#define MASTER_PLATFORM_SOCKETS_BOUND_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"

namespace fectl::platform {

// "127.0.0.1:8080", "[::1]:8080".
std::string HostAndPort(const std::string& host, const std::string& port);

// Where a socket is bound, as numbers: like the above; the path of a UNIX socket, "@name" of an abstract one.
absl::StatusOr<std::string> BoundAddress(int fd);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_SOCKETS_BOUND_ADDRESS_H_
