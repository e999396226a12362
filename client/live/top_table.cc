#include "client/live/top_table.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <sstream>

#include "client/text/table.h"
#include "client/text/terminal_text.h"
#include "client/text/time_text.h"
#include "proto_spec/base/printable.h"
#include "proto_spec/message.h"

namespace fectl::client {
namespace {

// Gauges that count what a worker is busy with, the best one first: requests that are being answered, as the
// ready-made workers count them, or what the guides call open.
constexpr std::string_view kOpenGauges[] = {"http.active", "open"};

std::optional<double> OpenOf(const proto::WorkerView& worker) {
  for (const std::string_view name : kOpenGauges) {
    for (const auto& [gauge, value] : worker.gauges) {
      if (gauge == name) return value;
    }
  }
  return std::nullopt;
}

std::string Fixed(double value, int digits) {
  char text[64];
  snprintf(text, sizeof text, "%.*f", digits, std::clamp(value, -1e15, 1e15));
  return text;
}

template <typename Value, typename Text>
std::string IfKnown(const std::optional<Value>& value, Text text) {
  return value.has_value() ? text(*value) : "";
}

// What a row is sorted by; the least where it is not known.
double KeyOf(const TopRow& row, TopOrder order) {
  constexpr double kNothing = -std::numeric_limits<double>::max();
  switch (order) {
    case TopOrder::kService:
      return 0;
    case TopOrder::kCpu:
      return row.cpu_percent.value_or(kNothing);
    case TopOrder::kMemory:
      return row.memory_bytes.has_value() ? static_cast<double>(*row.memory_bytes) : kNothing;
    case TopOrder::kHeartbeat:
      return row.beat_age_s.value_or(kNothing);
    case TopOrder::kOpen:
      return row.open.value_or(kNothing);
    case TopOrder::kRestarts:
      return static_cast<double>(row.restarts);
    case TopOrder::kUptime:
      return row.uptime_s;
  }
  return 0;
}

}  // namespace

std::optional<TopOrder> TopOrderOf(std::string_view name) {
  const auto* found = std::ranges::find(kTopOrders, name, &TopOrderRow::name);
  if (found == std::end(kTopOrders)) return std::nullopt;
  return static_cast<TopOrder>(found - std::begin(kTopOrders));
}

std::optional<TopOrder> TopOrderOf(int key) {
  for (const TopOrderRow& row : kTopOrders) {
    if (row.key == key) return TopOrderOf(row.name);
  }
  return std::nullopt;
}

std::vector<TopRow> TopRows(const proto::MasterView& view) {
  std::vector<TopRow> rows;
  for (const proto::ServiceView& service : view.services) {
    for (const proto::WorkerView& worker : service.workers) {
      TopRow row{.service = service.name,
                 .worker = worker.index,
                 .pid = worker.pid,
                 .state = worker.state,
                 .uptime_s = worker.uptime_s,
                 .restarts = worker.restarts,
                 .words = worker.note.empty() ? worker.cause : worker.note};
      if (worker.beat_age_s > 0) row.beat_age_s = worker.beat_age_s;
      if (worker.pid > 0) row.open = OpenOf(worker);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

void SortRows(TopOrder order, bool reversed, std::vector<TopRow>* rows) {
  std::ranges::stable_sort(*rows, [&](const TopRow& a, const TopRow& b) {
    if (order == TopOrder::kService) {
      const auto name = [](const TopRow& row) {
        return std::pair(std::string_view(row.service), row.worker);
      };
      return reversed ? name(b) < name(a) : name(a) < name(b);
    }
    return reversed ? KeyOf(a, order) < KeyOf(b, order) : KeyOf(a, order) > KeyOf(b, order);
  });
}

std::string TopSummary(const proto::MasterView& view, const std::vector<TopRow>& rows) {
  int64_t ready = 0;
  int64_t num = 0;
  for (const proto::ServiceView& service : view.services) {
    if (service.type == "oneshot") continue;
    ready += service.ready;
    num += service.num;
  }
  double cpu = 0;
  int64_t memory = 0;
  double open = 0;
  for (const TopRow& row : rows) {
    cpu += row.cpu_percent.value_or(0);
    memory += row.memory_bytes.value_or(0);
    open += row.open.value_or(0);
  }
  return "fectld " + base::EscapeForTerminal(view.version) + ", pid " + std::to_string(view.pid) + ", up " +
         ShortDuration(view.uptime_s) + ": " + std::to_string(view.services.size()) +
         (view.services.size() == 1 ? " service, " : " services, ") + std::to_string(ready) + "/" +
         std::to_string(num) + " workers serve, cpu " + Fixed(cpu, 0) + "%, memory " + ShortBytes(memory) +
         ", open " + Fixed(open, 0);
}

std::vector<std::string> TopTable(const std::vector<TopRow>& rows, bool colours_on) {
  Table table({"SERVICE", "WORKER", "PID", "STATE", "UPTIME", "CPU%", "MEMORY", "BEAT", "OPEN", "RESTARTS",
               "STATUS"});
  for (const TopRow& row : rows) {
    const auto right = [](std::string text) { return Table::Cell{std::move(text), Colour::kNone, true}; };
    table.AddRow({{base::EscapeForTerminal(row.service)},
                  right(std::to_string(row.worker)),
                  right(row.pid > 0 ? std::to_string(row.pid) : ""),
                  {base::EscapeForTerminal(row.state), StateColour(row.state)},
                  right(row.uptime_s > 0 ? ShortDuration(row.uptime_s) : ""),
                  right(IfKnown(row.cpu_percent, [](double value) { return Fixed(value, 1); })),
                  right(IfKnown(row.memory_bytes, ShortBytes)),
                  right(IfKnown(row.beat_age_s, [](double value) { return Fixed(value, 1) + "s"; })),
                  right(IfKnown(row.open, [](double value) { return Fixed(value, 0); })),
                  right(std::to_string(row.restarts)),
                  {base::EscapeForTerminal(row.words)}});
  }
  std::vector<std::string> lines;
  std::istringstream text(table.Render(colours_on));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::string TopJson(const proto::MasterView& view, const std::vector<TopRow>& rows) {
  const auto number = [](const auto& value, int digits) {
    return value.has_value() ? Fixed(static_cast<double>(*value), digits) : std::string("null");
  };
  std::string out = "{\"pid\":" + std::to_string(view.pid) + ",\"workers\":[";
  for (const TopRow& row : rows) {
    if (&row != &rows.front()) out += ",";
    out += "{\"service\":" + proto::JsonString(row.service) + ",\"worker\":" + std::to_string(row.worker) +
           ",\"pid\":" + std::to_string(row.pid) + ",\"state\":" + proto::JsonString(row.state) +
           ",\"uptime_s\":" + Fixed(row.uptime_s, 3) + ",\"cpu_percent\":" + number(row.cpu_percent, 1) +
           ",\"memory_bytes\":" + number(row.memory_bytes, 0) +
           ",\"beat_age_s\":" + number(row.beat_age_s, 3) + ",\"open\":" + number(row.open, 0) +
           ",\"restarts\":" + std::to_string(row.restarts) + "}";
  }
  return base::EscapeJsonForTerminal(out + "]}") + "\n";
}

std::string ShortBytes(int64_t bytes) {
  constexpr std::string_view kUnits = "KMGT";
  double value = static_cast<double>(std::max<int64_t>(0, bytes)) / 1024;
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return Fixed(value, value < 9.95 && unit > 0 ? 1 : 0) + kUnits[unit];
}

}  // namespace fectl::client
