#ifndef MASTER_PLATFORM_SOCKETS_SOCKET_HOLDER_H_
#define MASTER_PLATFORM_SOCKETS_SOCKET_HOLDER_H_

#include <sys/socket.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace fectl::platform {

// The processes that hold a listening socket, as far as this process may look at them. For messages: it is
// what /proc said a moment ago.
struct SocketHolders {
  std::optional<uid_t> owner;  // whose socket it is, where the kernel tells
  std::vector<pid_t> pids;     // some of them; none: they are closed to us, or in another pid namespace
  std::string name;            // of the first
  // The service that all of them say that they are workers of, "" if one of them is none, or has a fectld
  // that lives: they are what a fectld that was killed has left behind.
  std::string service;

  // "pid 12 (nginx)"; "pid 12, 13 (python3), which a fectld that was killed has left as workers of web: ...".
  std::string ToString() const;
};

// Of a listener that keeps others from listening on `address` (AF_INET or AF_INET6), or on the UNIX socket
// `path`, which has to be absolute. nullopt: there is none to be seen.
std::optional<SocketHolders> HoldersOf(const sockaddr& address);
std::optional<SocketHolders> HoldersOf(const std::string& path);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_SOCKETS_SOCKET_HOLDER_H_
