#ifndef MASTER_PLATFORM_SOCKETS_SYSLOG_SOCKET_H_
#define MASTER_PLATFORM_SOCKETS_SYSLOG_SOCKET_H_

#include <sys/types.h>

#include <ctime>
#include <string>
#include <string_view>

#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

// The number of a facility by its word, such as "local0", as in syslog.h; LOG_DAEMON for one that is not
// known, and for "kern", which is the kernel's own.
int FacilityNumber(std::string_view word);

// A message as the daemons of syslog take it: "<30>Nov 28 09:00:00 TAG[PID]: TEXT", in local time.
// `priority`: of facility and level together.
std::string SyslogMessage(int priority, std::time_t at, std::string_view tag, pid_t pid,
                          std::string_view text);

// The system's log. Unlike syslog(3), which waits for a daemon that has stopped reading, this never waits.
class SyslogSocket {
 public:
  // `tag`: what lines are known by; `facility`: LOG_DAEMON and the like. `path`: for tests.
  SyslogSocket(std::string tag, int facility, std::string path = "/dev/log")
      : tag_(std::move(tag)), facility_(facility), path_(std::move(path)) {}

  // `level`: LOG_INFO and the like. False: the line is lost, as nobody listens at present, or does not read.
  bool Send(int level, std::time_t at, std::string_view text);

 private:
  bool Connect();

  std::string tag_;
  int facility_;
  std::string path_;
  base::UniqueFd fd_;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_SOCKETS_SYSLOG_SOCKET_H_
