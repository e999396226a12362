#include "master/platform/sockets/unix_listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "master/platform/credentials/acting_as.h"
#include "master/platform/files/removed_directory.h"
#include "master/platform/sockets/adopted.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::platform {
namespace {

using base::UnixAddress;

constexpr uid_t kNoUid = static_cast<uid_t>(-1);  // "leave" to chown()
constexpr gid_t kNoGid = static_cast<gid_t>(-1);

// The umask belongs to the whole process: one thread only.
class UmaskLifted {
 public:
  UmaskLifted() : old_(umask(0)) {}
  ~UmaskLifted() { umask(old_); }
  UmaskLifted(const UmaskLifted&) = delete;
  UmaskLifted& operator=(const UmaskLifted&) = delete;

 private:
  mode_t old_;
};

absl::Status Error(const std::string& path, int error) {
  const absl::Status status = absl::ErrnoToStatus(error, absl::StrCat("cannot listen on ", path));
  const std::string hint = DirectoryWasRemoved(error, path);
  if (hint.empty()) return status;
  return absl::Status(status.code(), absl::StrCat(status.message(), " (", hint, ")"));
}

absl::Status Refused(const std::string& path, const char* why) {
  return absl::FailedPreconditionError(absl::StrCat("cannot listen on ", path, ": ", why));
}

// Whether somebody listens there; 0 yes, ECONNREFUSED nobody does, another errno: who knows.
int Probe(const std::string& path) {
  base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno;
  const UnixAddress address(path);
  if (connect(fd.get(), address.get(), address.size()) == 0) return 0;
  // A full queue is somebody's queue; EPROTOTYPE: somebody's datagram socket.
  return errno == EAGAIN || errno == EPROTOTYPE ? 0 : errno;
}

// What is there and is no socket is left alone.
absl::Status CheckKind(const std::string& path, const std::optional<struct stat>& found) {
  if (!found.has_value() || S_ISSOCK(found->st_mode)) return absl::OkStatus();
  return Refused(path, S_ISLNK(found->st_mode)   ? "a symbolic link is in the way"
                       : S_ISDIR(found->st_mode) ? "a directory is in the way"
                                                 : "a file that is not a socket is in the way");
}

// Removes what a dead process left.
absl::Status MakeRoom(const FolderEntry& file) {
  const std::optional<struct stat> found = file.Look();
  if (absl::Status kind = CheckKind(file.path(), found); !kind.ok()) return kind;
  if (!found.has_value()) return absl::OkStatus();
  const int error = Probe(file.path());
  if (error == 0) {
    return absl::AlreadyExistsError(
        absl::StrCat("cannot listen on ", file.path(), ": another process listens there"));
  }
  if (error == ENOENT) return absl::OkStatus();
  if (error != ECONNREFUSED) return Error(file.path(), error);
  if (unlinkat(file.folder_fd(), file.name(), 0) != 0 && errno != ENOENT) return Error(file.path(), errno);
  return absl::OkStatus();
}

// The file gets its final mode in the instant in which it appears (the kernel takes it from the socket), and
// nobody can connect before listen(), which comes when the owner is right too.
absl::Status BindFile(int fd, const UnixListenSpec& spec) {
  if (fchmod(fd, spec.mode) != 0) return Error(spec.path, errno);
  UmaskLifted lifted;
  const UnixAddress address(spec.path);
  if (bind(fd, address.get(), address.size()) != 0) return Error(spec.path, errno);
  return absl::OkStatus();
}

absl::Status SetOwner(const FolderEntry& file, const UnixListenSpec& spec) {
  if (!spec.owner.has_value() && !spec.group.has_value()) return absl::OkStatus();
  if (fchownat(file.folder_fd(), file.name(), spec.owner.value_or(kNoUid), spec.group.value_or(kNoGid),
               AT_SYMLINK_NOFOLLOW) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot set the owner of ", spec.path));
  }
  return absl::OkStatus();
}

absl::StatusOr<FolderEntry> OpenEntry(const std::string& path) {
  if (path.size() > UnixAddress::kPathBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("cannot listen on ", path, ": the path has ", path.size(),
                                                   " bytes, the system allows ", UnixAddress::kPathBytesMax));
  }
  if (path.find('\0') != std::string::npos) return Refused(path, "the path has a NUL byte");
  absl::StatusOr<FolderEntry> file = FolderEntry::Open(path);
  if (file.ok()) return file;
  return absl::Status(file.status().code(),
                      absl::StrCat("cannot listen on ", path, ": ", file.status().message()));
}

}  // namespace

UnixListener::UnixListener(FolderEntry file, base::UniqueFd fd, const struct stat& inode)
    : file_(std::move(file)), fd_(std::move(fd)), inode_(inode), maker_(getpid()) {}

UnixListener::~UnixListener() {
  // Before the descriptor closes: without it the inode's number may soon be another file's.
  if (fd_.valid() && maker_ == getpid()) file_.RemoveIf(inode_);
}

absl::Status UnixListener::CheckPath(const std::string& path) {
  return OpenEntry(path).status();
}

absl::Status UnixListener::CheckFile(const std::string& path) {
  const absl::StatusOr<FolderEntry> file = OpenEntry(path);
  if (!file.ok()) return file.status();
  if (absl::Status kind = CheckKind(path, file->Look()); !kind.ok()) return kind;
  return MayMakeFilesIn(FolderOf(path)) ? absl::OkStatus() : Error(path, EACCES);
}

absl::StatusOr<UnixListener> UnixListener::Open(const UnixListenSpec& spec) {
  absl::StatusOr<FolderEntry> file = OpenEntry(spec.path);
  if (!file.ok()) return file.status();
  if (absl::Status status = MakeRoom(*file); !status.ok()) return status;
  base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Error(spec.path, errno);
  if (absl::Status status = BindFile(fd.get(), spec); !status.ok()) return status;
  const std::optional<struct stat> inode = file->Look();
  if (!inode.has_value() || !S_ISSOCK(inode->st_mode)) {
    return Refused(spec.path, "its folder was replaced in the meantime");
  }
  // From here on its destructor removes the file again.
  UnixListener listener(*std::move(file), std::move(fd), *inode);
  if (absl::Status status = SetOwner(listener.file_, spec); !status.ok()) return status;
  if (listen(listener.fd(), spec.backlog) != 0) return Error(spec.path, errno);
  return listener;
}

absl::StatusOr<UnixListener> UnixListener::Adopt(const std::string& path, base::UniqueFd fd,
                                                 const FileIdentity& file) {
  absl::StatusOr<FolderEntry> entry = OpenEntry(path);
  if (!entry.ok()) return entry.status();
  const absl::Status listens = MakeAdopted(fd.get());
  if (!listens.ok()) return absl::Status(listens.code(), absl::StrCat(path, ": ", listens.message()));
  sockaddr_un bound = {};
  socklen_t length = sizeof(bound);
  void* const generic = &bound;
  if (getsockname(fd.get(), static_cast<sockaddr*>(generic), &length) != 0) return Error(path, errno);
  // The kernel ends the path with a NUL where it has room for one.
  if (path != std::string_view(bound.sun_path, strnlen(bound.sun_path, sizeof(bound.sun_path))))
    return absl::InvalidArgumentError(absl::StrCat(path, ": the descriptor listens somewhere else"));
  struct stat inode = {};
  inode.st_dev = file.device;
  inode.st_ino = file.inode;
  return UnixListener(*std::move(entry), std::move(fd), inode);
}

bool UnixListener::FileIsOurs() const {
  return file_.Is(inode_);
}

absl::Status UnixListener::ChangeFile(const UnixListenSpec& spec) {
  const std::optional<struct stat> before = file_.Look();
  if (!before.has_value() || !FileIsOurs()) return absl::OkStatus();
  const bool other_mode = (before->st_mode & 07777) != spec.mode;
  // Narrower before it has another owner, and wider after it.
  if (other_mode && fchmodat(file_.folder_fd(), file_.name(), before->st_mode & spec.mode, 0) != 0)
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot set the mode of ", spec.path));
  absl::Status owned = SetOwner(file_, spec);
  const mode_t mode = owned.ok() ? spec.mode : before->st_mode & 07777;
  if (other_mode && fchmodat(file_.folder_fd(), file_.name(), mode, 0) != 0 && owned.ok())
    owned = absl::ErrnoToStatus(errno, absl::StrCat("cannot set the mode of ", spec.path));
  return owned;
}

void UnixListener::RemoveFile() {
  file_.RemoveIf(inode_);
}

base::UniqueFd UnixListener::Release() {
  return std::move(fd_);
}

absl::Status UnixListener::TakeNumber(base::UniqueFd fd) {
  if (dup3(fd_.get(), fd.get(), O_CLOEXEC) < 0) return Error(path(), errno);
  fd_ = std::move(fd);
  return absl::OkStatus();
}

}  // namespace fectl::platform
