#ifndef FECTL_MASTER_LOGGER_READERS_LOG_LINES_H_
#define FECTL_MASTER_LOGGER_READERS_LOG_LINES_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/logger/readers/history.h"
#include "master/logger/readers/registry.h"
#include "proto_spec/log_messages.h"

namespace re2 {
class RE2;
}

namespace fectl::logger {

// The lines that one request wants: those that are there already, then what comes. One thread.
class LogLines {
 public:
  using Put = std::function<absl::Status(const proto::LogAnswer&)>;

  // InvalidArgument: `grep` is no expression. NotFound: there is no such service.
  static absl::StatusOr<std::unique_ptr<LogLines>> Make(proto::LogsRequest request, Registry* registry);
  ~LogLines();

  // What is there already, by time.
  absl::Status PutHistory(const Put& put);
  // What has come since, by time; a gap where it is not there any more.
  absl::Status PutNew(const Put& put);

  // Whether PutNew() has something to look at.
  bool HasNew() const;

  const std::vector<std::shared_ptr<ServiceLog>>& logs() const { return logs_; }

 private:
  struct Of {
    std::string service;
    ServiceLog::End end;                       // behind the last line that was looked at
    std::map<int64_t, int64_t> previous = {};  // `previous`: the process that is meant, by worker
    std::unique_ptr<History> history = nullptr;
  };
  LogLines(proto::LogsRequest request, Registry* registry);
  bool IsWanted(const proto::LogLine& line) const;
  bool IsOfPrevious(const ServiceLog& log, const proto::LogLine& line, bool learns, Of* of) const;
  // Lines of one service since its end; the number of those that are gone.
  uint64_t Collect(const ServiceLog& log, Of* of, std::vector<proto::LogLine>* lines);

  const proto::LogsRequest request_;
  Registry* registry_;
  std::unique_ptr<re2::RE2> grep_;
  std::vector<std::shared_ptr<ServiceLog>> logs_;
  std::vector<Of> of_;  // as logs_
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_READERS_LOG_LINES_H_
