#ifndef FECTL_MASTER_RUNTIME_LOGS_LOG_SETTINGS_H_
#define FECTL_MASTER_RUNTIME_LOGS_LOG_SETTINGS_H_

#include <string>

#include "master/config/config.h"
#include "master/logger/link/link_messages.h"

namespace fectl::runtime {

// What the configuration leaves to how fectld was started.
struct LogSurroundings {
  bool to_console = true;    // where nothing says where to: the console; else files
  std::string folder;        // of files, where nothing says which
  std::string socket;        // of the logger, for readers; empty: none
  bool two_streams = false;  // fectld's output and error are different files
};

// In the foreground lines go to the console, also where [master] sends that to a file; a daemon without such
// a file has none. The folder of a daemon's files is $LOGS_DIRECTORY where systemd gives one, else stands
// beside the control socket, or in /var/log where that is in /run.
// `two_streams`: as the member says.
LogSurroundings SurroundingsOf(const config::Config& config, bool daemon, const char* logs_directory,
                               bool two_streams);

// Where the lines of a daemon go, for people; empty: the configuration says it.
std::string WhereLinesGo(const config::Config& config, const LogSurroundings& surroundings);

logger::Settings LogSettingsOf(const config::Config& config, const LogSurroundings& surroundings);

// Without the number of the service.
logger::ServiceSettings ServiceLogSettingsOf(const config::LogsConfig& logs,
                                             const config::ServiceConfig& service,
                                             const LogSurroundings& surroundings);

// Whether output and error of its processes have pipes of their own. Where nothing says so: where they go to
// the console alone, and come to different files there.
bool SplitsStreams(const config::LogsConfig& logs, const config::ServiceConfig& service,
                   const LogSurroundings& surroundings);

}  // namespace fectl::runtime

#endif  // FECTL_MASTER_RUNTIME_LOGS_LOG_SETTINGS_H_
