#ifndef FECTL_CLIENT_WATCH_RUN_WATCH_H_
#define FECTL_CLIENT_WATCH_RUN_WATCH_H_

#include "client/context.h"

namespace fectl::client {

// watch: reloads a service of a running fectld whenever files change, until a signal ends it. Gives the exit
// code.
int RunWatch(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_WATCH_RUN_WATCH_H_
