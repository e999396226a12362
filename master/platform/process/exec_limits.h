#ifndef MASTER_PLATFORM_PROCESS_EXEC_LIMITS_H_
#define MASTER_PLATFORM_PROCESS_EXEC_LIMITS_H_

#include <cstddef>

namespace fectl::platform {

// What execve() takes: the bytes of one argument or of one variable "NAME=value", with its terminating zero.
size_t ExecStringBytesMax();

// The bytes of all of them together, with a pointer for each. It depends on the limit of this process's
// stack.
size_t ExecBytesMax();

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_PROCESS_EXEC_LIMITS_H_
