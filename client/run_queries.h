#ifndef FECTL_CLIENT_RUN_QUERIES_H_
#define FECTL_CLIENT_RUN_QUERIES_H_

#include "client/context.h"

namespace fectl::client {

// The commands which only ask. Each gives the exit code.
int RunStatus(const Context& context);
int RunSPid(const Context& context);
int RunPid(const Context& context);
int RunVersion(const Context& context);
int RunVersionCheck(const Context& context);
int RunPing(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_RUN_QUERIES_H_
