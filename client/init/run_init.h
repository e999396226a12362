#ifndef FECTL_CLIENT_INIT_RUN_INIT_H_
#define FECTL_CLIENT_INIT_RUN_INIT_H_

#include "client/context.h"

namespace fectl::client {

// init: writes a fectld.toml for what there is in the current folder. Needs no fectld. Gives the exit code.
int RunInit(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_INIT_RUN_INIT_H_
