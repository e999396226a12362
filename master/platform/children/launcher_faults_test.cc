// Starts that fail, each by one thing that the kernel, a limit or a sandbox does.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/platform/children/children_wait.h"
#include "master/platform/children/launcher.h"
#include "master/platform/children/test_launch.h"
#include "master/platform/testing/test_process.h"
#include "master/platform/testing/test_syscall_filter.h"

namespace fectl::platform {
namespace {

TEST(LauncherFaults, F48_NeverRunsAsTheWrongUser) {
  TestProcess process([] {
    if (geteuid() == 0 && (setresgid(54321, 54321, 54321) != 0 || setresuid(54321, 54321, 54321) != 0))
      return 1;
    LaunchSpec spec = Shell("exit 0");
    spec.identity = Identity{33, 33, {33}};
    if (ErrorOf(spec) != "cannot switch to the groups of user 33: Operation not permitted") return 2;
    // The user who one is already needs no switching.
    spec.identity = Identity{geteuid(), getegid(), {getegid()}};
    if (ErrorOf(spec) != "started, and exited with code 0") return 3;
    return 0;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

// Each part fails alone, as with a master that has some of the rights.
TEST(LauncherFaults, F49_EachStepOfTheSwitchIsReported) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can switch to another user";
  const std::vector<std::pair<int, std::string>> calls = {
      {SYS_setgroups, "cannot switch to the groups of user 33: Operation not permitted"},
      {SYS_setresgid, "cannot switch to group 34: Operation not permitted"},
      {SYS_setresuid, "cannot switch to user 33: Operation not permitted"},
      // The kernel says yes and does nothing.
      {-SYS_setresgid, "cannot switch to user 33: Operation not permitted"},
      {-SYS_setresuid, "cannot switch to user 33: Operation not permitted"},
  };
  for (const auto& [call, words] : calls) {
    TestProcess process([&call = call, &words = words] {
      if (!InstallFilter({{std::abs(call), call < 0 ? 0 : EPERM}})) return 10;
      LaunchSpec spec = Shell("exit 0");
      spec.identity = Identity{33, 34, {34}};
      return ErrorOf(spec) == words ? 0 : 1;
    });
    EXPECT_EQ(process.Wait(), "exited with code 0") << words;
  }
}

TEST(LauncherFaults, F49_MoreGroupsThanTheSystemTakesAreNotHalfTaken) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can switch to another user";
  LaunchSpec spec = Shell("exit 0");
  spec.identity = Identity{33, 34, std::vector<gid_t>(100'000, 34)};
  EXPECT_EQ(ErrorOf(spec), "cannot switch to the groups of user 33: Invalid argument");
}

// The limit of processes hits at exec, after the switch to the limited user.
TEST(LauncherFaults, F45_ALimitOfProcessesIsTransient) {
  if (geteuid() != 0) GTEST_SKIP() << "root is exempt, so the test needs another user";
  TestProcess process([] {
    const rlimit none = {0, 0};
    if (setrlimit(RLIMIT_NPROC, &none) != 0) return 10;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return 10;
    const base::UniqueFd input(ends[0]);
    base::UniqueFd end_of_first(ends[1]);
    LaunchSpec spec = Shell("read line");
    // A user whom no other run of this test counts for.
    const auto user = static_cast<uid_t>(20'000 + getpid() % 40'000);
    spec.identity = Identity{user, user, {}};
    // The kernel counts what the user runs already, so the first one is let through.
    const LaunchOutcome first = PreparedLaunch(spec).Launch({.stdin_fd = input.get()});
    const LaunchOutcome second = PreparedLaunch(spec).Launch({.stdin_fd = input.get()});
    end_of_first.reset();
    End(first);
    const auto error = FailureOf(second);
    if (!error.has_value() || !error->IsTransient()) return 1;
    return error->ToString() == "cannot execute /bin/sh: Resource temporarily unavailable" ? 0 : 2;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

TEST(LauncherFaults, F41_F42_ARefusedCloneIsReportedAsTransient) {
  for (const auto& [call_error, words] : std::vector<std::pair<int, std::string>>{
           {EAGAIN, "Resource temporarily unavailable"}, {ENOMEM, "Cannot allocate memory"}}) {
    TestProcess process([&call_error = call_error, &words = words] {
      if (!InstallFilter({{SYS_clone, call_error}})) return 10;
      const LaunchOutcome outcome = PreparedLaunch(Shell("exit 0")).Launch({});
      const auto* error = std::get_if<LaunchError>(&outcome);
      if (error == nullptr || error->step != LaunchError::Step::kClone || !error->IsTransient()) return 1;
      return error->ToString() == "cannot start a process: " + words ? 0 : 2;
    });
    EXPECT_EQ(process.Wait(), "exited with code 0");
  }
}

// Lets the oldest call that is held go on, or fail.
bool Answer(const base::UniqueFd& held, int error) {
  seccomp_notif call = {};
  if (ioctl(held.get(), SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) return false;
  seccomp_notif_resp answer = {};
  answer.id = call.id;
  answer.error = -error;
  answer.flags = error == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
  return ioctl(held.get(), SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0;
}

// Waits for the end of a process that was still on its way when its start returned; why it never came to its
// program, or how it ended.
std::string EndOnTheWay(const LaunchResult& result) {
  siginfo_t info = {};
  waitid(P_PID, static_cast<id_t>(result.pid), &info, WEXITED | WNOWAIT);
  if (result.in_flight.pending()) return "still pending";
  const auto failure = result.in_flight.Failure(Reap(result.pid));
  return failure.has_value() ? failure->ToString() : "has executed";
}

// Runs `test` in a process where the kernel holds the call until somebody answers for it, as a file system
// that hangs does, and returns what was wrong.
template <typename Test>
void InAWorldThatHolds(int call, Test test) {
  TestProcess process([call, &test] {
    const base::UniqueFd held = InstallUnansweredFilter(call);
    if (!held.valid()) return 99;
    const int wrong = test(held);
    return wrong != 0 ? wrong : NoChildren() ? 0 : 50;
  });
  const std::string end = process.Wait();
  if (end == "exited with code 99") GTEST_SKIP() << "this kernel cannot hold a call";
  EXPECT_EQ(end, "exited with code 0");
}

LaunchSpec InRoot(const std::string& script) {
  LaunchSpec spec = Shell(script);
  spec.directory = "/";
  return spec;
}

TEST(LauncherFaults, F38_F47_AStartThatHangsIsNotWaitedFor) {
  for (const int call : {SYS_execve, SYS_chdir}) {
    InAWorldThatHolds(call, [](const base::UniqueFd& held) {
      const base::UniqueFd output = NewFile();
      LowDescriptors low(1);
      LaunchOutcome outcome = PreparedLaunch(InRoot("echo $$")).Launch({.stdout_fd = output.get()}, &low);
      auto* const result = std::get_if<LaunchResult>(&outcome);
      if (result == nullptr) return 1;
      if (!result->in_flight.pending() || !result->pidfd.valid()) return 2;
      // What the caller does meanwhile does not matter to it, another start included.
      const LaunchOutcome other = PreparedLaunch(InRoot("exit 0")).Launch({});
      for (int start = 0; start < 2; ++start) {
        if (!Answer(held, 0)) return 3;
      }
      if (EndOnTheWay(*result) != "has executed") return 4;
      if (EndOnTheWay(std::get<LaunchResult>(other)) != "has executed") return 5;
      return Content(output.get()) == std::to_string(result->pid) + "\n" ? 0 : 6;
    });
  }
}

TEST(LauncherFaults, F38_AStartThatFailsLateSaysWhy) {
  InAWorldThatHolds(SYS_chdir, [](const base::UniqueFd& held) {
    LaunchOutcome outcome = PreparedLaunch(InRoot("exit 0")).Launch({});
    auto* const result = std::get_if<LaunchResult>(&outcome);
    if (result == nullptr || !result->in_flight.pending()) return 1;
    if (!Answer(held, ESTALE)) return 2;
    // The caller's errno is its own, though the memory is shared.
    errno = 0;
    while (result->in_flight.pending()) {
    }
    if (errno != 0) return 3;
    const std::string words = EndOnTheWay(*result);
    return words == "cannot change directory to /: Stale file handle" ? 0 : 4;
  });
}

TEST(LauncherFaults, F38_WhatAStartNeedsStaysThoughNobodyWaits) {
  InAWorldThatHolds(SYS_chdir, [](const base::UniqueFd& held) {
    pid_t pid = 0;
    {
      LaunchOutcome outcome = PreparedLaunch(InRoot("exit 7")).Launch({});
      auto* const result = std::get_if<LaunchResult>(&outcome);
      if (result == nullptr || !result->in_flight.pending()) return 1;
      pid = result->pid;
    }
    // Memory that was given back would be written over.
    const std::vector<std::string> more(1000, std::string(1000, 'x'));
    if (!Answer(held, 0)) return 2;
    return Reap(pid).code == 7 ? 0 : 3;
  });
}

// Before that the master's own calls may still be mixed up with the child's.
TEST(LauncherFaults, F47_AStartThatHangsWithoutItsDescriptorsIsGivenUp) {
  InAWorldThatHolds(SYS_setsid, [](const base::UniqueFd& /*held*/) {
    LaunchSpec spec = Shell("exit 0");
    spec.start_limit_ns = 20'000'000;
    const LaunchOutcome outcome = PreparedLaunch(spec).Launch({});
    const auto* error = std::get_if<LaunchError>(&outcome);
    if (error == nullptr || error->ToString() != "cannot start a session: Connection timed out") return 1;
    return error->IsTransient() ? 0 : 2;
  });
}

// Somebody kills the child on its way to exec, where the kernel holds it as a slow file system would.
TEST(LauncherFaults, AChildKilledBeforeExecIsNoProcess) {
  InAWorldThatHolds(SYS_chdir, [](const base::UniqueFd& /*held*/) {
    LaunchOutcome outcome = PreparedLaunch(InRoot("exit 0")).Launch({});
    auto* const result = std::get_if<LaunchResult>(&outcome);
    if (result == nullptr || !result->in_flight.pending()) return 1;
    if (!SendSignal(result->pid, -1, SIGKILL).ok()) return 2;
    const std::string words = EndOnTheWay(*result);
    return words == "cannot change directory to /: killed before exec by SIGKILL" ? 0 : 3;
  });
}

// The child shares the master's memory, and with it the flag that the kernel changes at a change of user: as
// long as one of another user shares it, others of that user must not trace it.
TEST(LauncherFaults, TheMastersDumpableFlagComesBackWithTheLast) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can switch to another user";
  InAWorldThatHolds(SYS_chdir, [](const base::UniqueFd& held) {
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return 1;
    LaunchSpec elsewhere = InRoot("exit 0");
    elsewhere.identity = Identity{54321, 54321, {}};
    LaunchSpec here = Shell("exit 0");
    here.identity = elsewhere.identity;
    {
      LaunchOutcome slow = PreparedLaunch(elsewhere).Launch({});
      auto* const result = std::get_if<LaunchResult>(&slow);
      if (result == nullptr || !result->in_flight.pending()) return 2;
      if (End(PreparedLaunch(here).Launch({})) != "exited with code 0") return 3;
      if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1) return 4;
      if (!Answer(held, 0) || EndOnTheWay(*result) != "has executed") return 5;
    }
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1 ? 0 : 6;
  });
}

// The child shares the master's memory, and with it the flag that the kernel changes at a change of user.
TEST(LauncherFaults, TheMastersDumpableFlagStays) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can switch to another user";
  TestProcess process([] {
    LaunchSpec spec = Shell("exit 0");
    spec.identity = Identity{54321, 54321, {}};
    const PreparedLaunch prepared(spec);
    for (const int flag : {1, 0}) {
      if (prctl(PR_SET_DUMPABLE, flag, 0, 0, 0) != 0) return 1;
      if (End(prepared.Launch({})) != "exited with code 0") return 2;
      if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != flag) return 3;
    }
    return 0;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

// What older kernels and containers lack, one at a time and all together.
TEST(LauncherFaults, F43_WorksWithoutTheNewerCalls) {
  constexpr uint32_t kClonePidfd = 0x1000;
  const FilteredCall clone_pidfd = {SYS_clone, EINVAL, kClonePidfd};
  const FilteredCall pidfd_open = {SYS_pidfd_open, ENOSYS};
  const FilteredCall close_range = {SYS_close_range, ENOSYS};
  const std::vector<std::vector<FilteredCall>> worlds = {{clone_pidfd},
                                                         {close_range},
                                                         {{SYS_clone3, ENOSYS}},
                                                         {clone_pidfd, pidfd_open},
                                                         {clone_pidfd, pidfd_open, close_range}};
  for (const std::vector<FilteredCall>& world : worlds) {
    const bool pidfd_expected = world.size() == 1;
    const bool leaves = world.front().number != SYS_close_range && world.back().number != SYS_close_range;
    TestProcess process([&world, pidfd_expected, leaves] {
      LowDescriptors low(2);
      std::vector<base::UniqueFd> careless;
      careless.reserve(200);
      // Enough that the list of descriptors does not come in one piece.
      for (int i = 0; i < 200; ++i) careless.emplace_back(open("/dev/null", O_RDONLY));
      if (!InstallFilter(world)) return 10;
      const base::UniqueFd output = NewFile();
      const int passed_fds[] = {output.get()};
      for (LowDescriptors* const through : {static_cast<LowDescriptors*>(nullptr), &low, &low}) {
        if (ftruncate(output.get(), 0) != 0 || lseek(output.get(), 0, SEEK_SET) != 0) return 10;
        const LaunchOutcome outcome =
            PreparedLaunch(Guest()).Launch({-1, output.get(), -1, passed_fds}, through);
        const auto* result = std::get_if<LaunchResult>(&outcome);
        if (result == nullptr) return 1;
        if (result->pidfd.valid() != pidfd_expected) return 2;
        if (End(outcome) != "exited with code 0") return 3;
        const std::string report = Content(output.get());
        const std::string last = " 3:" + InodeOf(output.get()) + " \n";
        if (report.find(last) == std::string::npos) return 4;
      }
      if (!NoChildren()) return 5;
      return low.usable() == leaves ? 0 : 6;
    });
    EXPECT_EQ(process.Wait(), "exited with code 0");
  }
}

// With each number of free descriptors the start succeeds or fails whole, and none is lost either way.
TEST(LauncherFaults, F50_RunningOutOfDescriptorsLosesNone) {
  TestProcess process([] {
    const base::UniqueFd output = NewFile();
    const int passed_fds[] = {output.get(), output.get()};
    const PreparedLaunch prepared(Shell("exit 0"));
    LowDescriptors low(2);
    bool started = false;
    for (int spare = 0; spare < 16; ++spare) {
      const int before = CountOpen();
      rlimit limit = {};
      getrlimit(RLIMIT_NOFILE, &limit);
      const rlimit tight = {static_cast<rlim_t>(before - 1 + spare), limit.rlim_max};
      setrlimit(RLIMIT_NOFILE, &tight);
      std::string end = "exited with code 0";
      {
        const LaunchOutcome outcome =
            prepared.Launch({-1, output.get(), output.get(), passed_fds}, spare % 2 == 0 ? nullptr : &low);
        started = std::holds_alternative<LaunchResult>(outcome);
        if (started) end = End(outcome);
        if (!started && end.empty()) return 1;
      }
      setrlimit(RLIMIT_NOFILE, &limit);
      if (CountOpen() != before || !NoChildren()) return 2;
      if (end != "exited with code 0") return 3;
    }
    return started ? 0 : 4;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

}  // namespace
}  // namespace fectl::platform
