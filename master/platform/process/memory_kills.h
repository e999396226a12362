#ifndef MASTER_PLATFORM_PROCESS_MEMORY_KILLS_H_
#define MASTER_PLATFORM_PROCESS_MEMORY_KILLS_H_

#include <cstdint>
#include <string>

#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

// How often the kernel has killed a process of this one's memory cgroup because there was no memory left.
// Such a death looks like any other by SIGKILL; only the counter has moved. Where there is no such group, or
// it is not to be seen (its file system is not mounted), nothing is ever counted.
class MemoryKills {
 public:
  // Of the group that this process is in now.
  MemoryKills();
  // As if `groups` were the text of /proc/self/cgroup, with the file systems below `root`. For tests.
  MemoryKills(const std::string& groups, const std::string& root);

  // Whether there was one, since the object was made, that no earlier call has taken. (It may have been of a
  // process that nobody here knows, as the kernel does not say of which.)
  bool TakeOne();

 private:
  base::UniqueFd file_;  // that has the counter; invalid: none
  uint64_t taken_ = 0;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_PROCESS_MEMORY_KILLS_H_
