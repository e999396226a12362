#ifndef MASTER_PLATFORM_CREDENTIALS_IDENTITY_H_
#define MASTER_PLATFORM_CREDENTIALS_IDENTITY_H_

#include <sys/types.h>

#include <vector>

namespace fectl::platform {

// Whom a process acts as. All three parts are always switched together: a process with another uid and the
// groups of root is still root's friend.
struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups = {};  // supplementary; complete, not in addition to the present ones

  bool operator==(const Identity&) const = default;
};

// What a process would have to change about itself to be an identity. To be what one is needs no right.
struct IdentityChange {
  bool groups = false;  // the supplementary ones
  bool gid = false;     // real, effective or saved
  bool uid = false;

  // It stays the same user and group. Groups that differ are then changed if that is possible, and otherwise
  // left: neither an ordinary user may change them, nor root in a user namespace which forbids setgroups().
  bool same_ids() const { return !gid && !uid; }
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CREDENTIALS_IDENTITY_H_
