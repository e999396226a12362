#include "master/runtime/workers/service_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "master/config/config.h"
#include "master/core/basis/time.h"

namespace fectl::runtime {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

config::ServiceConfig Web() {
  config::ServiceConfig service;
  service.name = "web";
  service.command = {"sh", "-c", "true"};
  return service;
}

SharedSocket Http() {
  SharedSocket socket;
  socket.name = "http";
  socket.fd = 77;
  socket.family = 2;
  socket.type = 1;
  socket.protocol = 6;
  socket.address = "127.0.0.1:80";
  return socket;
}

constexpr rlimit kOpenFiles = {1024, 4096};

TEST(InheritedEnvironment, TakesWhoAndWhereAndNothingElse) {
  std::string entries[] = {"PATH=/bin",    "HOME=/root",    "LC_ALL=C", "LD_PRELOAD=/evil.so",
                           "FECTL_FD=9:9", "SECRET_KEY=42", "TZ=UTC",   "PYTHONPATH=/x",
                           "NOEQUALS"};
  std::vector<char*> environment;
  for (std::string& entry : entries) environment.push_back(entry.data());
  environment.push_back(nullptr);
  EXPECT_EQ(InheritedEnvironment(environment.data()),
            (Environment{{"PATH", "/bin"}, {"HOME", "/root"}, {"LC_ALL", "C"}, {"TZ", "UTC"}}));
}

TEST(MakeServicePlan, AProgramThatIsNoWorkerIsStartedByFectlRun) {
  config::ServiceConfig service = Web();
  service.ready = "log:up and running";
  service.watchdog = "http:/health=5";
  service.stop_signal = "QUIT";
  const ServicePlan plan = MakeServicePlan(service, {}, {}, kOpenFiles);
  EXPECT_THAT(plan.launch.executable, testing::EndsWith("/fectl-run"));
  EXPECT_THAT(plan.launch.executable, StartsWith("/"));
  EXPECT_THAT(plan.launch.argv,
              ElementsAre(plan.launch.executable, "--ready=log:up and running", "--watchdog=http:/health=5",
                          "--stop-signal=QUIT", "--", "sh", "-c", "true"));
}

TEST(MakeServicePlan, EnvironGoesBeforeFilesAndFilesBeforeWhatIsInherited) {
  config::ServiceConfig service = Web();
  service.environ_from_files = {{"A", "file"}, {"B", "file"}, {"TZ", "file"}, {"PATH", "/file"}};
  service.environ = {{"B", "own"}};
  const ServicePlan plan = MakeServicePlan(service, {}, {{"TZ", "UTC"}, {"LANG", "C"}}, kOpenFiles);
  for (const char* entry : {"A=file", "B=own", "TZ=file", "LANG=C", "PATH=/file"}) {
    EXPECT_THAT(plan.launch.environment, Contains(entry));
  }
  EXPECT_EQ(plan.launch.search_path, "/file");
  EXPECT_THAT(plan.launch.environment, Not(Contains("B=file")));
}

TEST(MakeServicePlan, EnvironmentIsTheContract) {
  config::ServiceConfig service = Web();
  service.timeout_ms = 2500;
  service.environ = {{"A", "1"}, {"PATH", "/opt/bin"}, {"A", "2"}, {"FECTL_FD", "1:2"}};
  SharedSocket socket = Http();
  socket.app = "aiohttp";
  socket.arguments = {"app=x:y", "k=\"v\""};
  const ServicePlan plan = MakeServicePlan(service, {socket}, {{"PATH", "/bin"}, {"TZ", "UTC"}}, kOpenFiles);
  EXPECT_THAT(
      plan.launch.environment,
      ElementsAre("PATH=/opt/bin", "TZ=UTC", "A=2", "FECTL_FD=3:4", "FECTL_SRV_NAME=web", "FECTL_PROC_IDX=0",
                  "FECTL_PROC_LANE=0", "FECTL_PROTO=3", "FECTL_TIMEOUT=2.5", "FECTL_SHUTDOWN_TIMEOUT=30",
                  "FECTL_FD_http=5,FAMILY:2,SOCKETTYPE:1,PROTO:6", "FECTL_APP_http=aiohttp",
                  R"(FECTL_ARGS_http=["app=x:y","k=\"v\""])", "FECTL_SOCKETS=http"));
  EXPECT_THAT(plan.socket_fds, ElementsAre(77));
}

TEST(MakeServicePlan, SocketOfAnotherServiceIsNotSeen) {
  SharedSocket other = Http();
  other.name = "admin";
  other.services = {"admin", "api"};
  SharedSocket ours = Http();
  ours.fd = 78;
  ours.services = {"web"};
  const ServicePlan plan = MakeServicePlan(Web(), {other, ours}, {}, kOpenFiles);
  EXPECT_THAT(plan.launch.environment, Not(Contains(HasSubstr("admin"))));
  EXPECT_THAT(plan.launch.environment, Contains(StartsWith("FECTL_FD_http=5,")));
  EXPECT_THAT(plan.socket_fds, ElementsAre(78));
}

TEST(MakeServicePlan, IdentityBringsItsVariables) {
  config::ServiceConfig service = Web();
  service.identity = config::Identity{.uid = 33,
                                      .gid = 44,
                                      .groups = {44, 55},
                                      .user_name = "www",
                                      .home = "/var/www",
                                      .shell = "/bin/false"};
  const ServicePlan plan = MakeServicePlan(service, {}, {{"HOME", "/root"}, {"USER", "root"}}, kOpenFiles);
  EXPECT_THAT(plan.launch.environment, Contains("HOME=/var/www"));
  EXPECT_THAT(plan.launch.environment, Contains("USER=www"));
  EXPECT_THAT(plan.launch.environment, Contains("LOGNAME=www"));
  ASSERT_TRUE(plan.launch.identity.has_value());
  EXPECT_EQ(plan.launch.identity->uid, 33U);
  EXPECT_EQ(plan.launch.identity->gid, 44U);
  EXPECT_THAT(plan.launch.identity->groups, ElementsAre(44, 55));
}

TEST(MakeServicePlan, PYTHONUNBUFFERED_ANameAloneIsTheMastersOwnVariable) {
  setenv("FECTL_TEST_SET", "a=b", 1);
  unsetenv("FECTL_TEST_NOT_SET");
  config::ServiceConfig service = Web();
  service.environ_passed = {"FECTL_TEST_SET", "FECTL_TEST_NOT_SET"};
  const ServicePlan plan = MakeServicePlan(service, {}, {}, kOpenFiles);
  EXPECT_THAT(plan.launch.environment, Contains("FECTL_TEST_SET=a=b"));
  EXPECT_THAT(plan.launch.environment, Not(Contains(HasSubstr("FECTL_TEST_NOT_SET"))));
  EXPECT_THAT(plan.launch.environment, Contains("FECTL_SOCKETS="));
}

TEST(MakeServicePlan, CapabilitiesAreTheServices) {
  config::ServiceConfig service = Web();
  EXPECT_FALSE(MakeServicePlan(service, {}, {}, kOpenFiles).launch.capabilities.has_value());
  service.capabilities = 1 << 10;
  EXPECT_EQ(MakeServicePlan(service, {}, {}, kOpenFiles).launch.capabilities, 1U << 10);
}

TEST(MakeServicePlan, PolicyHasTheNumbersOfTheConfiguration) {
  config::ServiceConfig service = Web();
  service.num = 7;
  service.restarts = 5;
  service.timeout_ms = 1;
  service.startup_timeout_ms = 2;
  service.shutdown_timeout_ms = 3;
  service.max_lease_ms = 6;
  service.max_surge = 4;
  const core::ServicePolicy policy = MakePolicy(service);
  EXPECT_EQ(policy.name, "web");
  EXPECT_EQ(policy.num, 7U);
  EXPECT_EQ(policy.restarts, 5U);
  EXPECT_EQ(policy.rollout.max_surge, core::Share(4));
  EXPECT_EQ(policy.timeout, core::Milliseconds(1));
  EXPECT_EQ(policy.startup_timeout, core::Milliseconds(2));
  EXPECT_EQ(policy.shutdown_timeout, core::Milliseconds(3));
  EXPECT_EQ(policy.max_lease, core::Milliseconds(6));
}

TEST(MakePolicy, NamesOtherServices) {
  config::ServiceConfig service;
  service.name = "migrate";
  service.num = 4;
  service.type = config::ServiceType::kOneshot;
  service.after = {"log"};
  service.require = {"db"};
  service.autostart = false;
  service.before_roll = "check";
  const core::ServicePolicy policy = MakePolicy(service);
  EXPECT_TRUE(policy.oneshot);
  EXPECT_EQ(policy.num, 1U);  // a oneshot has one process
  EXPECT_EQ(policy.after, service.after);
  EXPECT_EQ(policy.require, service.require);
  EXPECT_FALSE(policy.autostart);
  EXPECT_EQ(policy.before_roll, "check");
}

TEST(LaunchSpecFor, KnowsTheIndexAndTheLane) {
  const ServicePlan plan = MakeServicePlan(Web(), {}, {}, kOpenFiles);
  const platform::LaunchSpec spec = LaunchSpecFor(plan, 3, 2);
  EXPECT_THAT(spec.environment, Contains("FECTL_PROC_IDX=3"));
  EXPECT_THAT(spec.environment, Contains("FECTL_PROC_LANE=2"));
}

TEST(MakeServicePlan, AWorkerAlwaysHasThePathThatItsCommandIsFoundBy) {
  const ServicePlan plan = MakeServicePlan(Web(), {}, {}, kOpenFiles);
  EXPECT_EQ(plan.launch.executable, Web().command.front());
  EXPECT_THAT(plan.launch.environment, Contains("PATH=" + plan.launch.search_path));
}

}  // namespace
}  // namespace fectl::runtime
