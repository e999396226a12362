#ifndef FECTL_MASTER_LOGGER_SINKS_JOURNALD_SINK_H_
#define FECTL_MASTER_LOGGER_SINKS_JOURNALD_SINK_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "master/logger/sinks/socket_sink.h"

namespace fectl::logger {

// A message that is too big for a datagram: as a sealed file of memory, whose descriptor is sent.
absl::Status SendAsMemory(int socket, std::string_view message);

// systemd's journal, by its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): the line as MESSAGE, beside
// it PRIORITY, SYSLOG_IDENTIFIER, SYSLOG_PID, FECTL_SERVICE, FECTL_WORKER (from 1), FECTL_STREAM and, of the
// pieces of a line that was cut, FECTL_PART. One socket for all workers: a stream for each of them would use
// up what journald has.
class JournaldSink final : public SocketSink {
 public:
  JournaldSink(ServiceLog* log, SinkObserver* observer) : SocketSink(log, Target::kJournald, observer) {}

 private:
  std::string Trouble(const ServiceSettings& settings) const override;
  const std::string& PathOf(const ServiceSettings& settings) const override {
    return settings.journald_socket;
  }
  std::string MessageOf(const ServiceSettings& settings, const proto::LogLine& line) const override;
  absl::Status SendBig(int socket, std::string_view message) override {
    return SendAsMemory(socket, message);
  }
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_SINKS_JOURNALD_SINK_H_
