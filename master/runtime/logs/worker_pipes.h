#ifndef FECTL_MASTER_RUNTIME_LOGS_WORKER_PIPES_H_
#define FECTL_MASTER_RUNTIME_LOGS_WORKER_PIPES_H_

#include "absl/status/statusor.h"
#include "master/platform/credentials/identity.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::runtime {

// What one process writes its output to, unless that is a file: one pipe for both, so that the lines stand in
// the order in which they were written, or one for each. Pipes and no sockets, as /dev/stdout can then be
// opened.
struct WorkerPipes {
  base::UniqueFd out_read;
  base::UniqueFd out_write;
  base::UniqueFd error_read;  // not valid: there is one pipe, or none
  base::UniqueFd error_write;

  int stdout_fd() const { return out_write.get(); }
  int stderr_fd() const { return error_write.valid() ? error_write.get() : out_write.get(); }
};

// `out`, `error`: whether the process writes these to a pipe. `identity`: whose the pipes are, who can then
// open /dev/stdout; nullptr: the master's.
absl::StatusOr<WorkerPipes> OpenWorkerPipes(bool out, bool error, bool split,
                                            const platform::Identity* identity);

}  // namespace fectl::runtime

#endif  // FECTL_MASTER_RUNTIME_LOGS_WORKER_PIPES_H_
