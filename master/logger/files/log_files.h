#ifndef FECTL_MASTER_LOGGER_FILES_LOG_FILES_H_
#define FECTL_MASTER_LOGGER_FILES_LOG_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace fectl::logger {

// FOLDER/NAME.log.
std::string LogPath(const std::string& folder, const std::string& name);

// A name for the file when it is closed at this time, that no file has: FOLDER/NAME.20261126T210000Z.log.
std::string ClosedLogPath(const std::string& folder, const std::string& name, int64_t now_ms);

// Makes the folder, and those above it, for this user alone (and its group, to look at).
absl::Status MakeLogFolder(const std::string& folder);

// A file that is closed, as ClosedLogPath() names it, or that and ".zst".
struct ClosedLog {
  std::string path;
  std::string service;
  std::string time;  // as in the name: a later one compares greater
  uint64_t bytes = 0;
  bool compressed = false;
};
// Of this service, or of all where `name` is empty; the oldest first.
std::vector<ClosedLog> ClosedLogs(const std::string& folder, const std::string& name);

// Unix time in milliseconds of the first line of a file; 0: it has none.
int64_t FirstTimeIn(const std::string& path);

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_FILES_LOG_FILES_H_
