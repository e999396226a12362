#include "master/runtime/logs/worker_pipes.h"

#include <unistd.h>

#include <utility>

#include "absl/status/status.h"
#include "master/platform/children/pipes.h"

namespace fectl::runtime {
namespace {

absl::Status Open(const platform::Identity* identity, base::UniqueFd* read, base::UniqueFd* write) {
  absl::StatusOr<platform::OutputPipe> pipe = platform::OpenOutputPipe();
  if (!pipe.ok()) return pipe.status();
  // Who cannot give it away runs workers as itself alone.
  if (identity != nullptr && fchown(pipe->write.get(), identity->uid, identity->gid) != 0 && geteuid() == 0)
    return absl::InternalError("a pipe cannot be given to the worker's user");
  *read = std::move(pipe->read);
  *write = std::move(pipe->write);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<WorkerPipes> OpenWorkerPipes(bool out, bool error, bool split,
                                            const platform::Identity* identity) {
  WorkerPipes pipes;
  if (!out && !error) return pipes;
  if (absl::Status opened = Open(identity, &pipes.out_read, &pipes.out_write); !opened.ok()) return opened;
  if (!split || !out || !error) return pipes;
  if (absl::Status opened = Open(identity, &pipes.error_read, &pipes.error_write); !opened.ok())
    return opened;
  return pipes;
}

}  // namespace fectl::runtime
