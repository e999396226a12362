#ifndef FECTL_MASTER_LOGGER_FILES_COMPRESSED_H_
#define FECTL_MASTER_LOGGER_FILES_COMPRESSED_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fectl::logger {

// Writes PATH.zst, as zstd(1) would, and removes PATH. After an error PATH is there as before.
absl::Status CompressFile(const std::string& path);

// What a whole .zst file holds: at most 1 GiB.
absl::StatusOr<std::string> Decompress(std::string_view bytes);

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_FILES_COMPRESSED_H_
