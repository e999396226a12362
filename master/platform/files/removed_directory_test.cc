#include "master/platform/files/removed_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "gtest/gtest.h"
#include "master/platform/files/output_file.h"
#include "master/platform/testing/test_folder.h"
#include "master/platform/testing/test_process.h"

namespace fectl::platform {
namespace {

TEST(DirectoryWasRemoved, GONE_LINK_NamesTheDirectoryForRelativePaths) {
  const TestFolder folder;
  const std::string release = folder / "release-1";
  TestProcess process([&release] {
    if (mkdir(release.c_str(), 0700) != 0 || chdir(release.c_str()) != 0) return 1;
    if (!DirectoryWasRemoved(ENOENT, "web").empty()) return 2;
    if (rmdir(release.c_str()) != 0) return 3;
    const std::string words = "fectld's current directory, " + release + ", was removed";
    if (DirectoryWasRemoved(ENOENT, "web") != words) return 4;
    if (!DirectoryWasRemoved(EACCES, "web").empty() || !DirectoryWasRemoved(ENOENT, "/web").empty()) return 5;
    const std::string said(OpenOutputFile("my.log").status().message());
    return said == "cannot write to my.log: No such file or directory (" + words + ")" ? 0 : 6;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

}  // namespace
}  // namespace fectl::platform
