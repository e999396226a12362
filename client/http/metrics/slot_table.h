// What is remembered of each worker's place from one look to the next: when its process began, and what the
// processes of the place have used so far. Counters so only grow, whoever is killed.
#ifndef FECTL_CLIENT_HTTP_METRICS_SLOT_TABLE_H_
#define FECTL_CLIENT_HTTP_METRICS_SLOT_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/live/process_usage.h"
#include "proto_spec/control_status.h"

namespace fectl::http {

struct Slot {
  int64_t pid = 0;              // 0: no process
  int64_t start_time_s = 0;     // unix; 0 without a process
  bool measured = false;        // the next two are of a process of this place
  int64_t cpu_ms = 0;           // of all processes that were seen in this place
  int64_t memory_bytes = 0;     // of the one that runs; 0: none, or not seen yet
  int64_t process_started = 0;  // ProcessUsage::started of it
  int64_t process_cpu_ms = 0;   // the share of it in cpu_ms
};

class SlotTable {
 public:
  // Of the process with this number, if it can be looked at.
  using Look = std::function<std::optional<client::ProcessUsage>(int64_t pid)>;

  // Places that `view` does not have are forgotten. `now`: unix seconds. All processes are to be measured.
  void Take(const proto::MasterView& view, int64_t now);
  // Measures at most so many of those that were not since Take(). A look takes some ten microseconds.
  void Measure(size_t count, const Look& look);
  bool all_measured() const { return next_ == waiting_.size(); }

  // Of the worker with this index, from 1; nullptr: it is not in the last view.
  const Slot* Find(const std::string& service, int index) const;

 private:
  std::map<std::string, std::vector<Slot>> services_;  // by index - 1
  std::vector<std::pair<std::string, size_t>> waiting_;
  size_t next_ = 0;
};

}  // namespace fectl::http

#endif  // FECTL_CLIENT_HTTP_METRICS_SLOT_TABLE_H_
