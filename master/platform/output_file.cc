#include "master/platform/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fectl::platform {
namespace {

// O_NONBLOCK: a FIFO without a reader would otherwise hold us until somebody reads it. O_NOCTTY: nor may a
// terminal become ours.
constexpr int kFlags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

absl::Status Refused(const std::string& path, const char* why) {
  return absl::FailedPreconditionError(absl::StrCat("cannot write to ", path, ": it is ", why));
}

absl::StatusOr<UniqueFd> CopyOf(int stream, const std::string& path) {
  UniqueFd copy(fcntl(stream, F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write to ", path));
  return copy;
}

absl::StatusOr<UniqueFd> OpenOrMake(const std::string& path, mode_t mode) {
  // Twice, for a file that comes and goes between the two calls, as it does when logs are rotated.
  for (int attempt = 0; attempt < 2; ++attempt) {
    UniqueFd fd(open(path.c_str(), kFlags));
    if (fd.valid()) return fd;
    if (errno == ELOOP) return Refused(path, "a symbolic link");
    if (errno == EISDIR) return Refused(path, "a directory");
    if (errno == ENXIO) return Refused(path, "a pipe, a socket or a device, not a file");
    if (errno != ENOENT) break;
    fd.reset(open(path.c_str(), kFlags | O_CREAT | O_EXCL, 0));
    if (fd.valid()) {
      if (fchmod(fd.get(), mode) != 0) break;
      return fd;
    }
    if (errno != EEXIST) break;
  }
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot write to ", path));
}

}  // namespace

absl::StatusOr<UniqueFd> OpenOutputFile(const std::string& path, mode_t mode) {
  // These two are symbolic links to whatever the streams are, pipes and terminals included.
  if (path == "/dev/stdout") return CopyOf(1, path);
  if (path == "/dev/stderr") return CopyOf(2, path);
  absl::StatusOr<UniqueFd> fd = OpenOrMake(path, mode);
  if (!fd.ok()) return fd.status();
  struct stat status = {};
  if (fstat(fd->get(), &status) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write to ", path));
  }
  const bool null_device = S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
  if (!S_ISREG(status.st_mode) && !null_device) return Refused(path, "not a regular file");
  if (S_ISREG(status.st_mode) && status.st_nlink > 1) return Refused(path, "known under a second name");
  // Workers inherit the open file and must not find it non-blocking.
  if (fcntl(fd->get(), F_SETFL, O_APPEND) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write to ", path));
  }
  return fd;
}

}  // namespace fectl::platform
