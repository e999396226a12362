#include "worker_sdk/run/environment.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fectl::run {

std::vector<std::string> WithoutOthersWords(const std::vector<std::string>& own) {
  static constexpr std::string_view kNames[] = {"LISTEN_PID",     "LISTEN_PIDFDID", "LISTEN_FDS",
                                                "LISTEN_FDNAMES", "NOTIFY_SOCKET",  "WATCHDOG_USEC",
                                                "WATCHDOG_PID"};
  std::vector<std::string> kept;
  for (const std::string& entry : own) {
    const std::string_view name = std::string_view(entry).substr(0, entry.find('='));
    if (std::find(std::begin(kNames), std::end(kNames), name) == std::end(kNames)) kept.push_back(entry);
  }
  return kept;
}

ProgramEnvironment MakeProgramEnvironment(const std::vector<std::string>& own,
                                          const ProgramSurroundings& surroundings) {
  ProgramEnvironment made{.variables = WithoutOthersWords(own), .pid_variables = {}};
  made.variables.push_back("NOTIFY_SOCKET=" + surroundings.notify_path);
  if (!surroundings.socket_names.empty()) {
    made.variables.push_back(absl::StrCat("LISTEN_FDS=", surroundings.socket_names.size()));
    made.variables.push_back("LISTEN_FDNAMES=" + absl::StrJoin(surroundings.socket_names, ":"));
    made.pid_variables.push_back("LISTEN_PID");
  }
  if (surroundings.watchdog_ms > 0) {
    made.variables.push_back(absl::StrCat("WATCHDOG_USEC=", surroundings.watchdog_ms * 1000));
    made.pid_variables.push_back("WATCHDOG_PID");
  }
  return made;
}

}  // namespace fectl::run
