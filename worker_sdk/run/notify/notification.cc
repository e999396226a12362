#include "worker_sdk/run/notify/notification.h"

#include <charconv>

namespace fectl::run {
namespace {

// Larger values are cut to a month.
constexpr int64_t kExtendMsMax = int64_t{30} * 86'400 * 1000;

std::optional<int64_t> Milliseconds(std::string_view microseconds) {
  int64_t number = 0;
  const char* const end = microseconds.data() + microseconds.size();
  const auto read = std::from_chars(microseconds.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end || number < 0) return std::nullopt;
  return number / 1000 > kExtendMsMax ? kExtendMsMax : number / 1000;
}

void ReadLine(std::string_view line, Notification* out) {
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos) return;
  const std::string_view name = line.substr(0, equals);
  const std::string_view value = line.substr(equals + 1);
  if (name == "READY") out->ready = out->ready || value == "1";
  if (name == "RELOADING") out->reloading = out->reloading || value == "1";
  if (name == "STOPPING") out->stopping = out->stopping || value == "1";
  if (name == "STATUS") out->status = std::string(value);
  if (name == "WATCHDOG") {
    out->watchdog = out->watchdog || value == "1";
    out->watchdog_trigger = out->watchdog_trigger || value == "trigger";
  }
  if (name == "EXTEND_TIMEOUT_USEC") out->extend_ms = Milliseconds(value);
  if (name == "MAINPID") out->main_pid = true;
}

}  // namespace

Notification ReadNotification(std::string_view datagram) {
  Notification out;
  while (!datagram.empty()) {
    const size_t end = datagram.find('\n');
    ReadLine(datagram.substr(0, end), &out);
    datagram.remove_prefix(end == std::string_view::npos ? datagram.size() : end + 1);
  }
  return out;
}

}  // namespace fectl::run
