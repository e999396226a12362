#ifndef FECTL_MASTER_CONFIG_SYSTEM_PATH_CHECK_H_
#define FECTL_MASTER_CONFIG_SYSTEM_PATH_CHECK_H_

#include "master/config/load_result.h"

namespace fectl::config {

// Notes as warnings what a start would say when it opens the files and the TCP sockets of the configuration,
// for
// `--check`: nothing is made, and nothing is listened on. A folder that is missing is CheckSystem()'s to
// tell, and a port or a socket that is taken is not looked for, as a running fectld may have it. Names of
// hosts are asked for, which may take the network. After ResolveAccounts().
void CheckOpenings(LoadResult* result);

// Notes a warning for each file that the user whom fectld switches to cannot make anew later: a log after its
// rotation, a control socket that was removed. After ResolveAccounts().
void CheckLaterOpenings(LoadResult* result);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_SYSTEM_PATH_CHECK_H_
