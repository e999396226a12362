#ifndef FECTL_MASTER_CONFIG_SYSTEM_HOST_LOOKUP_H_
#define FECTL_MASTER_CONFIG_SYSTEM_HOST_LOOKUP_H_

#include "master/config/load_result.h"

namespace fectl::config {

// Fills in `addresses` of every TCP socket. Names are looked up, which may take the network and many seconds:
// for a process that nobody waits for, or at a start. Notes a problem for each name that has no address of
// the socket's kind; a warning if `only_warn`. Works also on a result that has problems, so that all of them
// are told in one run.
void ResolveHosts(bool only_warn, LoadResult* result);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_SYSTEM_HOST_LOOKUP_H_
