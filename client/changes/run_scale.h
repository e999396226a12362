#ifndef FECTL_CLIENT_CHANGES_RUN_SCALE_H_
#define FECTL_CLIENT_CHANGES_RUN_SCALE_H_

#include "client/context.h"

namespace fectl::client {

// Changes how many workers a service has; gives the exit code.
int RunScale(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_CHANGES_RUN_SCALE_H_
