#include "master/logger/sinks/syslog_sink.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "master/logger/lines/priority.h"
#include "master/platform/sockets/syslog_socket.h"

namespace fectl::logger {

std::string SyslogSink::Trouble(const ServiceSettings& settings) const {
  return absl::StrCat("lines of service ", settings.name, " cannot be given to syslog (",
                      settings.syslog_socket, ")");
}

std::string SyslogSink::MessageOf(const ServiceSettings& settings, const proto::LogLine& line) const {
  const Prioritised prioritised = PriorityOf(line);
  const pid_t pid = line.worker > 0 ? static_cast<pid_t>(line.pid) : getpid();
  return platform::SyslogMessage(settings.facility | prioritised.priority, line.t_ms / 1000, settings.name,
                                 pid, prioritised.text);
}

absl::Status SyslogSink::SendBig(int socket, std::string_view message) {
  absl::Status sent;
  do {
    message = message.substr(0, message.size() / 2);
    sent = SendDatagram(socket, message);
  } while (absl::IsOutOfRange(sent) && message.size() > 1);
  return sent;
}

}  // namespace fectl::logger
