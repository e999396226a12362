#ifndef FECTL_MASTER_LOGGER_FILES_ROOM_H_
#define FECTL_MASTER_LOGGER_FILES_ROOM_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "absl/status/status.h"

namespace fectl::logger {

// What must stay free of the file systems where logs are. Thread-safe.
class Room {
 public:
  void Set(uint64_t bytes, uint32_t percent);

  // ResourceExhausted: less is free in this folder. It is looked at once a second at most.
  absl::Status Check(const std::string& folder, int64_t now_ms);
  // Looks in any case.
  absl::Status CheckNow(const std::string& folder, int64_t now_ms);

 private:
  struct Seen {
    int64_t at_ms = 0;
    absl::Status status;
  };
  absl::Status Look(const std::string& folder) const;

  std::mutex mutex_;
  uint64_t bytes_ = 0;
  uint32_t percent_ = 0;
  std::map<std::string, Seen> seen_;
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_FILES_ROOM_H_
