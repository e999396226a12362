#ifndef MASTER_PLATFORM_FILES_PID_FILE_H_
#define MASTER_PLATFORM_FILES_PID_FILE_H_

#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"
#include "master/platform/credentials/identity.h"
#include "master/platform/files/folder_entry.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

// A file with this process's number in it, locked (flock) as long as this object lives. The lock, not the
// number, says whether its writer lives: a number may belong to a stranger by now, so no reader may signal it
// on the file's word.
//
// The file appears complete and locked under its name in one step and is not written while this object lives;
// an existing file is replaced, never written into, whatever else its inode is linked to.
class PidFile {
 public:
  // AlreadyExists when a living process holds it: "PATH is locked by pid 123". A symbolic link or anything
  // but a regular file under that name is refused. `mode` is exact, whatever the umask. `owner`: who the file
  // belongs to (its groups do not matter); nullptr: the present user. Borrowed for the call.
  static absl::StatusOr<PidFile> Create(const std::string& path, mode_t mode = 0644,
                                        const Identity* owner = nullptr);

  // The file at `path` that `fd` has locked, from another process with the same open file or from before an
  // exec. The number in it stays what it is. InvalidArgument where that is not so.
  static absl::StatusOr<PidFile> Adopt(const std::string& path, base::UniqueFd fd);

  PidFile(PidFile&&) = default;
  PidFile& operator=(PidFile&&) = delete;
  // Removes the file if it is still this one, and only in the process that made it. Where the folder does not
  // let it be removed any more (after a switch to another user), the file stays, empty: whoever reads it is
  // not told of a process that may be a stranger by then.
  ~PidFile();

  const std::string& path() const { return file_.path(); }
  int fd() const { return fd_.get(); }

  // What Create() would say of the path alone: its folder, and what is in the way. Does not ask for the lock.
  static absl::Status CheckFile(const std::string& path);

  // The number in a file of that name, 0 when there is none. For messages only.
  static pid_t NumberIn(const std::string& path);

 private:
  PidFile(FolderEntry file, base::UniqueFd fd);

  FolderEntry file_;
  base::UniqueFd fd_;  // holds the lock
  pid_t maker_;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_FILES_PID_FILE_H_
