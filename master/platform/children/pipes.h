#ifndef MASTER_PLATFORM_CHILDREN_PIPES_H_
#define MASTER_PLATFORM_CHILDREN_PIPES_H_

#include "absl/status/statusor.h"
#include "master/platform/unique_fd.h"

namespace fectl::platform {

// The two pipes between the master and one worker. All four are close-on-exec. The master's ends do not
// block; the worker's do, as a worker may expect of pipes. The two ends of a pipe are separate open files, so
// neither side can change the other's mode.
struct ChannelPipes {
  UniqueFd master_read;
  UniqueFd master_write;
  UniqueFd worker_read;   // what master_write wrote
  UniqueFd worker_write;  // what master_read reads
};

absl::StatusOr<ChannelPipes> OpenChannelPipes();

// One pipe whose reader does not block and whose writer does: for the output of a process.
struct OutputPipe {
  UniqueFd read;
  UniqueFd write;
};

absl::StatusOr<OutputPipe> OpenOutputPipe();

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CHILDREN_PIPES_H_
