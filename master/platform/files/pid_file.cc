#include "master/platform/files/pid_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "master/platform/credentials/acting_as.h"

namespace fectl::platform {
namespace {

// Each try fails only because another process did something to the same name in between.
constexpr int kTries = 16;

absl::Status Error(const std::string& path, int error) {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot create ", path));
}

absl::Status Refused(const std::string& path, const char* why) {
  return absl::FailedPreconditionError(absl::StrCat("cannot create ", path, ": ", why));
}

pid_t NumberFrom(int fd) {
  std::array<char, 16> text = {};
  const ssize_t bytes = pread(fd, text.data(), text.size() - 1, 0);
  pid_t number = 0;
  for (ssize_t i = 0; i < bytes && text[i] >= '0' && text[i] <= '9'; ++i) {
    if (number > 99'999'999) return 0;
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

// A complete, locked file under a name that nobody looks for.
absl::StatusOr<base::UniqueFd> MakeNew(const FolderEntry& file, const std::string& temporary, mode_t mode,
                                       const Identity* owner) {
  // Left by a process with our number that was killed at this very point.
  unlinkat(file.folder_fd(), temporary.c_str(), 0);
  base::UniqueFd fd(
      openat(file.folder_fd(), temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0));
  if (!fd.valid()) return Error(file.path(), errno);
  const std::string text = absl::StrCat(getpid(), "\n");
  if (fchmod(fd.get(), mode) != 0 || flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return Error(file.path(), errno);
  if (owner != nullptr && fchown(fd.get(), owner->uid, owner->gid) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot set the owner of ", file.path()));
  }
  ssize_t written = -1;
  do {
    written = write(fd.get(), text.data(), text.size());
  } while (written < 0 && errno == EINTR);  // as network file systems may
  if (written != static_cast<ssize_t>(text.size())) return Error(file.path(), written < 0 ? errno : ENOSPC);
  return fd;
}

// Locks the file that is there now, so that of two processes which find it stale only one replaces it. Not
// valid: it went away or was replaced, look again.
absl::StatusOr<base::UniqueFd> LockOld(const FolderEntry& file) {
  base::UniqueFd old(
      openat(file.folder_fd(), file.name(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!old.valid()) {
    if (errno == ENOENT) return base::UniqueFd();
    if (errno == ELOOP) return Refused(file.path(), "a symbolic link is in the way");
    return Error(file.path(), errno);
  }
  struct stat inode = {};
  if (fstat(old.get(), &inode) != 0) return Error(file.path(), errno);
  if (!S_ISREG(inode.st_mode))
    return Refused(file.path(), "something that is not a regular file is in the way");
  if (flock(old.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Error(file.path(), errno);
    return absl::AlreadyExistsError(absl::StrCat(file.path(), " is locked by pid ", NumberFrom(old.get())));
  }
  if (!file.Is(inode)) return base::UniqueFd();
  if (inode.st_size > 0 && NumberFrom(old.get()) <= 0) {
    return Refused(file.path(), "a file that holds no pid is in the way");
  }
  return old;
}

// Gives the new file its name. False: look again.
absl::StatusOr<bool> Publish(const FolderEntry& file, const std::string& temporary) {
  const int folder = file.folder_fd();
  if (renameat2(folder, temporary.c_str(), folder, file.name(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EINVAL || errno == ENOSYS) {  // not on every file system
    if (linkat(folder, temporary.c_str(), folder, file.name(), 0) == 0) {
      unlinkat(folder, temporary.c_str(), 0);
      return true;
    }
  }
  if (errno != EEXIST) return Error(file.path(), errno);
  const absl::StatusOr<base::UniqueFd> old = LockOld(file);
  if (!old.ok()) return old.status();
  if (!old->valid()) return false;
  if (renameat(folder, temporary.c_str(), folder, file.name()) != 0) return Error(file.path(), errno);
  return true;
}

}  // namespace

PidFile::PidFile(FolderEntry file, base::UniqueFd fd)
    : file_(std::move(file)), fd_(std::move(fd)), maker_(getpid()) {}

PidFile::~PidFile() {
  struct stat inode = {};
  if (!fd_.valid() || maker_ != getpid() || fstat(fd_.get(), &inode) != 0) return;
  file_.RemoveIf(inode);
  // Nothing can be done about a failure here.
  if (file_.Is(inode) && ftruncate(fd_.get(), 0) != 0) return;
}

absl::StatusOr<PidFile> PidFile::Create(const std::string& path, mode_t mode, const Identity* owner) {
  absl::StatusOr<FolderEntry> file = FolderEntry::Open(path);
  if (!file.ok()) {
    return absl::Status(file.status().code(),
                        absl::StrCat("cannot create ", path, ": ", file.status().message()));
  }
  const std::string temporary = absl::StrCat(".", file->name(), ".", getpid(), ".new");
  absl::StatusOr<base::UniqueFd> fd = MakeNew(*file, temporary, mode, owner);
  absl::StatusOr<bool> published = fd.ok() ? absl::StatusOr<bool>(false) : fd.status();
  for (int i = 0; i < kTries && published.ok() && !*published; ++i) published = Publish(*file, temporary);
  if (!published.ok() || !*published) {
    unlinkat(file->folder_fd(), temporary.c_str(), 0);
    return published.ok() ? Refused(path, "others keep replacing it") : published.status();
  }
  return PidFile(*std::move(file), *std::move(fd));
}

absl::StatusOr<PidFile> PidFile::Adopt(const std::string& path, base::UniqueFd fd) {
  absl::StatusOr<FolderEntry> file = FolderEntry::Open(path);
  if (!file.ok()) return file.status();
  struct stat inode = {};
  if (fstat(fd.get(), &inode) != 0 || !file->Is(inode))
    return absl::InvalidArgumentError(absl::StrCat(path, ": the descriptor is not this file"));
  // Another descriptor of the same open file has this lock already; for any other it would be refused.
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0 || fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0)
    return absl::InvalidArgumentError(absl::StrCat(path, ": the descriptor does not hold the lock"));
  return PidFile(*std::move(file), std::move(fd));
}

absl::Status PidFile::CheckFile(const std::string& path) {
  const absl::StatusOr<FolderEntry> file = FolderEntry::Open(path);
  if (!file.ok()) {
    return absl::Status(file.status().code(),
                        absl::StrCat("cannot create ", path, ": ", file.status().message()));
  }
  const std::optional<struct stat> found = file->Look();
  if (found.has_value() && S_ISLNK(found->st_mode)) return Refused(path, "a symbolic link is in the way");
  if (found.has_value() && !S_ISREG(found->st_mode)) {
    return Refused(path, "something that is not a regular file is in the way");
  }
  if (found.has_value() && found->st_size > 0 && NumberIn(path) <= 0) {
    return Refused(path, "a file that holds no pid is in the way");
  }
  return MayMakeFilesIn(FolderOf(path)) ? absl::OkStatus() : Error(path, EACCES);
}

pid_t PidFile::NumberIn(const std::string& path) {
  const base::UniqueFd fd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  return fd.valid() ? NumberFrom(fd.get()) : 0;
}

}  // namespace fectl::platform
