#ifndef FECTL_MASTER_EVIDENCE_NATIVE_STACKS_H_
#define FECTL_MASTER_EVIDENCE_NATIVE_STACKS_H_

#include <sys/types.h>

#include <chrono>
#include <vector>

#include "absl/status/status.h"
#include "master/evidence/findings.h"

namespace fectl::evidence {

// Fills in the stacks of the threads, each of which is stopped for a moment (ptrace). Threads that cannot be
// stopped are passed over. OK where at least the first one has a stack. Ends at `deadline`.
absl::Status ReadStacks(pid_t pid, std::chrono::steady_clock::time_point deadline,
                        std::vector<Thread>* threads);

}  // namespace fectl::evidence

#endif  // FECTL_MASTER_EVIDENCE_NATIVE_STACKS_H_
