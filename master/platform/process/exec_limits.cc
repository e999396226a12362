#include "master/platform/process/exec_limits.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace fectl::platform {

size_t ExecStringBytesMax() {
  return 32 * static_cast<size_t>(sysconf(_SC_PAGESIZE));  // MAX_ARG_STRLEN of <linux/binfmts.h>
}

size_t ExecBytesMax() {
  constexpr size_t kLeast = 128 * 1024;              // ARG_MAX, which a small stack does not make smaller
  constexpr size_t kMost = size_t{6} * 1024 * 1024;  // three quarters of the usual stack
  rlimit stack = {};
  if (getrlimit(RLIMIT_STACK, &stack) != 0) return kLeast;
  return std::clamp(static_cast<size_t>(std::min<rlim_t>(stack.rlim_cur / 4, kMost)), kLeast, kMost);
}

}  // namespace fectl::platform
