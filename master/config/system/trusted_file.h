#ifndef FECTL_MASTER_CONFIG_SYSTEM_TRUSTED_FILE_H_
#define FECTL_MASTER_CONFIG_SYSTEM_TRUSTED_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace fectl::config {

// What stands in a configuration runs with the rights of fectld, so nobody may be able to write it but root
// and fectld's user. Their groups may where that makes no difference (see IsTrustedGroup() in the source).

struct TrustedFile {
  std::string text;
  std::string distrust;  // why it is not to be used, in words, with what helps; empty: it is
};

// Reads a regular file of at most `bytes_max` bytes. Never blocks on a pipe or a device. A symbolic link is
// followed, where it belongs to root or to fectld's user, too. Errors are one sentence without the path.
absl::StatusOr<TrustedFile> ReadTrustedFile(const std::string& path, size_t bytes_max);

// Why others could decide which files are in the folder; empty: they could not. `by_pattern`: each file in it
// counts, also a new one, and not only one that has been there. One sentence that begins with the path.
std::string WhatIsWrongWithFolder(const std::string& path, bool by_pattern);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_SYSTEM_TRUSTED_FILE_H_
