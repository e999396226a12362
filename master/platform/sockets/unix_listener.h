#ifndef MASTER_PLATFORM_SOCKETS_UNIX_LISTENER_H_
#define MASTER_PLATFORM_SOCKETS_UNIX_LISTENER_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/platform/files/folder_entry.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

struct UnixListenSpec {
  std::string path = {};  // at most 107 bytes, a limit of the address format
  int backlog = 4096;
  // Of the file. Never wider for a moment than this: nobody can connect before all of it is in force.
  mode_t mode = 0600;
  std::optional<uid_t> owner = {};
  std::optional<gid_t> group = {};
};

// Tells a file from every other one while something keeps it in use.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

// A listening UNIX socket and its file. The listener does not block and is close-on-exec.
class UnixListener {
 public:
  // A file left by a dead process is replaced; a socket on which somebody listens, anything that is no
  // socket, and a symbolic link are refused and left as they are.
  static absl::StatusOr<UnixListener> Open(const UnixListenSpec& spec);

  // One that listens already, made by another process or before an exec: `fd` and what its file_identity()
  // was. The file is this one's from here on. InvalidArgument where `fd` does not listen under this path. A
  // file that was removed or replaced in the meantime is no error (FileIsOurs()).
  static absl::StatusOr<UnixListener> Adopt(const std::string& path, base::UniqueFd fd,
                                            const FileIdentity& file);

  // What Open() would say of the path alone: too long, or its folder is missing.
  static absl::Status CheckPath(const std::string& path);

  // The same, and what is in the way under this name. Does not ask whether somebody listens there.
  static absl::Status CheckFile(const std::string& path);

  UnixListener(UnixListener&&) = default;
  UnixListener& operator=(UnixListener&&) = delete;
  // Removes the file if it is still the one made here, and only in the process that made it.
  ~UnixListener();

  int fd() const { return fd_.get(); }
  const std::string& path() const { return file_.path(); }
  FileIdentity file_identity() const { return {inode_.st_dev, inode_.st_ino}; }

  // False: the file was removed or replaced by somebody, so nobody can reach the listener any more.
  bool FileIsOurs() const;

  // Gives the file this mode, owner and group; where that is not allowed, all of it is as before.
  absl::Status ChangeFile(const UnixListenSpec& spec);

  // Nobody can connect from here on.
  void RemoveFile();

  // The listener goes on without this object, and the file stays.
  base::UniqueFd Release();

  // From here on the listener has the number of `fd`, which is closed.
  absl::Status TakeNumber(base::UniqueFd fd);

 private:
  UnixListener(FolderEntry file, base::UniqueFd fd, const struct stat& inode);

  FolderEntry file_;
  base::UniqueFd fd_;  // keeps the file's inode in use
  struct stat inode_;
  pid_t maker_;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_SOCKETS_UNIX_LISTENER_H_
