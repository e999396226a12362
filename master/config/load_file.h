#ifndef FECTL_MASTER_CONFIG_LOAD_FILE_H_
#define FECTL_MASTER_CONFIG_LOAD_FILE_H_

#include <cstddef>
#include <string>

#include "master/config/load_result.h"

namespace fectl::config {

// A configuration of 10,000 services is about 2 MB; more is a mistake in the path.
inline constexpr size_t kConfigBytesMax = size_t{4} << 20;

// Reads the regular file `path` and Parse()s it. A file that cannot be read, is too large, or can be written
// by everybody while we are root, is one more problem. Never blocks on a pipe or a device.
LoadResult LoadFile(const std::string& path);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_LOAD_FILE_H_
