#include "worker_sdk/run/environment.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::run {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Environment, SocketsNotificationsAndWatchdogAreTold) {
  const ProgramEnvironment made = MakeProgramEnvironment(
      {"PATH=/bin", "LISTEN_FDS=7", "NOTIFY_SOCKET=/run/systemd/notify", "WATCHDOG_PID=1", "LISTEN_FDS_X=1"},
      {.socket_names = {"http", "admin"}, .notify_path = "/tmp/n", .watchdog_ms = 2'500});
  EXPECT_THAT(made.variables,
              ElementsAre("PATH=/bin", "LISTEN_FDS_X=1", "NOTIFY_SOCKET=/tmp/n", "LISTEN_FDS=2",
                          "LISTEN_FDNAMES=http:admin", "WATCHDOG_USEC=2500000"));
  EXPECT_THAT(made.pid_variables, ElementsAre("LISTEN_PID", "WATCHDOG_PID"));
}

TEST(Environment, WhatThereIsNotIsNotTold) {
  const ProgramEnvironment made = MakeProgramEnvironment({"A=b"}, {.notify_path = "/tmp/n"});
  EXPECT_THAT(made.variables, ElementsAre("A=b", "NOTIFY_SOCKET=/tmp/n"));
  EXPECT_THAT(made.pid_variables, IsEmpty());
}

}  // namespace
}  // namespace fectl::run
