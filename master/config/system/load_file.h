#ifndef FECTL_MASTER_CONFIG_SYSTEM_LOAD_FILE_H_
#define FECTL_MASTER_CONFIG_SYSTEM_LOAD_FILE_H_

#include <cstddef>
#include <string>

#include "master/config/load_result.h"

namespace fectl::config {

// A configuration of 10,000 services is about 2 MB; more is a mistake in the path.
inline constexpr size_t kConfigBytesMax = size_t{4} << 20;

// Reads the regular file `path` and those that it includes, Parse()s them, reads the files with variables
// that they name, and sets every `num` that is "auto". Never blocks on a pipe or a device. One more problem
// is a file that cannot be read or is too large, and one that others decide on (see trusted_file.h). All
// files are in `files`, also those that could not be read.
LoadResult LoadFile(const std::string& path);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_SYSTEM_LOAD_FILE_H_
