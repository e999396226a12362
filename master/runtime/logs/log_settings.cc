#include "master/runtime/logs/log_settings.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "master/platform/sockets/syslog_socket.h"
#include "proto_spec/base/path.h"
#include "proto_spec/base/unix_address.h"
#include "proto_spec/log_messages.h"

namespace fectl::runtime {
namespace {

// What holds where neither [service.logs] nor [logs] says anything.
constexpr int64_t kMaxSize = int64_t{50} << 20;
constexpr int64_t kMaxAgeS = int64_t{14} * 86'400;

template <typename T>
T Effective(const std::optional<T>& own, const std::optional<T>& of_all, T otherwise) {
  return own.has_value() ? *own : of_all.value_or(std::move(otherwise));
}

std::vector<config::LogsTo> TargetsOf(const config::LogsConfig& logs, const config::OutputConfig& own,
                                      const LogSurroundings& surroundings) {
  // A folder is named for files.
  const bool names_folder = own.dir.has_value() || logs.output.dir.has_value();
  const bool console = surroundings.to_console && !names_folder;
  return Effective(own.to, logs.output.to,
                   std::vector{console ? config::LogsTo::kConsole : config::LogsTo::kFile});
}

}  // namespace

LogSurroundings SurroundingsOf(const config::Config& config, bool daemon, const char* logs_directory,
                               bool two_streams) {
  LogSurroundings surroundings;
  surroundings.two_streams = two_streams;
  surroundings.to_console = !daemon || !config.master.stdout_path.empty();
  const std::string& sock = config.master.sock;
  std::string beside = base::FolderPart(sock);
  for (const std::string_view run : {"/run/", "/var/run/"}) {
    if (sock.starts_with(run)) beside = "/var/log/" + beside.substr(std::min(run.size(), beside.size()));
  }
  if (beside == "/var/log/") beside = "/var/log/fectl";
  const bool in_log = beside.starts_with("/var/log/");
  surroundings.folder = in_log ? beside : base::JoinPath(beside, "fectl-logs");
  if (logs_directory != nullptr && *logs_directory == '/') surroundings.folder = logs_directory;
  const std::string socket = sock + std::string(proto::kLogSocketSuffix);
  if (base::UnixAddress::IsPossible(socket)) surroundings.socket = socket;
  return surroundings;
}

std::string WhereLinesGo(const config::Config& config, const LogSurroundings& surroundings) {
  for (const config::ServiceConfig& service : config.services) {
    const auto to = TargetsOf(config.logs, service.logs, surroundings);
    const bool files = std::find(to.begin(), to.end(), config::LogsTo::kFile) != to.end();
    if (files && !service.logs.dir.has_value() && !config.logs.output.dir.has_value())
      return surroundings.folder;
  }
  return "";
}

logger::Settings LogSettingsOf(const config::Config& config, const LogSurroundings& surroundings) {
  logger::Settings settings;
  settings.socket = surroundings.socket;
  settings.total_bytes = static_cast<uint64_t>(config.logs.total);
  settings.keep_free_bytes = static_cast<uint64_t>(config.logs.keep_free_bytes);
  settings.keep_free_percent = static_cast<uint32_t>(config.logs.keep_free_percent);
  if (config.logs.output.dir.has_value()) {
    settings.folder = *config.logs.output.dir;
  } else if (!WhereLinesGo(config, surroundings).empty()) {
    settings.folder = surroundings.folder;
  }
  for (const config::Grant& grant : config.master.allow) {
    if (!grant.id.has_value()) continue;
    settings.grants.push_back(
        {.logs = grant.role != config::Role::kObserve, .group = grant.group, .id = *grant.id});
  }
  return settings;
}

logger::ServiceSettings ServiceLogSettingsOf(const config::LogsConfig& logs,
                                             const config::ServiceConfig& service,
                                             const LogSurroundings& surroundings) {
  const config::OutputConfig& own = service.logs;
  const config::OutputConfig& of_all = logs.output;
  logger::ServiceSettings settings;
  settings.name = service.name;
  for (const config::LogsTo to : TargetsOf(logs, own, surroundings)) {
    switch (to) {
      case config::LogsTo::kFile:
        settings.to.push_back(logger::Target::kFile);
        break;
      case config::LogsTo::kJournald:
        settings.to.push_back(logger::Target::kJournald);
        break;
      case config::LogsTo::kConsole:
        settings.to.push_back(logger::Target::kConsole);
        break;
      case config::LogsTo::kSyslog:
        settings.to.push_back(logger::Target::kSyslog);
        break;
    }
  }
  settings.folder = Effective(own.dir, of_all.dir, surroundings.folder);
  settings.json =
      Effective(own.format, of_all.format, config::LogsFormat::kText) == config::LogsFormat::kJson;
  settings.max_size = static_cast<uint64_t>(Effective(own.max_size, of_all.max_size, kMaxSize));
  settings.max_age_s = Effective(own.max_age_s, of_all.max_age_s, kMaxAgeS);
  settings.compress = Effective(own.compress, of_all.compress, true);
  settings.line_max =
      static_cast<uint64_t>(Effective(own.line_max, of_all.line_max, int64_t{logger::kLineBytesMax}));
  settings.journald_socket = logs.journald_socket;
  settings.syslog_socket = logs.syslog_socket;
  settings.facility =
      platform::FacilityNumber(Effective(own.facility, of_all.facility, std::string("daemon")));
  settings.block =
      Effective(own.on_full, of_all.on_full, config::LogsOnFull::kDrop) == config::LogsOnFull::kBlock;
  return settings;
}

bool SplitsStreams(const config::LogsConfig& logs, const config::ServiceConfig& service,
                   const LogSurroundings& surroundings) {
  const bool console = TargetsOf(logs, service.logs, surroundings) == std::vector{config::LogsTo::kConsole};
  const auto otherwise =
      console && surroundings.two_streams ? config::LogsStreams::kSplit : config::LogsStreams::kMerged;
  return Effective(service.logs.streams, logs.output.streams, otherwise) == config::LogsStreams::kSplit;
}

}  // namespace fectl::runtime
