#ifndef MASTER_PLATFORM_CREDENTIALS_PRIVILEGES_H_
#define MASTER_PLATFORM_CREDENTIALS_PRIVILEGES_H_

#include "absl/status/status.h"
#include "master/platform/credentials/identity.h"

namespace fectl::platform {

// For this process.
IdentityChange ChangeTo(const Identity& identity);

// Makes this process `identity` for good: supplementary groups, then gid, then uid (the other way round the
// right to do the rest is gone), real, effective and saved, and asks the kernel whether it is so. Another
// user than root then has no capabilities and a session keyring of its own. After an error the process may be
// half switched and must end. Leaves a process that has changed not dumpable (the kernel resets that at a
// change of uid).
absl::Status SwitchIdentity(const Identity& identity);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CREDENTIALS_PRIVILEGES_H_
