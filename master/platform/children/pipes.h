#ifndef MASTER_PLATFORM_CHILDREN_PIPES_H_
#define MASTER_PLATFORM_CHILDREN_PIPES_H_

#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

// The two pipes between the master and one worker. All four are close-on-exec. The master's ends do not
// block; the worker's do, as a worker may expect of pipes. The two ends of a pipe are separate open files, so
// neither side can change the other's mode.
struct ChannelPipes {
  base::UniqueFd master_read;
  base::UniqueFd master_write;
  base::UniqueFd worker_read;   // what master_write wrote
  base::UniqueFd worker_write;  // what master_read reads
};

absl::StatusOr<ChannelPipes> OpenChannelPipes();

// One pipe whose reader does not block and whose writer does: for the output of a process.
struct OutputPipe {
  base::UniqueFd read;
  base::UniqueFd write;
};

absl::StatusOr<OutputPipe> OpenOutputPipe();

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CHILDREN_PIPES_H_
