#ifndef FECTL_MASTER_LOGGER_SINKS_SYSLOG_SINK_H_
#define FECTL_MASTER_LOGGER_SINKS_SYSLOG_SINK_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "master/logger/sinks/socket_sink.h"

namespace fectl::logger {

// The system's log: "<30>Nov 28 09:00:00 web[4711]: a line", with the name of the service and the pid of the
// worker.
class SyslogSink final : public SocketSink {
 public:
  SyslogSink(ServiceLog* log, SinkObserver* observer) : SocketSink(log, Target::kSyslog, observer) {}

 private:
  std::string Trouble(const ServiceSettings& settings) const override;
  const std::string& PathOf(const ServiceSettings& settings) const override { return settings.syslog_socket; }
  std::string MessageOf(const ServiceSettings& settings, const proto::LogLine& line) const override;
  // Cut to what the socket takes.
  absl::Status SendBig(int socket, std::string_view message) override;
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_SINKS_SYSLOG_SINK_H_
