#ifndef FECTL_MASTER_LOGGER_STORES_EVENT_STORE_H_
#define FECTL_MASTER_LOGGER_STORES_EVENT_STORE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "master/logger/threads/bell.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/log_messages.h"

namespace fectl::logger {

// What has happened: in FOLDER/events.jsonl, and what is older in FOLDER/events.old.jsonl, 16 MiB together,
// and the newest ones in memory. Thread-safe.
class EventStore {
 public:
  // Of each of the two files.
  static constexpr uint64_t kFileBytesMax = uint64_t{8} << 20;
  static constexpr size_t kMemoryBytesMax = size_t{1} << 20;

  // Reads where the files end. An empty folder: events are kept in memory alone.
  void Open(const std::string& folder);

  // Events come in the order of their numbers; one that is there already is passed over. After an error it is
  // kept in memory alone.
  absl::Status Append(uint64_t sequence, std::string_view json);

  // Calls `visit` with each event of the files and in memory, in their order, until it returns false. Events
  // that come meanwhile may be among them.
  void ForEach(const std::function<bool(const proto::EventLine&)>& visit) const;
  // Those in memory behind `sequence`, or all where they are of another boot.
  void After(uint64_t sequence, const std::string& boot, std::vector<proto::EventLine>* events) const;

  // Of the newest event.
  std::string boot() const;
  // Whether an event of this boot is kept.
  bool Has(const std::string& boot) const;

  void AddBell(Bell* bell);
  void RemoveBell(Bell* bell);

 private:
  std::string Path(const char* name) const { return folder_ + "/" + name; }
  absl::Status Write(std::string_view json);

  mutable std::mutex mutex_;
  std::string folder_;
  base::UniqueFd file_;
  uint64_t size_ = 0;
  std::string boot_;  // of the last event
  uint64_t last_ = 0;
  std::deque<proto::EventLine> recent_;
  size_t recent_bytes_ = 0;
  std::set<Bell*> bells_;
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_STORES_EVENT_STORE_H_
