#ifndef FECTL_CLIENT_LIVE_PROCESS_USAGE_H_
#define FECTL_CLIENT_LIVE_PROCESS_USAGE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace fectl::client {

// What a process has used, as /proc tells it.
struct ProcessUsage {
  int64_t memory_bytes = 0;  // resident
  int64_t cpu_ms = 0;        // of all its threads, since it started
  int64_t started = 0;       // tells it from another one that gets the same number later
};

// From the texts of /proc/PID/stat and statm; nullopt: they are not such texts. `ticks_per_second`: of the
// kernel's clock there.
std::optional<ProcessUsage> ReadUsage(std::string_view stat, std::string_view statm, int64_t page_bytes,
                                      int64_t ticks_per_second);

// Of this machine; nullopt: there is no such process, or it may not be looked at.
std::optional<ProcessUsage> UsageOf(int64_t pid);

// Turns used time into a share: of one processor, from one call to the next for the same process.
class CpuMeter {
 public:
  // In percent; nullopt: it was not seen before. `now_ms` is of the monotonic clock.
  std::optional<double> Take(int64_t pid, const ProcessUsage& usage, int64_t now_ms);
  // Forgets those that were not taken since the last call of this.
  void EndRound();

 private:
  struct Seen {
    ProcessUsage usage;
    int64_t at_ms = 0;
    bool is_current = true;
  };
  std::map<int64_t, Seen> seen_;
};

}  // namespace fectl::client

#endif  // FECTL_CLIENT_LIVE_PROCESS_USAGE_H_
