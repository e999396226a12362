#ifndef FECTL_MASTER_CONFIG_LOAD_FILE_H_
#define FECTL_MASTER_CONFIG_LOAD_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "master/config/load_result.h"

namespace fectl::config {

// A configuration of 10,000 services is about 1 MB; more is a mistake in the path.
inline constexpr size_t kConfigBytesMax = 4u << 20;

// The bytes of a regular file. Errors are sentences for people, without the path ("is a directory, not a
// file").
absl::StatusOr<std::string> ReadConfigFile(const std::string& path);

// ReadConfigFile() and Parse(). A file that cannot be read is one problem. Never blocks on a pipe or a
// device.
LoadResult LoadFile(const std::string& path);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_LOAD_FILE_H_
