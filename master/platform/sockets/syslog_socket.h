#ifndef MASTER_PLATFORM_SOCKETS_SYSLOG_SOCKET_H_
#define MASTER_PLATFORM_SOCKETS_SYSLOG_SOCKET_H_

#include <ctime>
#include <string>
#include <string_view>

#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

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
