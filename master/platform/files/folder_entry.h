#ifndef MASTER_PLATFORM_FILES_FOLDER_ENTRY_H_
#define MASTER_PLATFORM_FILES_FOLDER_ENTRY_H_

#include <sys/stat.h>

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

// One name in one folder, which is kept open: what is looked at and what is removed later are in the same
// folder, even if the path to it leads elsewhere by then. Nothing here follows a symbolic link in the last
// part.
class FolderEntry {
 public:
  // NotFound and the like name the folder: "the folder /run/x: No such file or directory". The entry need not
  // exist.
  static absl::StatusOr<FolderEntry> Open(const std::string& path);

  const std::string& path() const { return path_; }
  const char* name() const { return name_.c_str(); }
  int folder_fd() const { return folder_.get(); }

  // nullopt: there is nothing of that name.
  std::optional<struct stat> Look() const;

  // The entry is this very inode. Only meaningful while something keeps the inode in use, as its number is
  // given to another file otherwise.
  bool Is(const struct stat& inode) const;

  void RemoveIf(const struct stat& inode) const;

 private:
  FolderEntry() = default;

  base::UniqueFd folder_;
  std::string path_;
  std::string name_;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_FILES_FOLDER_ENTRY_H_
