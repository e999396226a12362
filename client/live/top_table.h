#ifndef FECTL_CLIENT_LIVE_TOP_TABLE_H_
#define FECTL_CLIENT_LIVE_TOP_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto_spec/control_status.h"

namespace fectl::client {

// One process on duty, or a place that has none.
struct TopRow {
  std::string service{};
  int worker = 1;
  int64_t pid = 0;  // 0: none
  std::string state{};
  double uptime_s = 0;
  std::optional<double> cpu_percent{};    // of one processor
  std::optional<int64_t> memory_bytes{};  // these are absent where nobody can tell
  std::optional<double> beat_age_s{};     // since its last heartbeat
  std::optional<double> open{};           // requests that it is answering, or connections, as it counts them
  int64_t restarts = 0;
  std::string words{};  // its own status, or what is wrong with it
};

enum class TopOrder { kService, kCpu, kMemory, kHeartbeat, kOpen, kRestarts, kUptime };

// In the order of TopOrder: what --sort takes, and the key that chooses it.
struct TopOrderRow {
  std::string_view name;
  char key;
};
inline constexpr TopOrderRow kTopOrders[] = {{"service", 's'},   {"cpu", 'c'},  {"memory", 'm'},
                                             {"heartbeat", 'h'}, {"open", 'o'}, {"restarts", 'r'},
                                             {"uptime", 'u'}};
std::optional<TopOrder> TopOrderOf(std::string_view name);
std::optional<TopOrder> TopOrderOf(int key);

// The rows of an answer to `Workers`, without what the processes use.
std::vector<TopRow> TopRows(const proto::MasterView& view);

// The most of it first, and of services by name; `reversed` the other way round. What is absent comes last.
void SortRows(TopOrder order, bool reversed, std::vector<TopRow>* rows);

// A line with the sums over all, and the table, of which the first line is the head.
std::string TopSummary(const proto::MasterView& view, const std::vector<TopRow>& rows);
std::vector<std::string> TopTable(const std::vector<TopRow>& rows, bool colours_on);

// {"pid":1,"workers":[{"service":"web","worker":1,"pid":7,"state":"running","uptime_s":60,"cpu_percent":1.5,
// "memory_bytes":1000000,"beat_age_s":0.25,"open":2,"restarts":0}, ...]}; null where nobody can tell.
std::string TopJson(const proto::MasterView& view, const std::vector<TopRow>& rows);

// "12K", "3.4M", "1.2G".
std::string ShortBytes(int64_t bytes);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_LIVE_TOP_TABLE_H_
