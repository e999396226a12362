#include "master/config/logs/logs_section.h"

#include <gtest/gtest.h>

#include <string>

#include "master/config/parse.h"
#include "master/config/print_toml.h"

namespace fectl::config {
namespace {

constexpr char kService[] = "[[service]]\nname = \"web\"\nnum = 1\ncommand = \"x\"\n";

LoadResult Read(const std::string& logs, const std::string& of_service = "") {
  return Parse(logs + kService + of_service, "fectld.toml");
}

TEST(LogsSection, EveryKey) {
  const LoadResult loaded = Read(R"([logs]
to = ["file", "journald"]
dir = "/var/log/x"
format = "json"
max_size = "50MiB"
max_age = "14d"
compress = false
line_max = "4KiB"
on_full = "block"
streams = "split"
facility = "LOCAL3"
total = "2GiB"
keep_free = "7%"
journald_socket = "/run/systemd/journal.web/socket"
syslog_socket = "/host/log"
)");
  ASSERT_TRUE(loaded.ok()) << loaded.Describe();
  const OutputConfig& output = loaded.config.logs.output;
  EXPECT_EQ(output.to, (std::vector{LogsTo::kFile, LogsTo::kJournald}));
  EXPECT_EQ(output.dir, "/var/log/x");
  EXPECT_EQ(output.format, LogsFormat::kJson);
  EXPECT_EQ(output.max_size, 50 << 20);
  EXPECT_EQ(output.max_age_s, 14 * 86'400);
  EXPECT_EQ(output.compress, false);
  EXPECT_EQ(output.line_max, 4096);
  EXPECT_EQ(output.on_full, LogsOnFull::kBlock);
  EXPECT_EQ(output.streams, LogsStreams::kSplit);
  EXPECT_EQ(output.facility, "local3");
  EXPECT_EQ(loaded.config.logs.journald_socket, "/run/systemd/journal.web/socket");
  EXPECT_EQ(loaded.config.logs.syslog_socket, "/host/log");
  EXPECT_EQ(loaded.config.logs.total, int64_t{2} << 30);
  EXPECT_EQ(loaded.config.logs.keep_free_percent, 7);
  EXPECT_EQ(loaded.config.services[0].logs, OutputConfig());
}

TEST(LogsSection, AServiceHasItsOwn) {
  const LoadResult loaded =
      Read("[logs]\ndir = \"a\"\n", "[service.logs]\nto = \"console\"\nmax_size = 1048576\n");
  ASSERT_TRUE(loaded.ok()) << loaded.Describe();
  EXPECT_EQ(loaded.config.services[0].logs.to, std::vector{LogsTo::kConsole});
  EXPECT_EQ(loaded.config.services[0].logs.max_size, 1 << 20);
  EXPECT_FALSE(loaded.config.services[0].logs.dir.has_value());
}

TEST(LogsSection, WhatIsPrintedIsReadTheSame) {
  const LoadResult loaded = Read("[logs]\nto = [\"console\"]\nmax_age = 90\nkeep_free = \"3GiB\"\n",
                                 "[service.logs]\ndir = \"x y\"\nformat = \"text\"\nline_max = \"64KiB\"\n");
  ASSERT_TRUE(loaded.ok()) << loaded.Describe();
  const LoadResult again = Parse(PrintToml(loaded.config), "printed");
  ASSERT_TRUE(again.ok()) << again.Describe();
  EXPECT_EQ(again.config, loaded.config);
}

TEST(LogsSection, MistakesAreNamed) {
  const std::pair<const char*, const char*> mistakes[] = {
      {"to = \"disk\"\n",
       "logs.to: must be an array of \"file\", \"journald\", \"console\" and \"syslog\", not \"disk\""},
      {"max_size = \"5MB\"\n",
       "logs.max_size: must be a size from \"64KiB\" on, as in \"50MiB\", not \"5MB\""},
      {"max_size = 10\n", "not 10"},
      {"max_age = \"x\"\n", "logs.max_age: must be seconds, or a time such as \"12h\" or \"14d\", not \"x\""},
      {"line_max = \"1MiB\"\n", "logs.line_max: must be a size from \"1KiB\" to \"64KiB\", not \"1MiB\""},
      {"facility = \"local8\"\n", "logs.facility: must be a facility of syslog, such as \"daemon\""},
      {"syslog_socket = \"\"\n", "logs.syslog_socket: "},
      {"keep_free = \"101%\"\n", "logs.keep_free: must be a part of the disk such as \"5%\""},
      {"on_full = \"wait\"\n", "logs.on_full"},
      {"folder = \"x\"\n", "logs.folder: unknown key"},
  };
  for (const auto& [text, words] : mistakes) {
    const std::string told = Read(std::string("[logs]\n") + text).Describe();
    EXPECT_NE(told.find(words), std::string::npos) << text << told;
  }
  const std::string told = Read("", "[service.logs]\ntotal = 1\n").Describe();
  EXPECT_NE(told.find("service.web.logs.total: unknown key: it belongs to [logs]"), std::string::npos)
      << told;
  EXPECT_NE(Read("", "logs = 1\n").Describe().find("must be a section [service.logs], not 1"),
            std::string::npos);
}

}  // namespace
}  // namespace fectl::config
