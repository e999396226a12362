#ifndef FECTL_MASTER_CONFIG_SYSTEM_CHECK_H_
#define FECTL_MASTER_CONFIG_SYSTEM_CHECK_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "master/config/load_result.h"

namespace fectl::config {

// Fills in every Identity, owner_id and group_id of `result->config` from the user and group databases, and
// notes a problem for each name that does not exist. May ask the network (LDAP): call it before anything is
// served.
void ResolveAccounts(LoadResult* result);

// Notes a problem for each directory that does not exist and each command that cannot be found. They are
// warnings if `missing_is_warning` (a file that is checked on another machine than it is for).
// Precondition: ResolveAccounts() ran. Relative paths are taken as the runtime takes them.
void CheckSystem(LoadResult* result, bool missing_is_warning);

// What to give to execve for the first word of a command: a word with a slash is a path (relative to
// `directory`, as the worker will be there; returned as it stands), any other word is looked up in the
// folders of `path` (colons between them). Empty and relative folders in `path` are passed over, so that
// nothing is ever found in the current directory by accident. `directory` may be empty: the current one.
absl::StatusOr<std::string> FindExecutable(std::string_view word, std::string_view path,
                                           std::string_view directory);

// The PATH that the workers of `service` get: from its `environ`, else the master's own, else a default.
std::string WorkerPath(const ServiceConfig& service);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_SYSTEM_CHECK_H_
