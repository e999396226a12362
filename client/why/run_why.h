#ifndef FECTL_CLIENT_WHY_RUN_WHY_H_
#define FECTL_CLIENT_WHY_RUN_WHY_H_

#include "client/context.h"

namespace fectl::client {

// `fectl why`. Gives the exit code.
int RunWhy(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_WHY_RUN_WHY_H_
