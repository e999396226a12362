#ifndef MASTER_PLATFORM_PROCESS_PROCESSORS_H_
#define MASTER_PLATFORM_PROCESS_PROCESSORS_H_

#include <string>

namespace fectl::platform {

// How many processors this process can keep busy, at least 1: those that its affinity allows, but no more
// than the quota for CPU time of its control group, and of each group above that, rounded up.
int UsableProcessors();

// The same for the quotas below `root` (its proc/self/cgroup and sys/fs/cgroup) and `allowed` processors. For
// tests.
int UsableProcessors(const std::string& root, int allowed);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_PROCESS_PROCESSORS_H_
