#include "master/platform/process/process_limits.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>

#include "master/platform/children/children_wait.h"
#include "master/platform/testing/test_process.h"

namespace fectl::platform {
namespace {

TEST(ProcessLimits, RaisesOpenFilesAndTellsTheOldLimit) {
  TestProcess process([] {
    const rlimit low = {100, 200};
    if (setrlimit(RLIMIT_NOFILE, &low) != 0) return 1;
    const auto before = RaiseOpenFilesLimit();
    if (!before.ok() || before->rlim_cur != 100 || before->rlim_max != 200) return 2;
    rlimit now = {};
    getrlimit(RLIMIT_NOFILE, &now);
    return now.rlim_cur == 200 && now.rlim_max == 200 ? 0 : 3;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

TEST(ProcessLimits, ForbidsInspection) {
  TestProcess process([] {
    if (!ForbidInspection().ok()) return 1;
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return 2;
    if (geteuid() == 0) return 0;
    return access("/proc/self/environ", R_OK) == 0 ? 3 : 0;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

TEST(ProcessLimits, CORE_ForbidsTheDumpOfAnotherProcess) {
  TestProcess process([]() -> int {
    rlimit limit = {};
    getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_CORE, &limit);
    for (;;) pause();
  });
  ASSERT_TRUE(ForbidCoreDump(process.pid()).ok());
  rlimit limit = {};
  ASSERT_EQ(prlimit(process.pid(), RLIMIT_CORE, nullptr, &limit), 0);
  EXPECT_LE(limit.rlim_cur, 1u);
  ASSERT_TRUE(SendSignal(process.pid(), -1, SIGQUIT).ok());
  EXPECT_EQ(process.Wait(), "killed by SIGQUIT");
}

TEST(ProcessLimits, BecomesASubreaper) {
  TestProcess process([] {
    int reaper = 0;
    if (!BecomeSubreaper().ok() || prctl(PR_GET_CHILD_SUBREAPER, &reaper, 0, 0, 0) != 0) return 1;
    return reaper == 1 ? 0 : 2;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

}  // namespace
}  // namespace fectl::platform
