#ifndef FECTL_MASTER_LOGGER_READERS_HISTORY_H_
#define FECTL_MASTER_LOGGER_READERS_HISTORY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "master/logger/lines/service_log.h"
#include "master/logger/readers/log_source.h"
#include "proto_spec/log_messages.h"

namespace fectl::logger {

// The lines of one service that are there already: those of its files, or what its ring has where it writes
// none. One thread.
class History {
 public:
  explicit History(const ServiceLog& log);

  // Where what comes later begins: the position in the ring, and the number of the line.
  ServiceLog::End end() const { return end_; }

  using Match = std::function<bool(const proto::LogLine&)>;
  // Goes back to the start of the last `lines` lines for which `match` says so (nullopt: of all), none of
  // which is older than `since_ms`. `match` sees the newest first.
  void GoBack(std::optional<int64_t> lines, std::optional<int64_t> since_ms, const Match& match);
  // The next line, whether it matches or not; nullopt: there is none.
  std::optional<proto::LogLine> Next();

 private:
  struct Part {
    std::string path;                   // of a closed file; empty: `source` is there
    std::unique_ptr<LogSource> source;  // once it was needed
  };
  void Snapshot(const ServiceLog& log, const ServiceSettings& settings);
  LogSource* Source(size_t part);
  // Steps back through one part; true: far enough.
  bool GoBackIn(size_t part, std::optional<int64_t>* lines, std::optional<int64_t> since_ms,
                const Match& match);

  std::string service_;
  ServiceLog::End end_;
  std::vector<Part> parts_;  // the oldest first
  size_t part_ = 0;
  uint64_t offset_ = 0;
  std::string buffer_;  // from offset_ on
  size_t used_ = 0;
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_READERS_HISTORY_H_
