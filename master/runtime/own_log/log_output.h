#ifndef MASTER_RUNTIME_OWN_LOG_LOG_OUTPUT_H_
#define MASTER_RUNTIME_OWN_LOG_LOG_OUTPUT_H_

#include <glog/logging.h>

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/config/config.h"
#include "master/platform/sockets/syslog_socket.h"
#include "master/runtime/own_log/reopened.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::runtime {

// Where the master's log lines go: standard error, a file, or syslog. One at a time per process; while it
// lives it is the only receiver of glog's lines.
//
// Lines are gathered and written together, at the latest when Flush() is called, so that no write comes
// between a death and the next start. An error goes out at once, with all that was said before it: it may be
// the last thing that is said. (Syslog gets each line as it comes.)
//
// A line never waits for its reader: where the reader of a pipe or syslog's daemon has stopped, or the disk
// is full, lines are dropped and counted, and the first line that goes through again is preceded by the
// count.
class LogOutput final : private google::LogSink {
 public:
  static absl::StatusOr<std::unique_ptr<LogOutput>> Open(const config::LoggingConfig& config);
  LogOutput(const LogOutput&) = delete;
  LogOutput& operator=(const LogOutput&) = delete;
  ~LogOutput() override;

  // One line, as LOG() has it; for those that come by thousands, without the price of glog's own formatting.
  void Say(google::LogSeverity severity, std::string_view text);

  // To be called before the process sleeps.
  void Flush();

  // After the file was moved away. Keeps the old one when the new one cannot be opened.
  Reopened Reopen();

 private:
  explicit LogOutput(const config::LoggingConfig& config) : config_(config) {}

  void send(google::LogSeverity severity, const char* full_filename, const char* base_filename, int line,
            const google::LogMessageTime& time, const char* message, size_t message_len) override;
  void Put(google::LogSeverity severity, time_t at, std::string_view text);
  void PutToSyslog(google::LogSeverity severity, time_t at, std::string_view text);
  std::string Line(google::LogSeverity severity, time_t at, std::string_view text);
  const std::string& Stamp(time_t at);
  // How many bytes were taken.
  size_t Write(const std::string& lines);

  const config::LoggingConfig config_;
  base::UniqueFd file_;
  std::optional<platform::SyslogSocket> syslog_;
  std::string gathered_;  // whole lines
  uint64_t lost_lines_ = 0;
  std::string stamp_;  // of stamped_at_
  time_t stamped_at_ = -1;
  bool torn_ = false;  // the last line that was written lacks its end
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_OWN_LOG_LOG_OUTPUT_H_
