#ifndef FECTL_CLIENT_RUN_QUIT_H_
#define FECTL_CLIENT_RUN_QUIT_H_

#include "client/context.h"

namespace fectl::client {

// quit: asks fectld to stop everything and waits until it has gone. Gives the exit code.
int RunQuit(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_RUN_QUIT_H_
