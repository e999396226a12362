#ifndef MASTER_PLATFORM_IDENTITY_H_
#define MASTER_PLATFORM_IDENTITY_H_

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

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_IDENTITY_H_
