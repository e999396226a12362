#ifndef FECTL_MASTER_CONFIG_SYSTEM_ENV_FILES_H_
#define FECTL_MASTER_CONFIG_SYSTEM_ENV_FILES_H_

#include <cstddef>

#include "master/config/load_result.h"

namespace fectl::config {

// Of one file. All variables of a process may take some 2 MiB, one of them 128 KiB.
inline constexpr size_t kEnvFileBytesMax = size_t{1} << 20;

// Reads the `env_files` of every service into its `environ_from_files`, and adds them to `result->files`.
// Relative paths are taken from the folder of the file in which the key stands. Notes a problem for each file
// that cannot be read, or that others could write, and for each line that is wrong.
void ReadEnvFiles(LoadResult* result);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_SYSTEM_ENV_FILES_H_
