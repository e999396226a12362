#ifndef MASTER_PLATFORM_NOTIFY_NOTIFY_SOCKET_H_
#define MASTER_PLATFORM_NOTIFY_NOTIFY_SOCKET_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

// Where the service manager that started this process (systemd, or one that does the same) wants to be told
// how it is going, by the rules of sd_notify(3). This never waits.
class NotifySocket {
 public:
  // Nobody wants to know.
  NotifySocket() = default;

  // What NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID say. They are removed from the environment: what this
  // process starts is not to speak for it. Call before a daemon's forks, as WATCHDOG_PID is the process that
  // was started.
  static NotifySocket FromEnvironment();

  bool wanted() const { return !name_.empty(); }
  // Within this time "WATCHDOG=1" is to come, again and again; 0: it is not asked for.
  int64_t watchdog_ns() const { return watchdog_ns_; }
  // Whether this is another process than the one that the manager started.
  bool moved() const;

  // One datagram, of lines "NAME=value". Unavailable: it could not be sent now, as the manager does not read,
  // or is not there; another time it may. InvalidArgument: the address is none that can ever be sent to.
  absl::Status Send(std::string_view message);

 private:
  std::string name_;  // a path, or "@" and an abstract name
  int64_t watchdog_ns_ = 0;
  pid_t started_ = 0;
  base::UniqueFd fd_;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_NOTIFY_NOTIFY_SOCKET_H_
