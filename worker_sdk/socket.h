// A listening socket as the master hands it to a worker.
#ifndef FECTL_WORKER_SDK_SOCKET_H_
#define FECTL_WORKER_SDK_SOCKET_H_

#include <string>
#include <vector>

namespace fectl {

// A listening socket which the master opened and shares with every worker of the service.
// `fd` belongs to the application from FromEnvironment() on: the Worker never closes it. It is non-blocking
// (another worker may take the connection first, so accept(2) must be allowed to find nothing) and
// close-on-exec. Never shutdown(2) it: that ends listening for all who share it. Closing it is fine.
struct Socket {
  std::string name;  // as in the configuration
  int fd = -1;
  int family = 0;                      // AF_INET, AF_INET6, AF_UNIX
  int type = 0;                        // SOCK_STREAM
  int protocol = 0;                    // IPPROTO_TCP; 0 for AF_UNIX
  std::string app;                     // the socket's `app`; empty when not configured
  std::vector<std::string> arguments;  // the socket's `arguments`
};

}  // namespace fectl

#endif  // FECTL_WORKER_SDK_SOCKET_H_
