// What a Worker makes of its environment: a good one, none, and wrong ones.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "worker_sdk/testing/fake_master.h"
#include "worker_sdk/worker.h"

namespace fectl {
namespace {

TEST(WorkerByHandTest, EveryCallIsAllowedAndDoesNothing) {
  auto made = Worker::FromVariables({{"PATH", "/bin"}}, {}, {});
  ASSERT_TRUE(made.ok()) << made.status();
  Worker& worker = **made;
  EXPECT_FALSE(worker.managed());
  EXPECT_EQ(worker.service(), "");
  EXPECT_EQ(worker.index(), 0);
  EXPECT_TRUE(worker.sockets().empty());
  EXPECT_EQ(worker.FindSocket("http"), nullptr);
  EXPECT_EQ(worker.poll_fd(), -1);
  EXPECT_EQ(worker.poll_timeout_ms(), -1);
  EXPECT_FALSE(worker.deadline_ms());
  EXPECT_FALSE(worker.time_left());
  EXPECT_FALSE(worker.master_lost());
  worker.Loaded();
  worker.Heartbeat();
  worker.RequestReload();
  worker.RequestRestart();
  worker.ConfigError("x");
  worker.Status("x");
  worker.Stopping("x");
  EXPECT_TRUE(worker.SetGauge("a", 1).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(worker.SendMessage("1")));
  EXPECT_TRUE(worker.Dispatch().ok());
  EXPECT_EQ(worker.poll_timeout_ms(), -1);
  int runs = 0;
  int pair[2];
  ASSERT_EQ(pipe2(pair, O_CLOEXEC), 0);
  ASSERT_EQ(write(pair[1], "x", 1), 1);
  worker.Watch(pair[0], [&] {
    if (++runs == 3) worker.Quit();
  });
  EXPECT_TRUE(worker.Run().ok());
  EXPECT_EQ(runs, 3);
  EXPECT_TRUE((worker.Quit(), worker.Run()).ok());
  close(pair[0]);
  close(pair[1]);
}

TEST(WorkerErrorTest, BadDescriptorsAreNamed) {
  Worker::Variables variables = {{"FECTL_FD", "990:991"}, {"FECTL_SRV_NAME", "web"}, {"FECTL_PROC_IDX", "0"}};
  auto worker = Worker::FromVariables(variables, {}, {});
  EXPECT_TRUE(absl::IsInvalidArgument(worker.status()));
  EXPECT_EQ(worker.status().message(), "environment variable FECTL_FD: descriptor 990 is not open");

  FakeMaster master;
  variables = master.HandOver();
  variables["FECTL_FD_http"] = "992,FAMILY:2,SOCKETTYPE:1,PROTO:6";
  worker = Worker::FromVariables(variables, {}, {});
  EXPECT_EQ(worker.status().message(), "environment variable FECTL_FD_http: descriptor 992 is not open");
  // Nothing was closed: without the wrong variable it works.
  variables.erase("FECTL_FD_http");
  EXPECT_TRUE(Worker::FromVariables(variables, {}, {}).ok());
}

TEST(WorkerErrorTest, DOTTED_ASocketThatAShellDroppedIsAReasonThatTheMasterGets) {
  FakeMaster master;
  Worker::Variables variables = master.HandOver();
  variables["FECTL_SOCKETS"] = "admin-api";
  const auto worker = Worker::FromVariables(variables, {}, {});
  EXPECT_TRUE(absl::IsInvalidArgument(worker.status()));
  const std::string words =
      "environment variable FECTL_FD_admin-api is missing, though FECTL_SOCKETS names that socket: something "
      "between "
      "fectld and this program dropped it, as dash does with names that have a \"-\" or \".\". Name the "
      "socket with "
      "letters, digits and _ alone, or start the program without a shell.";
  EXPECT_EQ(worker.status().message(), words);
  ASSERT_TRUE(master.WaitFor("cfgerror"));
}

TEST(WorkerErrorTest, OneDescriptorForBothIsRefused) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  const std::string fd = std::to_string(pair[0]);
  auto worker = Worker::FromVariables(
      {{"FECTL_FD", fd + ":" + fd}, {"FECTL_SRV_NAME", "web"}, {"FECTL_PROC_IDX", "0"}}, {}, {});
  EXPECT_EQ(worker.status().message(), "environment variable FECTL_FD: it must name two descriptors");
  close(pair[0]);
  close(pair[1]);
}

TEST(WorkerEnvironmentTest, IsReadOnceAndNotInherited) {
  FakeMaster master;
  for (const auto& [name, value] : master.HandOver()) setenv(name.c_str(), value.c_str(), 1);
  setenv("FECTL_SOCK", "stays", 1);
  auto worker = Worker::FromEnvironment();
  ASSERT_TRUE(worker.ok()) << worker.status();
  EXPECT_TRUE((*worker)->managed());
  EXPECT_EQ(getenv("FECTL_FD"), nullptr);
  EXPECT_EQ(getenv("FECTL_SRV_NAME"), nullptr);
  EXPECT_STREQ(getenv("FECTL_SOCK"), "stays");
  auto second = Worker::FromEnvironment();
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE((*second)->managed());
  unsetenv("FECTL_SOCK");
}

TEST(WorkerEnvironmentTest, StaysWhenAskedTo) {
  FakeMaster master;
  const auto variables = master.HandOver();
  for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
  Worker::Options options;
  options.unset_variables = false;
  options.handle_sigterm = false;
  auto worker = Worker::FromEnvironment({}, options);
  ASSERT_TRUE(worker.ok()) << worker.status();
  EXPECT_NE(getenv("FECTL_FD"), nullptr);
  struct sigaction action {};
  sigaction(SIGTERM, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
  for (const auto& [name, value] : variables) unsetenv(name.c_str());
}

}  // namespace
}  // namespace fectl
