#include "master/platform/process/memory_kills.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "master/platform/testing/test_folder.h"

namespace fectl::platform {
namespace {

class MemoryKillsTest : public testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_.path() + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

  TestFolder root_;
};

TEST_F(MemoryKillsTest, CountsInVersion2) {
  const std::string file = "/system.slice/fectld.service/memory.events";
  Write(file, "low 0\nhigh 0\nmax 7\noom 2\noom_kill 3\n");
  MemoryKills kills("0::/system.slice/fectld.service\n", root_.path());
  EXPECT_FALSE(kills.TakeOne());
  Write(file, "low 0\nhigh 0\nmax 9\noom 3\noom_kill 5\n");
  EXPECT_TRUE(kills.TakeOne());
  EXPECT_TRUE(kills.TakeOne());
  EXPECT_FALSE(kills.TakeOne());
}

TEST_F(MemoryKillsTest, CountsInVersion1BesideAnEmptyVersion2) {
  Write("/memory/a/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
  Write("/unified/memory.pressure", "some avg10=0.00\n");
  MemoryKills kills("4:memory:/a\n3:cpu:/a\n0::/\n", root_.path());
  Write("/memory/a/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
  EXPECT_TRUE(kills.TakeOne());
  EXPECT_FALSE(kills.TakeOne());
}

TEST_F(MemoryKillsTest, FindsTheGroupOfAContainerThatSeesItAsTheRoot) {
  Write("/memory.events", "oom_kill 0\n");
  MemoryKills kills("0::/docker/4711\n", root_.path());
  Write("/memory.events", "oom_kill 1\n");
  EXPECT_TRUE(kills.TakeOne());
}

TEST_F(MemoryKillsTest, WithoutAGroupNothingIsCounted) {
  for (const std::string text : {"", "oom 1", "oom_kill", "oom_kill ", "oom_kill x", "oom_kill_disable 0"}) {
    Write("/odd/memory.events", text);
    MemoryKills kills("0::/odd\n", root_.path());
    Write("/odd/memory.events", "oom_kill 5\n");
    EXPECT_FALSE(kills.TakeOne()) << text;
  }
  for (const std::string groups : {"", "nonsense", "3:cpu:/a\n", "0::/gone\n"}) {
    MemoryKills kills(groups, root_.path());
    EXPECT_FALSE(kills.TakeOne()) << groups;
  }
  Write("/memory.events", "oom_kill 5\n");
  MemoryKills kills("0::/\n", root_.path());
  std::filesystem::remove(root_.path() + "/memory.events");
  EXPECT_FALSE(kills.TakeOne());
}

}  // namespace
}  // namespace fectl::platform
