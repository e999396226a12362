#include "master/platform/files/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "master/platform/credentials/acting_as.h"
#include "master/platform/files/removed_directory.h"

namespace fectl::platform {
namespace {

// O_NONBLOCK: a FIFO without a reader would otherwise hold us until somebody reads it. O_NOCTTY: nor may a
// terminal become ours.
constexpr int kFlags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

absl::Status Refused(const std::string& path, const char* why) {
  return absl::FailedPreconditionError(absl::StrCat("cannot write to ", path, ": it is ", why));
}

absl::Status Error(const std::string& path, int error) {
  const absl::Status status = absl::ErrnoToStatus(error, absl::StrCat("cannot write to ", path));
  const std::string hint = DirectoryWasRemoved(error, path);
  if (hint.empty()) return status;
  return absl::Status(status.code(), absl::StrCat(status.message(), " (", hint, ")"));
}

absl::StatusOr<base::UniqueFd> CopyOf(int stream, const std::string& path) {
  base::UniqueFd copy(fcntl(stream, F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) return Error(path, errno);
  return copy;
}

// The stream that this path stands for, else -1. All of these are links to whatever the streams are, pipes
// and terminals included, which could not be opened by a path.
int StreamOf(std::string_view path) {
  if (path == "/dev/stdout" || path == "/dev/fd/1" || path == "/proc/self/fd/1") return 1;
  if (path == "/dev/stderr" || path == "/dev/fd/2" || path == "/proc/self/fd/2") return 2;
  return -1;
}

// Not valid: there is no such file. `make`: then there will be one.
absl::StatusOr<base::UniqueFd> OpenOrMake(const std::string& path, mode_t mode, bool make) {
  // Twice, for a file that comes and goes between the two calls, as it does when logs are rotated.
  for (int attempt = 0; attempt < 2; ++attempt) {
    base::UniqueFd fd(open(path.c_str(), kFlags));
    if (fd.valid()) return fd;
    if (errno == ELOOP) return Refused(path, "a symbolic link");
    if (errno == EISDIR) return Refused(path, "a directory");
    if (errno == ENXIO) return Refused(path, "a pipe, a socket or a device, not a file");
    if (errno != ENOENT) break;
    if (!make) return base::UniqueFd();
    fd.reset(open(path.c_str(), kFlags | O_CREAT | O_EXCL, 0));
    if (fd.valid()) {
      if (fchmod(fd.get(), mode) != 0) break;
      return fd;
    }
    if (errno != EEXIST) break;
  }
  return Error(path, errno);
}

// Why this open file is not taken.
absl::Status CheckOpened(const base::UniqueFd& fd, const std::string& path) {
  struct stat status = {};
  if (fstat(fd.get(), &status) != 0) {
    return Error(path, errno);
  }
  const bool null_device = S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
  if (!S_ISREG(status.st_mode) && !null_device) return Refused(path, "not a regular file");
  if (S_ISREG(status.st_mode) && status.st_nlink > 1) return Refused(path, "known under a second name");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<base::UniqueFd> OpenOutputFile(const std::string& path, mode_t mode) {
  if (const int stream = StreamOf(path); stream >= 0) return CopyOf(stream, path);
  absl::StatusOr<base::UniqueFd> fd = OpenOrMake(path, mode, /*make=*/true);
  if (!fd.ok()) return fd.status();
  if (absl::Status checked = CheckOpened(*fd, path); !checked.ok()) return checked;
  // Workers inherit the open file and must not find it non-blocking.
  if (fcntl(fd->get(), F_SETFL, O_APPEND) != 0) {
    return Error(path, errno);
  }
  return fd;
}

absl::Status CheckOutputFile(const std::string& path) {
  if (StreamOf(path) >= 0) return absl::OkStatus();
  const absl::StatusOr<base::UniqueFd> fd = OpenOrMake(path, 0, /*make=*/false);
  if (!fd.ok()) return fd.status();
  if (fd->valid()) return CheckOpened(*fd, path);
  const std::string folder = FolderOf(path);
  if (MayMakeFilesIn(folder)) return absl::OkStatus();
  return Error(path, errno);
}

}  // namespace fectl::platform
