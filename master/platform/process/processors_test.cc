#include "master/platform/process/processors.h"

#include <sched.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "gtest/gtest.h"
#include "master/platform/testing/test_folder.h"

namespace fectl::platform {
namespace {

// A machine with 8 processors whose files are `files`, by their paths below its root.
int On(const std::map<std::string, std::string>& files, int allowed = 8) {
  const TestFolder folder;
  for (const auto& [path, text] : files) {
    const std::filesystem::path whole = folder / path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << text;
  }
  return UsableProcessors(folder.path(), allowed);
}

constexpr char kGroups[] = "proc/self/cgroup";

TEST(UsableProcessors, WithoutAQuotaThoseOfTheAffinity) {
  EXPECT_EQ(On({}), 8);
  EXPECT_EQ(On({}, 3), 3);
  EXPECT_EQ(On({}, 0), 1);
  EXPECT_EQ(On({{kGroups, ""}}), 8);
  EXPECT_EQ(On({{kGroups, "nonsense\n::\n"}}), 8);
}

TEST(UsableProcessors, TheQuotaIsRoundedUp) {
  const struct {
    const char* text;
    int processors;
  } kCases[] = {{"max 100000\n", 8},     {"max\n", 8},           {"", 8},
                {"100000 100000\n", 1},  {"150000 100000\n", 2}, {"200000 100000\n", 2},
                {"200001 100000\n", 3},  {"1000 100000\n", 1},   {"50000 25000\n", 2},
                {"1600000 100000\n", 8}, {"0 100000\n", 8},      {"100000 0\n", 8},
                {"100000\n", 8},         {"-1 100000\n", 8},     {"99999999999999999999 1\n", 8},
                {"many 100000\n", 8}};
  for (const auto& [text, processors] : kCases) {
    EXPECT_EQ(On({{kGroups, "0::/\n"}, {"sys/fs/cgroup/cpu.max", text}}), processors) << text;
  }
}

TEST(UsableProcessors, EveryLevelUpToTheRootCounts) {
  const std::string groups = "0::/system.slice/fectl.service/master\n";
  const std::string base = "sys/fs/cgroup/system.slice/";
  const std::string none = "max 100000\n";
  EXPECT_EQ(On({{kGroups, groups}, {base + "fectl.service/master/cpu.max", "300000 100000\n"}}), 3);
  EXPECT_EQ(On({{kGroups, groups},
                {base + "fectl.service/master/cpu.max", none},
                {base + "fectl.service/cpu.max", "250000 100000\n"},
                {base + "cpu.max", "400000 100000\n"}}),
            3);
  EXPECT_EQ(On({{kGroups, groups}, {base + "cpu.max", "200000 100000\n"}}), 2);
  EXPECT_EQ(On({{kGroups, groups}, {"sys/fs/cgroup/other.slice/cpu.max", "100000 100000\n"}}), 8);
  EXPECT_EQ(On({{kGroups, groups}, {base + "fectl.service/master/cpu.max", "300000 100000\n"}}, 2), 2);
}

TEST(UsableProcessors, AContainerSeesItsOwnGroupAsTheRoot) {
  EXPECT_EQ(On({{kGroups, "0::/docker/0123abcd\n"}, {"sys/fs/cgroup/cpu.max", "150000 100000\n"}}), 2);
  EXPECT_EQ(On({{kGroups, "0::/../other\n"}, {"sys/fs/cgroup/cpu.max", "150000 100000\n"}}), 2);
}

TEST(UsableProcessors, VersionOneAndBothAtOnce) {
  const std::string groups = "5:memory:/x\n4:cpu,cpuacct:/web\n0::/\n";
  const std::map<std::string, std::string> quota = {
      {kGroups, groups},
      {"sys/fs/cgroup/cpu,cpuacct/web/cpu.cfs_quota_us", "250000\n"},
      {"sys/fs/cgroup/cpu,cpuacct/web/cpu.cfs_period_us", "100000\n"}};
  EXPECT_EQ(On(quota), 3);
  EXPECT_EQ(On({{kGroups, "1:cpu:/\n"},
                {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
                {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}}),
            8);
  EXPECT_EQ(On({{kGroups, "1:cpu:/a/b\n"},
                {"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "50000\n"},
                {"sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"}}),
            1);
  EXPECT_EQ(On({{kGroups, "3:cpuset:/a\n0::/a\n"}, {"sys/fs/cgroup/unified/a/cpu.max", "100000 100000\n"}}),
            1);
}

TEST(UsableProcessors, OfThisProcess) {
  const int before = UsableProcessors();
  EXPECT_GE(before, 1);
  cpu_set_t all;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i) {
    if (CPU_ISSET(i, &all)) CPU_SET(i, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(UsableProcessors(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof all, &all), 0);
}

}  // namespace
}  // namespace fectl::platform
