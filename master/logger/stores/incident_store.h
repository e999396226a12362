#ifndef FECTL_MASTER_LOGGER_STORES_INCIDENT_STORE_H_
#define FECTL_MASTER_LOGGER_STORES_INCIDENT_STORE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "proto_spec/log_messages.h"

namespace fectl::logger {

// What is kept of hung and lost workers, a file each: FOLDER/incidents/ID.json, for this user alone, since
// the memory of a worker may be in it. Thread-safe.
class IncidentStore {
 public:
  static constexpr size_t kBytesMax = size_t{256} << 10;
  static constexpr size_t kKept = 100;  // more than anybody looks at; 25 MiB at most

  // An empty folder: in memory alone. Returns the number of the newest one; 0: there is none.
  uint64_t Open(const std::string& folder);

  // One piece after the other; with the last one it is kept, and the oldest one goes where there are too
  // many.
  absl::Status Put(uint64_t id, bool last, std::string_view bytes, int64_t now_ms);

  // The newest first, without the text.
  std::vector<proto::Incident> List() const;
  std::optional<proto::Incident> Find(uint64_t id) const;

 private:
  std::string PathOf(uint64_t id) const;
  absl::Status Keep(uint64_t id, std::string bytes, int64_t now_ms);
  absl::Status WriteFile(uint64_t id, std::string_view bytes) const;
  std::vector<uint64_t> Ids() const;
  std::optional<proto::Incident> Read(uint64_t id) const;

  mutable std::mutex mutex_;
  std::string folder_;
  std::map<uint64_t, std::string> pieces_;
  std::map<uint64_t, proto::Incident> in_memory_;
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_STORES_INCIDENT_STORE_H_
