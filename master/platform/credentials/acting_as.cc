#include "master/platform/credentials/acting_as.h"

#include <fcntl.h>
#include <grp.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace fectl::platform {

ActingAs::ActingAs(const Identity* identity) {
  if (identity == nullptr || geteuid() != 0 || identity->uid == 0) return;
  gid_ = getegid();
  const int count = getgroups(0, nullptr);
  if (count < 0) return;
  groups_.resize(static_cast<size_t>(count));
  if (getgroups(count, groups_.data()) < 0) return;
  // Groups before the user, whose rights do not suffice to change them. A step that fails leaves root in
  // place, which then finds nothing wrong.
  if (setgroups(identity->groups.size(), identity->groups.data()) != 0) return;
  switched_ = true;
  if (setegid(identity->gid) != 0) return;
  if (seteuid(identity->uid) != 0) return;
}

ActingAs::~ActingAs() {
  if (!switched_) return;
  // A process that stayed half switched would start everything else with rights that nobody configured.
  if (seteuid(0) != 0 || setegid(gid_) != 0 || setgroups(groups_.size(), groups_.data()) != 0) std::abort();
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

bool MayMakeFilesIn(const std::string& folder) {
  if (faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0) return true;
  return errno != EACCES && errno != EROFS && errno != EPERM;
}

}  // namespace fectl::platform
