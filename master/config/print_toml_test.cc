#include "master/config/print_toml.h"

#include <string>

#include "gtest/gtest.h"
#include "master/config/config.h"
#include "master/config/load_result.h"
#include "master/config/parse.h"

namespace fectl::config {
namespace {

TEST(PrintToml, ShowsTheDefaults) {
  const LoadResult result = Parse("[[service]]\nname = 'web'\nnum = 2\ncommand = 'run \"it all\"'\n", "f");
  ASSERT_EQ(result.Describe(), "");
  EXPECT_EQ(PrintToml(result.config), R"([master]
sock = "fectld.sock"

[logging]
level = "info"
service = "console"
name = "fectld"
facility = "daemon"

[logs]
total = "1GiB"
keep_free = "5%"
journald_socket = "/run/systemd/journal/socket"
syslog_socket = "/dev/log"

[[service]]
name = "web"
num = 2
command = ["run", "it all"]
restarts = 3
timeout = 10
startup_timeout = 30
shutdown_timeout = 30
max_lease = 300
max_surge = 0
no_new_privileges = true
)");
}

TEST(PrintToml, TimesKeepTheirMilliseconds) {
  Config config;
  ServiceConfig service;
  service.name = "web";
  service.command = {"run"};
  service.timeout_ms = 1;
  service.startup_timeout_ms = 1500;
  service.shutdown_timeout_ms = 60'010;
  service.max_lease_ms = 1'250;
  config.services.push_back(service);
  const std::string text = PrintToml(config);
  EXPECT_NE(
      text.find("\ntimeout = 0.001\nstartup_timeout = 1.5\nshutdown_timeout = 60.01\nmax_lease = 1.25\n"),
      std::string::npos)
      << text;
}

TEST(PrintToml, AnyTextLoadsAgain) {
  std::string all;
  for (int c = 1; c < 128; ++c) all += static_cast<char>(c);
  all += "\xC3\xA9\xF0\x9F\x98\x80\"\"\"'''\\";
  Config config;
  config.master.directory = all;
  SocketConfig socket;
  socket.name = "http";
  socket.app = all;
  socket.arguments = {all, "", "\\", "\n"};
  config.sockets.push_back(socket);
  ServiceConfig service;
  service.name = "web";
  service.command = {all, all, ""};
  service.environ = {{"A", all}, {"B", ""}, {"C", "="}};
  service.environ_passed = {"PROXY", "PYTHONUNBUFFERED"};
  service.capabilities = 1u << 10 | 1u << 5;
  service.ready = "log:" + all.substr(31, 80) + "\\\"";
  service.watchdog = "exec:a=b=3";
  service.stop_signal = "sigquit";
  config.services.push_back(service);
  const LoadResult again = Parse(PrintToml(config), "f");
  EXPECT_EQ(again.Describe(), "");
  EXPECT_EQ(again.config, config);
}

}  // namespace
}  // namespace fectl::config
