#ifndef MASTER_PLATFORM_PROCESS_PROCESS_LIMITS_H_
#define MASTER_PLATFORM_PROCESS_PROCESS_LIMITS_H_

#include <sys/resource.h>
#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fectl::platform {

// Raises the soft RLIMIT_NOFILE to the hard one and returns what it was before, which is what workers should
// get back: a program that uses select() breaks with descriptors above 1023.
absl::StatusOr<rlimit> RaiseOpenFilesLimit();

// Which limit stands behind an error that says that there is no room, and where it is set: "all 64 files that
// fectld may have open are in use, see `ulimit -n`". Empty for other errors.
std::string LimitBehind(int error);

// `status` with that behind its words.
absl::Status WithLimit(const absl::Status& status, int error);

// Lets no other process of the same user read this one's memory, environment or descriptors, and makes no
// core dump of it. The kernel undoes it at execve() and at a change of uid.
absl::Status ForbidInspection();

// Makes no core dump of another process, however it ends from now on; also where a program takes the dumps
// (core_pattern). The caller holds the process unreaped, which makes its number safe to use.
absl::Status ForbidCoreDump(pid_t pid);

// Processes whose parent ended become children of this one instead of init's, so that nothing that a worker
// started goes out of sight. Kept over execve().
absl::Status BecomeSubreaper();

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_PROCESS_PROCESS_LIMITS_H_
