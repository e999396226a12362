#ifndef MASTER_PLATFORM_FILES_WHOLE_FILE_H_
#define MASTER_PLATFORM_FILES_WHOLE_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace fectl::platform {

// Makes `text` what the file holds; the file is made where it is not there. A device or a pipe gets it as far
// as it takes it at once.
absl::Status WriteWholeFile(const std::string& path, std::string_view text);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_FILES_WHOLE_FILE_H_
