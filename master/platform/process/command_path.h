#ifndef MASTER_PLATFORM_PROCESS_COMMAND_PATH_H_
#define MASTER_PLATFORM_PROCESS_COMMAND_PATH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fectl::platform {

// The paths at which `command` may be: itself when it has a slash in it; otherwise one in each folder of
// `search_path` (the value of a PATH variable). Empty and relative folders of the search path are passed
// over: nothing is ever found in the current directory unless it is asked for with "./".
std::vector<std::string> CandidatesFor(const std::string& command, const std::string& search_path);

// The file that `command` names: with a slash in it, taken as a path (relative to `directory` when it does
// not begin with a slash); without one, the first executable regular file among its candidates. NotFound and
// PermissionDenied name what was looked for and where.
absl::StatusOr<std::string> FindExecutable(const std::string& command, const std::string& search_path,
                                           const std::string& directory);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_PROCESS_COMMAND_PATH_H_
