#include "master/platform/children/daemonize.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <utility>
#include <variant>

#include "master/platform/children/children_wait.h"
#include "master/platform/testing/test_process.h"

namespace fectl::platform {
namespace {

// Runs Daemonize() in a copy of the test, whose exit code says what its command side heard: 0 ready, 1 failed
// with `reason`, 2 anything else. `daemon` is the daemon's life. The test is the daemon's new parent and
// reaps it.
class Command {
 public:
  Command(const std::string& reason, const std::function<void(StartReport)>& daemon) {
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) abort();
    base::UniqueFd alive(ends[0]);
    base::UniqueFd held_by_daemon(ends[1]);
    TestProcess command([&] {
      auto side = Daemonize();
      if (!side.ok()) return 2;
      if (auto* report = std::get_if<StartReport>(&*side)) {
        daemon(std::move(*report));
        _exit(0);
      }
      const absl::Status outcome = std::get<StartedFromHere>(*side).outcome;
      if (outcome.ok()) return 0;
      return outcome.message() == absl::string_view(reason.data(), reason.size()) ? 1 : 2;
    });
    held_by_daemon.reset();
    end = command.Wait();
    // Closed by the daemon's end.
    pollfd entry = {alive.get(), POLLIN, 0};
    daemon_ended = poll(&entry, 1, 60'000) == 1;
    while (const auto orphan = LookAtAny()) Reap(orphan->pid);
  }

  std::string end;
  bool daemon_ended = false;
};

TEST(Daemonize, TheCommandReturnsWhenTheDaemonIsReady) {
  const Command command("", [](StartReport report) { report.Ready(); });
  EXPECT_EQ(command.end, "exited with code 0");
  EXPECT_TRUE(command.daemon_ended);
}

TEST(Daemonize, SuccessDoesNotWaitForTheDaemonsEnd) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  base::UniqueFd go_on(ends[0]);
  base::UniqueFd hold(ends[1]);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  TestProcess process([&] {
    auto side = Daemonize();
    if (auto* report = std::get_if<StartReport>(&*side)) {
      hold.reset();
      report->Ready();
      // Lives until the test lets go.
      char byte;
      _exit(read(go_on.get(), &byte, 1) == 0 ? 7 : 8);
    }
    return std::get<StartedFromHere>(*side).outcome.ok() ? 0 : 1;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
  EXPECT_FALSE(LookAtAny().has_value());
  hold.reset();
  siginfo_t info = {};
  ASSERT_EQ(waitid(P_ALL, 0, &info, WEXITED), 0);
  EXPECT_EQ(info.si_status, 7);
}

TEST(Daemonize, TheCommandHearsTheReasonOfAFailure) {
  const Command command("cannot listen on 127.0.0.1:80: Permission denied", [](StartReport report) {
    report.Failed("cannot listen on 127.0.0.1:80: Permission denied");
    // Only the first report counts.
    report.Ready();
  });
  EXPECT_EQ(command.end, "exited with code 1");
}

TEST(Daemonize, ALongReasonIsCut) {
  const Command command(std::string(4095, 'x'),
                        [](StartReport report) { report.Failed(std::string(100'000, 'x')); });
  EXPECT_EQ(command.end, "exited with code 1");
}

TEST(Daemonize, ADaemonThatDiesUnreportedIsAFailure) {
  const Command exits("the daemon ended before it was ready", [](StartReport) { _exit(0); });
  EXPECT_EQ(exits.end, "exited with code 1");
  const Command forgets("the daemon ended before it was ready", [](StartReport) {});
  EXPECT_EQ(forgets.end, "exited with code 1");
}

TEST(Daemonize, LeavesTheSessionAndDoesNotLeadOne) {
  const pid_t session = getsid(0);
  const Command command("", [&](StartReport report) {
    const bool right = getsid(0) != session && getsid(0) != getpid() && getpgrp() == getsid(0);
    if (right) report.Ready();
  });
  EXPECT_EQ(command.end, "exited with code 0");
}

}  // namespace
}  // namespace fectl::platform
