#include "master/platform/files/folder_entry.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fectl::platform {

absl::StatusOr<FolderEntry> FolderEntry::Open(const std::string& path) {
  FolderEntry entry;
  entry.path_ = path;
  const size_t slash = path.rfind('/');
  entry.name_ = slash == std::string::npos ? path : path.substr(slash + 1);
  if (entry.name_.empty() || entry.name_ == "." || entry.name_ == "..") {
    return absl::InvalidArgumentError("the path does not name a file");
  }
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  entry.folder_.reset(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!entry.folder_.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("the folder ", folder));
  return entry;
}

std::optional<struct stat> FolderEntry::Look() const {
  struct stat inode = {};
  if (fstatat(folder_.get(), name(), &inode, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return inode;
}

bool FolderEntry::Is(const struct stat& inode) const {
  const std::optional<struct stat> present = Look();
  return present.has_value() && present->st_dev == inode.st_dev && present->st_ino == inode.st_ino;
}

void FolderEntry::RemoveIf(const struct stat& inode) const {
  if (Is(inode)) unlinkat(folder_.get(), name(), 0);
}

}  // namespace fectl::platform
