#ifndef MASTER_PLATFORM_TESTING_TEST_SYSCALL_FILTER_H_
#define MASTER_PLATFORM_TESTING_TEST_SYSCALL_FILTER_H_

#include <cstdint>
#include <vector>

#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

// One system call that is to fail from now on.
struct FilteredCall {
  int number = 0;
  int error = 0;
  // Fails only with one of these bits set in its first argument; 0: always.
  uint32_t first_argument_bits = 0;
};

// Installs a seccomp filter in this process, for good and for its children. False: the kernel refused. What
// an old kernel or a container's profile does to us, for tests.
bool InstallFilter(const std::vector<FilteredCall>& calls);

// The same, but this system call neither fails nor succeeds: it waits for as long as the returned descriptor
// is open. Not valid: the kernel refused.
base::UniqueFd InstallUnansweredFilter(int number);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_TESTING_TEST_SYSCALL_FILTER_H_
