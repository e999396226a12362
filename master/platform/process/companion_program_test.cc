#include "master/platform/process/companion_program.h"

#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::platform {
namespace {

TEST(CompanionProgram, MayBeInstalledOrBuilt) {
  EXPECT_THAT(
      CompanionCandidates("/usr/sbin/fectld", "fectl-run", "worker_sdk/run"),
      testing::ElementsAre("/usr/sbin/fectl-run", "/usr/bin/fectl-run", "/usr/worker_sdk/run/fectl-run"));
  EXPECT_THAT(CompanionCandidates("/b/bin/master/fectld", "fectl-run", "worker_sdk/run"),
              testing::Contains("/b/bin/worker_sdk/run/fectl-run"));
}

TEST(CompanionProgram, IsFoundByWhatItIs) {
  char own[4096];
  const ssize_t length = readlink("/proc/self/exe", own, sizeof own);
  ASSERT_GT(length, 0);
  const std::string path(own, static_cast<size_t>(length));
  const std::string folder = path.substr(0, path.rfind('/'));
  EXPECT_EQ(CompanionProgram(path.substr(folder.size() + 1), "nowhere"), path);
  EXPECT_EQ(CompanionProgram("there-is-no-such-program", "nowhere"), folder + "/there-is-no-such-program");
}

}  // namespace
}  // namespace fectl::platform
