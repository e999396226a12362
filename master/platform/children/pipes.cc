#include "master/platform/children/pipes.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "master/platform/process/process_limits.h"

namespace fectl::platform {
namespace {

absl::StatusOr<OutputPipe> OpenPipe() {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0)
    return WithLimit(absl::ErrnoToStatus(errno, "cannot create a pipe"), errno);
  return OutputPipe{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

absl::Status MakeNonBlocking(const base::UniqueFd& fd) {
  // A new pipe has no other status flags that could get lost.
  if (fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) {
    return absl::ErrnoToStatus(errno, "cannot make a pipe non-blocking");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<OutputPipe> OpenOutputPipe() {
  absl::StatusOr<OutputPipe> pipe = OpenPipe();
  if (!pipe.ok()) return pipe.status();
  if (absl::Status status = MakeNonBlocking(pipe->read); !status.ok()) return status;
  return pipe;
}

absl::StatusOr<ChannelPipes> OpenChannelPipes() {
  absl::StatusOr<OutputPipe> to_master = OpenOutputPipe();
  if (!to_master.ok()) return to_master.status();
  absl::StatusOr<OutputPipe> to_worker = OpenPipe();
  if (!to_worker.ok()) return to_worker.status();
  if (absl::Status status = MakeNonBlocking(to_worker->write); !status.ok()) return status;
  return ChannelPipes{.master_read = std::move(to_master->read),
                      .master_write = std::move(to_worker->write),
                      .worker_read = std::move(to_worker->read),
                      .worker_write = std::move(to_master->write)};
}

}  // namespace fectl::platform
