#ifndef FECTL_CLIENT_RUN_OPERATIONS_H_
#define FECTL_CLIENT_RUN_OPERATIONS_H_

#include "client/context.h"

namespace fectl::client {

// start, stop, reload, restart, pause, resume: asks for all services at the same time, each on its own
// connection, tells how each came out, and gives the exit code.
int RunOperations(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_RUN_OPERATIONS_H_
