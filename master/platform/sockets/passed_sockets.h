#ifndef MASTER_PLATFORM_SOCKETS_PASSED_SOCKETS_H_
#define MASTER_PLATFORM_SOCKETS_PASSED_SOCKETS_H_

#include <string>
#include <utility>
#include <vector>

#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

// The sockets that the service manager opened for this process and passed to it, by the rules of
// sd_listen_fds_with_names(3). They are the manager's, which keeps them when this process ends.
class PassedSockets {
 public:
  // None.
  PassedSockets() = default;

  // What LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES say, which are removed from the environment: nothing that
  // this process starts is to take them for its own. From here on the descriptors are close-on-exec. Call
  // before descriptors that nobody knows of are closed, and before a daemon's forks.
  static PassedSockets FromEnvironment();

  // A copy of each that has the name; several may.
  std::vector<base::UniqueFd> CopiesOf(const std::string& name) const;

  // For people: why there is none of that name.
  std::string WhyNone(const std::string& name) const;

  std::vector<int> numbers() const;  // of the descriptors

 private:
  std::vector<std::pair<std::string, base::UniqueFd>> sockets_;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_SOCKETS_PASSED_SOCKETS_H_
