#ifndef FECTL_MASTER_CONFIG_FACILITIES_H_
#define FECTL_MASTER_CONFIG_FACILITIES_H_

#include <string_view>

namespace fectl::config {

// The facilities of syslog that a configuration may name.
inline constexpr std::string_view kFacilities[] = {
    "auth", "authpriv", "cron",   "daemon", "ftp",    "kern",   "lpr",    "mail",   "news",   "syslog",
    "user", "uucp",     "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"};
inline constexpr std::string_view kFacilityWhat =
    R"(a facility of syslog, such as "daemon", "user" or "local0" to "local7")";

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_FACILITIES_H_
