#ifndef FECTL_MASTER_LOGGER_READERS_LOG_SOURCE_H_
#define FECTL_MASTER_LOGGER_READERS_LOG_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::logger {

// Text with lines that can be read from anywhere.
class LogSource {
 public:
  virtual ~LogSource() = default;
  virtual uint64_t size() const = 0;
  // At most `bytes` from `offset` on; fewer at the end, and where the file became shorter.
  virtual std::string ReadAt(uint64_t offset, size_t bytes) = 0;
};

// A file, up to `size`.
std::unique_ptr<LogSource> FileSource(base::UniqueFd file, uint64_t size);
std::unique_ptr<LogSource> TextSource(std::string text);

// A closed file, which may be compressed.
absl::StatusOr<std::unique_ptr<LogSource>> OpenClosedLog(const std::string& path);

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_READERS_LOG_SOURCE_H_
