#ifndef MASTER_RUNTIME_ROLLOUTS_RESIDENT_H_
#define MASTER_RUNTIME_ROLLOUTS_RESIDENT_H_

#include <cstdint>

namespace fectl::runtime {

// The resident memory of a process in bytes, by /proc/PID/statm; 0: there is none, or it cannot be read.
int64_t ResidentBytes(int32_t pid);

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_ROLLOUTS_RESIDENT_H_
