#ifndef MASTER_RUNTIME_WORKERS_OUTPUT_FILES_H_
#define MASTER_RUNTIME_WORKERS_OUTPUT_FILES_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/runtime/own_log/reopened.h"
#include "master/runtime/workers/service_plan.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::runtime {

// The files that workers write their output to. Each path is open once, for all workers that have it.
class OutputFiles {
 public:
  struct Streams {
    int stdout_fd = -1;  // -1: the master's
    int stderr_fd = -1;
  };

  // Opens what is not open yet. Borrowed: valid until ReopenAll().
  absl::StatusOr<Streams> ForService(const ServicePlan& plan);

  // After the files were moved away: workers that start from now on write to new ones. (A running worker
  // keeps the file that it has; a reload of its service makes it move on.) One that cannot be opened stays
  // the one that it is.
  Reopened ReopenAll();

 private:
  absl::StatusOr<int> Open(const std::string& path);

  std::map<std::string, base::UniqueFd> by_path_;
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_WORKERS_OUTPUT_FILES_H_
