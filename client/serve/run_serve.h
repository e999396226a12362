#ifndef FECTL_CLIENT_SERVE_RUN_SERVE_H_
#define FECTL_CLIENT_SERVE_RUN_SERVE_H_

#include "client/context.h"

namespace fectl::client {

// serve: serves a Python application with a fectld of its own, until a signal ends it. Gives the exit code.
int RunServe(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SERVE_RUN_SERVE_H_
