// The fields of the types of logs_config.h, as fields.h has those of the others.
#ifndef FECTL_MASTER_CONFIG_LOGS_LOGS_FIELDS_H_
#define FECTL_MASTER_CONFIG_LOGS_LOGS_FIELDS_H_

#include <concepts>
#include <type_traits>

#include "master/config/logs/logs_config.h"

namespace fectl::config {

template <typename T, typename Bare>
concept Is = std::same_as<std::remove_const_t<T>, Bare>;

template <Is<OutputConfig> T, typename Visit>
void VisitFields(T& output, Visit&& visit) {
  auto& [to, dir, format, max_size, max_age_s, compress, line_max, on_full, streams, facility] = output;
  visit("to", to);
  visit("dir", dir);
  visit("format", format);
  visit("max_size", max_size);
  visit("max_age_s", max_age_s);
  visit("compress", compress);
  visit("line_max", line_max);
  visit("on_full", on_full);
  visit("streams", streams);
  visit("facility", facility);
}

template <Is<LogsConfig> T, typename Visit>
void VisitFields(T& logs, Visit&& visit) {
  auto& [output, total, keep_free_percent, keep_free_bytes, journald_socket, syslog_socket] = logs;
  visit("output", output);
  visit("total", total);
  visit("keep_free_percent", keep_free_percent);
  visit("keep_free_bytes", keep_free_bytes);
  visit("journald_socket", journald_socket);
  visit("syslog_socket", syslog_socket);
}

// The last value of each enumeration.
constexpr int LastOf(LogsTo /*type*/) {
  return static_cast<int>(LogsTo::kSyslog);
}
constexpr int LastOf(LogsFormat /*type*/) {
  return static_cast<int>(LogsFormat::kJson);
}
constexpr int LastOf(LogsOnFull /*type*/) {
  return static_cast<int>(LogsOnFull::kBlock);
}
constexpr int LastOf(LogsStreams /*type*/) {
  return static_cast<int>(LogsStreams::kSplit);
}

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_LOGS_LOGS_FIELDS_H_
