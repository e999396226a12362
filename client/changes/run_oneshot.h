#ifndef FECTL_CLIENT_CHANGES_RUN_ONESHOT_H_
#define FECTL_CLIENT_CHANGES_RUN_ONESHOT_H_

#include "client/context.h"

namespace fectl::client {

// Runs a service of the type oneshot; gives the exit code of its program.
int RunOneshot(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_CHANGES_RUN_ONESHOT_H_
