#ifndef FECTL_CLIENT_LIVE_RUN_TOP_H_
#define FECTL_CLIENT_LIVE_RUN_TOP_H_

#include "client/context.h"

namespace fectl::client {

// `fectl top`: all workers with what they use, on a full screen until somebody ends it; once, where it is not
// for a terminal. Gives the exit code.
int RunTop(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_LIVE_RUN_TOP_H_
