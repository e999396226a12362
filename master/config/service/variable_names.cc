#include "master/config/service/variable_names.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"

namespace fectl::config {

bool IsVariableName(std::string_view name) {
  return !name.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; });
}

bool IsReservedVariable(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "FECTL_FD",    "FECTL_SRV_NAME", "FECTL_PROC_IDX",         "FECTL_PROC_LANE",
      "FECTL_PROTO", "FECTL_TIMEOUT",  "FECTL_SHUTDOWN_TIMEOUT", "FECTL_SOCKETS"};
  static constexpr std::string_view kPrefixes[] = {"FECTL_FD_", "FECTL_APP_", "FECTL_ARGS_"};
  return std::any_of(std::begin(kNames), std::end(kNames), [&](std::string_view n) { return name == n; }) ||
         std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return name.substr(0, prefix.size()) == prefix; });
}

}  // namespace fectl::config
