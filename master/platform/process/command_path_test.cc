#include "master/platform/process/command_path.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "master/platform/testing/test_folder.h"

namespace fectl::platform {
namespace {

class CommandPathTest : public testing::Test {
 protected:
  CommandPathTest() {
    std::filesystem::create_directory(folder_ / "a");
    std::filesystem::create_directory(folder_ / "b");
    std::filesystem::create_directory(folder_ / "b/folder");
    Program("b/tool");
    folder_.Write("a/plain", "text");
  }

  std::string Program(const std::string& name) {
    std::string path = folder_.Write(name, "#!/bin/sh\n");
    std::filesystem::permissions(path, std::filesystem::perms(0755));
    return path;
  }

  std::string Find(const std::string& command, const std::string& path) {
    const auto found = FindExecutable(command, path, folder_.path());
    return found.ok() ? *found : std::string(found.status().message());
  }

  TestFolder folder_;
};

TEST_F(CommandPathTest, TakesTheFirstInThePath) {
  const std::string path = (folder_ / "a") + ":" + (folder_ / "b");
  EXPECT_EQ(Find("tool", path), folder_ / "b/tool");
  const std::string first = Program("a/tool");
  EXPECT_EQ(Find("tool", path), first);
  EXPECT_EQ(Find("tool", (folder_ / "b") + "/:"), folder_ / "b/tool");
}

TEST_F(CommandPathTest, NeverLooksInTheCurrentDirectory) {
  const std::string here = std::filesystem::current_path();
  std::filesystem::current_path(folder_ / "b");
  for (const char* path : {"", ":", ".", "./", "::.", "../b"}) {
    EXPECT_EQ(Find("tool", path), "there is no program tool in PATH (" + std::string(path) + ")");
  }
  std::filesystem::current_path(here);
}

TEST_F(CommandPathTest, ASlashMakesItAPath) {
  EXPECT_EQ(Find("./b/tool", "/nowhere"), folder_.path() + "/./b/tool");
  EXPECT_EQ(Find("b/tool", ""), folder_ / "b/tool");
  EXPECT_EQ(Find(folder_ / "b/tool", ""), folder_ / "b/tool");
  EXPECT_EQ(Find("/no/tool", folder_ / "b"), "cannot execute /no/tool: No such file or directory");
}

TEST_F(CommandPathTest, SaysWhatIsWrong) {
  EXPECT_EQ(Find("plain", folder_ / "a"), "cannot execute " + (folder_ / "a/plain") + ": Permission denied");
  EXPECT_EQ(Find("./b", ""), "cannot execute " + folder_.path() + "/./b: Is a directory");
  EXPECT_EQ(Find("folder", folder_ / "b"), "there is no program folder in PATH (" + (folder_ / "b") + ")");
  EXPECT_EQ(Find("", folder_ / "b"), "the command is empty");
}

}  // namespace
}  // namespace fectl::platform
