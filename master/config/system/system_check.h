#ifndef FECTL_MASTER_CONFIG_SYSTEM_SYSTEM_CHECK_H_
#define FECTL_MASTER_CONFIG_SYSTEM_SYSTEM_CHECK_H_

#include <string>

#include "master/config/load_result.h"

namespace fectl::config {

// Fills in every Identity, owner_id and group_id of `result->config` from the user and group databases, and
// notes a problem for each name that does not exist. May ask the network (LDAP): call it before anything is
// served. Works also on a result that has problems, so that all of them are told in one run.
void ResolveAccounts(LoadResult* result);

// Notes a problem for each directory that does not exist, each command that cannot be found, and each user
// that this process has no right to switch to. What concerns a service is a warning: that service fails at
// its start, and no other. What concerns the master keeps it from starting; that is a warning, too, if
// `only_warn` (a file is checked on another machine than the one that it is for). Relative paths are taken
// from `[master] directory`, and that from the current directory.
void CheckSystem(bool only_warn, LoadResult* result);

// The PATH that the workers of `service` get, and in which its command is looked up: from its `environ`, or
// its files of variables, else this process's own, else a usual one.
std::string WorkerPath(const ServiceConfig& service);

// fectl-run, which starts the workers of foreign() services.
std::string RunProgram();

// Where the workers of `service` run: absolute, or relative to the current directory at the start of the
// master;
// "." where nothing is configured.
std::string WorkerDirectory(const MasterConfig& master, const ServiceConfig& service);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_SYSTEM_SYSTEM_CHECK_H_
