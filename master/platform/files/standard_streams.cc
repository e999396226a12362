#include "master/platform/files/standard_streams.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {
namespace {

absl::Status CopyOnto(int from, int to) {
  if (from == to) return absl::OkStatus();
  // Without close-on-exec, which dup2() clears.
  if (dup2(from, to) < 0) return absl::ErrnoToStatus(errno, "cannot redirect a standard stream");
  return absl::OkStatus();
}

}  // namespace

absl::Status FillStandardStreams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is `fd`, because those below it are open.
    base::UniqueFd opened(open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY));
    if (!opened.valid()) return absl::ErrnoToStatus(errno, "cannot open /dev/null");
    if (opened.get() != fd) return absl::InternalError("a standard stream opened under another number");
    static_cast<void>(opened.release());
  }
  return absl::OkStatus();
}

absl::Status RedirectStandardStreams(int output_fd, int error_fd) {
  base::UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.valid()) return absl::ErrnoToStatus(errno, "cannot open /dev/null");
  // Copied away first, as either argument may itself be 0, 1 or 2 (standard error into standard output, say).
  base::UniqueFd output(fcntl(output_fd >= 0 ? output_fd : null.get(), F_DUPFD_CLOEXEC, 3));
  base::UniqueFd error(fcntl(error_fd >= 0 ? error_fd : null.get(), F_DUPFD_CLOEXEC, 3));
  if (!output.valid() || !error.valid()) {
    return absl::ErrnoToStatus(errno, "cannot redirect a standard stream");
  }
  if (absl::Status status = CopyOnto(null.get(), 0); !status.ok()) return status;
  if (absl::Status status = CopyOnto(output.get(), 1); !status.ok()) return status;
  return CopyOnto(error.get(), 2);
}

void CloseAllButStandardStreams(const std::vector<int>& kept) {
  // Where the kernel does not know the call (before 5.9), what the caller passed on stays open.
  unsigned first = STDERR_FILENO + 1;
  for (const int fd : kept) {
    const auto number = static_cast<unsigned>(fd);
    if (number > first) syscall(SYS_close_range, first, number - 1, 0);
    first = number + 1;
  }
  syscall(SYS_close_range, first, ~0U, 0);
}

bool OutputAndErrorDiffer() {
  struct stat output = {};
  struct stat error = {};
  if (fstat(STDOUT_FILENO, &output) != 0 || fstat(STDERR_FILENO, &error) != 0) return false;
  return output.st_dev != error.st_dev || output.st_ino != error.st_ino;
}

}  // namespace fectl::platform
