#ifndef MASTER_PLATFORM_PRIVILEGES_H_
#define MASTER_PLATFORM_PRIVILEGES_H_

#include "absl/status/status.h"
#include "master/platform/identity.h"

namespace fectl::platform {

// This process, not being root, has exactly these ids, so that there is nothing to switch. (Its supplementary
// groups may be others; an ordinary user cannot change them.)
bool IsPresentOrdinaryIdentity(const Identity& identity);

// Makes this process `identity` for good: supplementary groups, then gid, then uid (the other way round the
// right to do the rest is gone), real, effective and saved, and asks the kernel whether it is so. After an
// error the process may be half switched and must end. Does nothing when the process, not being root, already
// has these ids. Leaves the process not dumpable (the kernel resets that at a change of uid).
absl::Status SwitchIdentity(const Identity& identity);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_PRIVILEGES_H_
