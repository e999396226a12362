#ifndef MASTER_PLATFORM_SOCKETS_ADOPTED_H_
#define MASTER_PLATFORM_SOCKETS_ADOPTED_H_

#include "absl/status/status.h"

namespace fectl::platform {

// Makes a listening socket that another process opened like one that was opened here: close-on-exec, and
// accept() does not block. InvalidArgument: `fd` is no listening stream socket.
absl::Status MakeAdopted(int fd);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_SOCKETS_ADOPTED_H_
