#ifndef FECTL_MASTER_CONFIG_SYSTEM_LOAD_FILE_H_
#define FECTL_MASTER_CONFIG_SYSTEM_LOAD_FILE_H_

#include <cstddef>
#include <string>

#include "master/config/load_result.h"

namespace fectl::config {

// A configuration of 10,000 services is about 2 MB; more is a mistake in the path.
inline constexpr size_t kConfigBytesMax = size_t{4} << 20;

// Reads the regular file `path` and Parse()s it. Never blocks on a pipe or a device. One more problem is a
// file that cannot be read or is too large, and one that others decide on: it must belong to root or to the
// present user, and neither its group nor everybody may write it. A symbolic link is followed where it
// belongs to one of the two as well.
LoadResult LoadFile(const std::string& path);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_SYSTEM_LOAD_FILE_H_
