#ifndef FECTL_MASTER_CONFIG_SYSTEM_WORKER_CHECK_H_
#define FECTL_MASTER_CONFIG_SYSTEM_WORKER_CHECK_H_

#include "master/config/load_result.h"

namespace fectl::config {

// Notes a warning for each thing that will keep workers of a service from starting, or from getting what the
// configuration gives them, although the configuration itself is right: rights that fectld has not, variables
// that are not set or too long for Linux, and socket names that a shell on the way to the worker drops.
// Call it after ResolveAccounts().
void CheckWorkers(LoadResult* result);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_SYSTEM_WORKER_CHECK_H_
