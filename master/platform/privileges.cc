#include "master/platform/privileges.h"

#include <grp.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "master/platform/process_limits.h"

namespace fectl::platform {
namespace {

bool HasIds(const Identity& identity) {
  uid_t real_uid, effective_uid, saved_uid;
  gid_t real_gid, effective_gid, saved_gid;
  if (getresuid(&real_uid, &effective_uid, &saved_uid) != 0) return false;
  if (getresgid(&real_gid, &effective_gid, &saved_gid) != 0) return false;
  return real_uid == identity.uid && effective_uid == identity.uid && saved_uid == identity.uid &&
         real_gid == identity.gid && effective_gid == identity.gid && saved_gid == identity.gid;
}

}  // namespace

bool IsPresentOrdinaryIdentity(const Identity& identity) {
  return identity.uid != 0 && HasIds(identity);
}

absl::Status SwitchIdentity(const Identity& identity) {
  if (IsPresentOrdinaryIdentity(identity)) return absl::OkStatus();
  if (setgroups(identity.groups.size(), identity.groups.data()) != 0) {
    return absl::ErrnoToStatus(errno, "cannot set supplementary groups");
  }
  if (setresgid(identity.gid, identity.gid, identity.gid) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot switch to group ", identity.gid));
  }
  if (setresuid(identity.uid, identity.uid, identity.uid) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot switch to user ", identity.uid));
  }
  if (!HasIds(identity)) {
    return absl::InternalError(absl::StrCat("the kernel did not switch to user ", identity.uid));
  }
  return ForbidInspection();
}

}  // namespace fectl::platform
