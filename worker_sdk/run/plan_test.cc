#include "worker_sdk/run/plan.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "worker_sdk/run/command_line.h"
#include "worker_sdk/socket.h"

namespace fectl::run {
namespace {

using testing::Contains;
using testing::ElementsAre;

CommandLine Line(std::vector<std::string> words) {
  const auto line = ParseCommandLine(words);
  EXPECT_TRUE(line.ok()) << line.status();
  return *line;
}

Socket Named(const std::string& name, int fd) {
  Socket socket;
  socket.name = name;
  socket.fd = fd;
  return socket;
}

std::vector<Socket> Sockets() {
  // By name, as the SDK gives them; the descriptors tell the order of fectld.toml.
  return {Named("admin", 6), Named("http", 5)};
}

TEST(Plan, SocketsStandInTheOrderOfTheConfigurationAndThePrivateOneLast) {
  const auto plan = MakePlan(Line({"--ready=http:/h", "--", "x", "{fd:http}", "{fd:admin}", "{fd:probe}"}),
                             Sockets(), 9, {"PATH=/bin"}, "/n");
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(plan->process.passed, ElementsAre(5, 6, 9));
  EXPECT_THAT(plan->process.argv, ElementsAre("x", "3", "4", "5"));
  EXPECT_THAT(plan->process.environment, Contains("LISTEN_FDNAMES=http:admin:probe"));
  EXPECT_THAT(plan->process.pid_variables, ElementsAre("LISTEN_PID"));
  EXPECT_TRUE(plan->probes.addresses.contains("admin"));
  EXPECT_THAT(plan->probes.environment, ElementsAre("PATH=/bin"));
}

TEST(Plan, OnlyAWatchdogByNotificationsIsTold) {
  EXPECT_THAT(MakePlan(Line({"--watchdog=notify=2", "--", "x"}), {}, -1, {}, "/n")->process.environment,
              Contains("WATCHDOG_USEC=2000000"));
  EXPECT_THAT(MakePlan(Line({"--watchdog=exec:true=2", "--", "x"}), {}, -1, {}, "/n")->process.environment,
              ElementsAre("NOTIFY_SOCKET=/n"));
}

TEST(Plan, ThePrivateSocketIsForProbesThatNameNoSocket) {
  EXPECT_TRUE(NeedsPrivateSocket(Line({"--ready=http:/", "--", "x"})));
  EXPECT_TRUE(NeedsPrivateSocket(Line({"--watchdog=http:/=3", "--", "x"})));
  EXPECT_FALSE(NeedsPrivateSocket(Line({"--ready=http:admin/", "--watchdog=exec:true", "--", "x"})));
}

TEST(Plan, NamesThatThereAreNotAreRefused) {
  EXPECT_EQ(MakePlan(Line({"--ready=http:shop/h", "--", "x"}), Sockets(), -1, {}, "/n").status().message(),
            "http:shop/h: this worker has no socket \"shop\"");
  EXPECT_EQ(MakePlan(Line({"--", "x", "{fd:probe}"}), Sockets(), -1, {}, "/n").status().message(),
            "{fd:probe}: this worker has no socket \"probe\"; it has http, admin");
  EXPECT_EQ(
      MakePlan(Line({"--ready=http:/", "--", "x"}), {Named("probe", 5)}, 9, {}, "/n").status().message(),
      "a socket of the service has the name \"probe\", which is that of the private socket: rename it");
}

}  // namespace
}  // namespace fectl::run
