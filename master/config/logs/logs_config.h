#ifndef FECTL_MASTER_CONFIG_LOGS_LOGS_CONFIG_H_
#define FECTL_MASTER_CONFIG_LOGS_LOGS_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fectl::config {

enum class LogsTo { kFile, kJournald, kConsole, kSyslog };
enum class LogsFormat { kText, kJson };
enum class LogsOnFull { kDrop, kBlock };
enum class LogsStreams { kMerged, kSplit };

// Where the output of workers goes, and how: what is written in [logs], or in [service.logs] for one service
// alone.
struct OutputConfig {
  std::optional<std::vector<LogsTo>> to;
  std::optional<std::string> dir;
  std::optional<LogsFormat> format;
  std::optional<int64_t> max_size;   // bytes of a file, which is closed then
  std::optional<int64_t> max_age_s;  // of a closed file, which is removed then
  std::optional<bool> compress;      // closed files
  std::optional<int64_t> line_max;   // bytes; a longer line is cut into pieces
  std::optional<LogsOnFull> on_full;
  std::optional<LogsStreams> streams;
  std::optional<std::string> facility;  // of syslog: a word of facilities.h

  bool operator==(const OutputConfig&) const = default;
};

struct LogsConfig {
  OutputConfig output;
  int64_t total = int64_t{1} << 30;  // bytes of all files together
  // What stays free of the file system: percent of it, or bytes.
  int keep_free_percent = 5;
  int64_t keep_free_bytes = 0;
  // Where journald and syslog take messages.
  std::string journald_socket = "/run/systemd/journal/socket";
  std::string syslog_socket = "/dev/log";

  bool operator==(const LogsConfig&) const = default;
};

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_LOGS_LOGS_CONFIG_H_
