#include "master/config/load_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "master/config/parse.h"
#include "master/platform/unique_fd.h"

namespace fectl::config {
namespace {

const char* KindOf(mode_t mode) {
  if (S_ISDIR(mode)) return "is a directory, not a file";
  if (S_ISFIFO(mode)) return "is a pipe, not a file";
  if (S_ISSOCK(mode)) return "is a socket, not a file";
  return "is a device, not a file";
}

absl::StatusOr<std::string> ReadAll(int fd) {
  std::string text;
  char chunk[65536];
  while (text.size() <= kConfigBytesMax) {
    const ssize_t got = read(fd, chunk, sizeof chunk);
    if (got == 0) return text;
    if (got > 0) {
      text.append(chunk, static_cast<size_t>(got));
    } else if (errno != EINTR) {
      return absl::ErrnoToStatus(errno, "cannot be read");
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("is larger than ", kConfigBytesMax >> 20, " MiB: is it the right file?"));
}

// Opens it without waiting for the other end of a pipe, and looks at what was opened, which nobody can
// exchange.
absl::StatusOr<std::string> ReadRegularFile(const std::string& path, struct stat* status) {
  const platform::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid() && errno == ENXIO) return absl::InvalidArgumentError("is a socket or a device, not a file");
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "cannot be opened");
  if (fstat(fd.get(), status) != 0) return absl::ErrnoToStatus(errno, "cannot be looked at");
  if (!S_ISREG(status->st_mode)) return absl::InvalidArgumentError(KindOf(status->st_mode));
  return ReadAll(fd.get());
}

// Whoever can write the file chooses what runs with the rights of the master.
void NoteOwnership(const struct stat& status, LoadResult* result) {
  const bool root = geteuid() == 0;
  Problem problem{result->file, 0, "", "", true};
  if ((status.st_mode & S_IWOTH) != 0) {
    problem.text = absl::StrFormat(
        "can be written by everybody (mode %04o): only its owner should be able to", status.st_mode & 07777u);
    problem.warning = !root;
  } else if (root && status.st_uid != 0) {
    problem.text = absl::StrCat("belongs to user ", status.st_uid, ", who thereby decides what root runs");
  } else {
    return;
  }
  result->problems.push_back(std::move(problem));
}

}  // namespace

LoadResult LoadFile(const std::string& path) {
  struct stat status = {};
  const absl::StatusOr<std::string> text = ReadRegularFile(path, &status);
  if (!text.ok()) {
    LoadResult result;
    result.file = path;
    result.problems.push_back({path, 0, "", std::string(text.status().message()), false});
    return result;
  }
  LoadResult result = Parse(*text, path);
  NoteOwnership(status, &result);
  return result;
}

}  // namespace fectl::config
