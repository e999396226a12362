#ifndef MASTER_PLATFORM_FILES_OUTPUT_FILE_H_
#define MASTER_PLATFORM_FILES_OUTPUT_FILE_H_

#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

// Opens a log file for appending, made with exactly `mode` when it is not there. Close-on-exec. Opening never
// blocks, and only these are taken: regular files with one name (a second one, or a symbolic link, may be
// somebody's way to have another file written to), /dev/null, and /dev/stdout and /dev/stderr (also as
// /dev/fd/1 and /proc/self/fd/1, and so with 2), which mean this process's present streams. A FIFO, a device
// or a folder is refused.
absl::StatusOr<base::UniqueFd> OpenOutputFile(const std::string& path, mode_t mode = 0640);

// What OpenOutputFile() would say; makes no file.
absl::Status CheckOutputFile(const std::string& path);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_FILES_OUTPUT_FILE_H_
