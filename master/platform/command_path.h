#ifndef MASTER_PLATFORM_COMMAND_PATH_H_
#define MASTER_PLATFORM_COMMAND_PATH_H_

#include <string>

#include "absl/status/statusor.h"

namespace fectl::platform {

// The file that `command` names: with a slash in it, taken as a path (relative to `directory` when it does
// not begin with a slash); without one, the first executable regular file of that name in the folders of
// `search_path` (the value of a PATH variable). Empty and relative folders of the search path are passed
// over: nothing is ever found in the current directory unless it is asked for with "./". NotFound and
// PermissionDenied name what was looked for and where.
absl::StatusOr<std::string> FindExecutable(const std::string& command, const std::string& search_path,
                                           const std::string& directory);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_COMMAND_PATH_H_
