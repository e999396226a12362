#include "master/runtime/logs/log_settings.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fectl::runtime {
namespace {

config::Config Named(const std::string& sock) {
  config::Config config;
  config.master.sock = sock;
  config.services.emplace_back().name = "web";
  return config;
}

TEST(LogSettings, InTheForegroundLinesGoToTheConsole) {
  const config::Config config = Named("fectld.sock");
  const LogSurroundings surroundings = SurroundingsOf(config, /*daemon=*/false, nullptr, false);
  EXPECT_EQ(ServiceLogSettingsOf(config.logs, config.services[0], surroundings).to,
            std::vector{logger::Target::kConsole});
  EXPECT_EQ(WhereLinesGo(config, surroundings), "");
  EXPECT_EQ(LogSettingsOf(config, surroundings).folder, "");
  EXPECT_EQ(LogSettingsOf(config, surroundings).socket, "fectld.sock.logs");
}

TEST(LogSettings, ADaemonHasFilesBesideItsSocket) {
  EXPECT_EQ(SurroundingsOf(Named("fectld.sock"), true, nullptr, false).folder, "fectl-logs");
  EXPECT_EQ(SurroundingsOf(Named("/srv/x/a.sock"), true, nullptr, false).folder, "/srv/x/fectl-logs");
  EXPECT_EQ(SurroundingsOf(Named("/run/fectl/fectld.sock"), true, nullptr, false).folder, "/var/log/fectl");
  EXPECT_EQ(SurroundingsOf(Named("/run/fectld.sock"), true, nullptr, false).folder, "/var/log/fectl");
  EXPECT_EQ(SurroundingsOf(Named("/run/fectl/fectld.sock"), true, "/var/log/own", false).folder,
            "/var/log/own");
  const config::Config config = Named("/srv/x/a.sock");
  EXPECT_EQ(WhereLinesGo(config, SurroundingsOf(config, true, nullptr, false)), "/srv/x/fectl-logs");
}

TEST(LogSettings, ADaemonWithAFileForItsOutputHasLinesThere) {
  config::Config config = Named("fectld.sock");
  config.master.stdout_path = "out.log";
  EXPECT_EQ(WhereLinesGo(config, SurroundingsOf(config, true, nullptr, false)), "");
}

TEST(LogSettings, AFolderIsForFiles) {
  config::Config config = Named("fectld.sock");
  config.logs.output.dir = "logs";
  const LogSurroundings surroundings = SurroundingsOf(config, false, nullptr, false);
  const logger::ServiceSettings settings =
      ServiceLogSettingsOf(config.logs, config.services[0], surroundings);
  EXPECT_EQ(settings.to, std::vector{logger::Target::kFile});
  EXPECT_EQ(settings.folder, "logs");
  EXPECT_EQ(LogSettingsOf(config, surroundings).folder, "logs");
}

TEST(LogSettings, WhatAServiceSaysGoesBefore) {
  config::Config config = Named("fectld.sock");
  config.logs.output.format = config::LogsFormat::kJson;
  config.logs.output.max_size = 1;
  config.logs.output.streams = config::LogsStreams::kSplit;
  config.services[0].logs.format = config::LogsFormat::kText;
  config.services[0].logs.on_full = config::LogsOnFull::kBlock;
  const logger::ServiceSettings settings =
      ServiceLogSettingsOf(config.logs, config.services[0], SurroundingsOf(config, true, nullptr, false));
  EXPECT_FALSE(settings.json);
  EXPECT_EQ(settings.max_size, 1u);
  EXPECT_TRUE(settings.block);
  EXPECT_EQ(settings.line_max, 64u << 10);
  EXPECT_EQ(settings.max_age_s, 14 * 86'400);
  EXPECT_TRUE(SplitsStreams(config.logs, config.services[0], SurroundingsOf(config, true, nullptr, false)));
}

TEST(LogSettings, OutputAndErrorGoToTheirOwnFilesOfTheConsole) {
  config::Config config = Named("fectld.sock");
  EXPECT_FALSE(SplitsStreams(config.logs, config.services[0], SurroundingsOf(config, false, nullptr, false)));
  const LogSurroundings two = SurroundingsOf(config, false, nullptr, true);
  EXPECT_TRUE(SplitsStreams(config.logs, config.services[0], two));
  config.services[0].logs.streams = config::LogsStreams::kMerged;
  EXPECT_FALSE(SplitsStreams(config.logs, config.services[0], two));
  config.services[0].logs = {};
  config.logs.output.dir = "logs";
  EXPECT_FALSE(SplitsStreams(config.logs, config.services[0], two));
}

TEST(LogSettings, RolesBecomeGrants) {
  config::Config config = Named("fectld.sock");
  config.master.allow = {{config::Role::kObserve, false, {}, 1},
                         {config::Role::kLogs, true, {}, 2},
                         {config::Role::kOperate, false, {}, 3}};
  EXPECT_EQ(LogSettingsOf(config, SurroundingsOf(config, true, nullptr, false)).grants,
            (std::vector<logger::ReaderGrant>{
                {.logs = false, .id = 1}, {.logs = true, .group = true, .id = 2}, {.logs = true, .id = 3}}));
}

TEST(LogSettings, ASocketsPathThatIsTooLongIsNone) {
  EXPECT_EQ(SurroundingsOf(Named(std::string(105, 'x')), true, nullptr, false).socket, "");
}

}  // namespace
}  // namespace fectl::runtime
