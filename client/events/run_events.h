#ifndef FECTL_CLIENT_EVENTS_RUN_EVENTS_H_
#define FECTL_CLIENT_EVENTS_RUN_EVENTS_H_

#include "client/context.h"

namespace fectl::client {

// `fectl events`. Gives the exit code.
int RunEvents(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_EVENTS_RUN_EVENTS_H_
