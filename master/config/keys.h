#ifndef FECTL_MASTER_CONFIG_KEYS_H_
#define FECTL_MASTER_CONFIG_KEYS_H_

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fectl::config {

// Every key that fectld.toml can have, in the order in which people are told of them.
inline constexpr std::string_view kMasterKeys[] = {
    "sock",       "directory",          "pid", "uid", "gid", "stdout", "stderr", "allow", "on_failure",
    "stop_delay", "termination_message"};
inline constexpr std::string_view kSocketKeys[] = {"name",  "port",    "host",  "ip",        "backlog",
                                                   "proto", "service", "app",   "arguments", "path",
                                                   "mode",  "owner",   "group", "from"};
inline constexpr std::string_view kServiceKeys[] = {"name",
                                                    "num",
                                                    "command",
                                                    "directory",
                                                    "restarts",
                                                    "uid",
                                                    "gid",
                                                    "timeout",
                                                    "startup_timeout",
                                                    "shutdown_timeout",
                                                    "max_lease",
                                                    "stdout",
                                                    "stderr",
                                                    "environ",
                                                    "env_file",
                                                    "max_surge",
                                                    "no_new_privileges",
                                                    "capabilities",
                                                    "after",
                                                    "requires",
                                                    "autostart",
                                                    "essential",
                                                    "type",
                                                    "before_roll",
                                                    "renamed_from",
                                                    "labels",
                                                    "ready",
                                                    "watchdog",
                                                    "stop_signal"};
// What a single service is must stand in it.
inline constexpr std::string_view kNotInDefaults[] = {"name", "command", "type", "renamed_from"};
inline constexpr std::string_view kServiceLogsKeys[] = {
    "to", "dir", "format", "max_size", "max_age", "compress", "line_max", "on_full", "streams", "facility"};
inline constexpr std::string_view kServiceRolloutKeys[] = {
    "strategy",     "max_surge",         "max_unavailable", "min_ready_seconds",   "bake_time", "canary",
    "auto_promote", "progress_deadline", "auto_revert",     "max_old_generations", "bounds"};
inline constexpr std::string_view kServiceRecycleKeys[] = {"max_requests", "max_age", "max_rss", "jitter"};
inline constexpr std::string_view kLogsKeys[] = {
    "to",      "dir",     "format",   "max_size", "max_age",   "compress",        "line_max",
    "on_full", "streams", "facility", "total",    "keep_free", "journald_socket", "syslog_socket"};
inline constexpr auto kDefaultsKeys = [] {
  std::array<std::string_view, std::size(kServiceKeys) - std::size(kNotInDefaults)> keys;
  std::copy_if(std::begin(kServiceKeys), std::end(kServiceKeys), keys.begin(), [](std::string_view key) {
    return std::find(std::begin(kNotInDefaults), std::end(kNotInDefaults), key) == std::end(kNotInDefaults);
  });
  return keys;
}();
inline constexpr std::string_view kLoggingKeys[] = {"level", "service", "name", "facility"};

struct SectionKeys {
  std::string_view name;     // "socket"
  std::string_view written;  // "[[socket]]"
  std::span<const std::string_view> keys;
};

inline constexpr SectionKeys kSections[] = {
    {"master", "[master]", kMasterKeys},
    {"logging", "[logging]", kLoggingKeys},
    {"socket", "[[socket]]", kSocketKeys},
    {"service", "[[service]]", kServiceKeys},
    {"defaults", "[defaults]", kDefaultsKeys},
    {"logs", "[logs]", kLogsKeys},
    {"service.logs", "[service.logs]", kServiceLogsKeys},
    {"service.rollout", "[service.rollout]", kServiceRolloutKeys},
    {"service.recycle", "[service.recycle]", kServiceRecycleKeys},
};

// Whether `key` is no key of the section but a section in it, as "logs" of "service".
bool IsSectionIn(std::string_view section, std::string_view key);

// Stands at the top, in no section.
inline constexpr std::string_view kIncludeKey = "include";

// What to say of a key that section `section` (one of kSections' names) does not have: what was meant, where
// that is known or can be guessed, else what there is.
std::string UnknownKeyText(std::string_view section, std::string_view key);

// The same for a section, or for a key outside any section.
std::string UnknownSectionText(std::string_view name);

// The word of `candidates` that `word` is a misspelling of: the one with the fewest letters to insert,
// remove, replace or swap with their neighbour, if that is at most a third of the longer word's letters. Case
// is ignored.
std::optional<std::string_view> ClosestWord(std::string_view word,
                                            std::span<const std::string_view> candidates);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_KEYS_H_
