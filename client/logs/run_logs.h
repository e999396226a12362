#ifndef FECTL_CLIENT_LOGS_RUN_LOGS_H_
#define FECTL_CLIENT_LOGS_RUN_LOGS_H_

#include "client/context.h"

namespace fectl::client {

// fectl logs SERVICE...: what workers have written, and what they write. Gives the exit code.
int RunLogs(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_LOGS_RUN_LOGS_H_
