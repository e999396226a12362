#include "master/platform/credentials/privileges.h"

#include <grp.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "absl/strings/str_cat.h"
#include "master/platform/credentials/capabilities.h"
#include "master/platform/process/process_limits.h"

namespace fectl::platform {
namespace {

// The group itself counts as one of them, whether it is listed or not.
std::vector<gid_t> Normalized(std::vector<gid_t> groups, gid_t gid) {
  groups.push_back(gid);
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  return groups;
}

bool HasGroups(const Identity& identity) {
  std::vector<gid_t> present(static_cast<size_t>(std::max(getgroups(0, nullptr), 0)));
  const int count = getgroups(static_cast<int>(present.size()), present.data());
  if (count < 0) return false;
  present.resize(static_cast<size_t>(count));
  return Normalized(present, identity.gid) == Normalized(identity.groups, identity.gid);
}

// What the keyring of a login session holds is not for another user. Where the call is missing or forbidden
// nothing can be read from a keyring either.
absl::Status LeaveSessionKeyring() {
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) >= 0 || errno == ENOSYS || errno == EPERM) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, "cannot start a session keyring");
}

}  // namespace

IdentityChange ChangeTo(const Identity& identity) {
  // What cannot be looked at is changed.
  IdentityChange change = {.groups = true, .gid = true, .uid = true};
  uid_t uids[3];
  gid_t gids[3];
  if (getresuid(&uids[0], &uids[1], &uids[2]) == 0) {
    change.uid = std::any_of(uids, uids + 3, [&](uid_t uid) { return uid != identity.uid; });
  }
  if (getresgid(&gids[0], &gids[1], &gids[2]) == 0) {
    change.gid = std::any_of(gids, gids + 3, [&](gid_t gid) { return gid != identity.gid; });
  }
  change.groups = change.gid || !HasGroups(identity);
  return change;
}

absl::Status SwitchIdentity(const Identity& identity) {
  const IdentityChange change = ChangeTo(identity);
  if (change.uid) {
    if (absl::Status s = LeaveSessionKeyring(); !s.ok()) return s;
  }
  if (change.groups && setgroups(identity.groups.size(), identity.groups.data()) != 0 &&
      !(errno == EPERM && change.same_ids())) {
    return absl::ErrnoToStatus(errno, "cannot set supplementary groups");
  }
  if (change.same_ids()) return absl::OkStatus();
  if (change.gid && setresgid(identity.gid, identity.gid, identity.gid) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot switch to group ", identity.gid));
  }
  if (change.uid && setresuid(identity.uid, identity.uid, identity.uid) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot switch to user ", identity.uid));
  }
  if (!ChangeTo(identity).same_ids()) {
    return absl::InternalError(absl::StrCat("the kernel did not switch to user ", identity.uid));
  }
  if (change.uid && identity.uid != 0) {
    if (absl::Status s = DropCapabilities(); !s.ok()) return s;
  }
  return ForbidInspection();
}

}  // namespace fectl::platform
