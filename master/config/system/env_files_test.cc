#include "master/config/system/env_files.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "master/config/load_result.h"
#include "master/config/print_toml.h"
#include "master/config/system/load_file.h"
#include "master/platform/testing/test_folder.h"

namespace fectl::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Variable = std::pair<std::string, std::string>;

std::string Service(const std::string& name, const std::string& keys) {
  return "[[service]]\nname = '" + name + "'\nnum = 1\ncommand = 'run'\n" + keys + "\n";
}

TEST(EnvFiles, TheLastFileCountsAndBothAreKept) {
  const platform::TestFolder folder;
  folder.Write("a.env", "A=1\nB=2\n");
  const std::string second = folder.Write("b.env", "B='3'\nC=\"4\"\n");
  const LoadResult result = LoadFile(
      folder.Write("f.toml", Service("web", "env_file = ['a.env', '" + second + "']\nenviron = ['A=9']")));
  ASSERT_EQ(result.Describe(), "");
  const ServiceConfig& service = result.config.services[0];
  EXPECT_THAT(service.env_files, ElementsAre("a.env", second));
  EXPECT_THAT(service.environ_from_files,
              ElementsAre(Variable("A", "1"), Variable("B", "3"), Variable("C", "4")));
  EXPECT_THAT(service.environ, ElementsAre(Variable("A", "9")));
  EXPECT_THAT(result.files, ElementsAre(folder / "f.toml", folder / "a.env", second));
}

TEST(EnvFiles, ValuesAreNotPrinted) {
  const platform::TestFolder folder;
  folder.Write("a.env", "PASSWORD=secret\n");
  const LoadResult result = LoadFile(folder.Write("f.toml", Service("web", "env_file = 'a.env'")));
  EXPECT_THAT(PrintToml(result.config), HasSubstr("env_file = [\"a.env\"]"));
  EXPECT_THAT(PrintToml(result.config), Not(HasSubstr("secret")));
}

TEST(EnvFiles, EachWrongLineIsToldOnceWithItsFile) {
  const platform::TestFolder folder;
  const std::string file = folder.Write("a.env", "A=$B\nexport C=1\n");
  const LoadResult result = LoadFile(
      folder.Write("f.toml", Service("web", "env_file = 'a.env'") + Service("api", "env_file = ['a.env']")));
  EXPECT_EQ(result.Describe(),
            file + ":1: A: has a $, ` or \\, which some programs expand: put the value into single quotes\n" +
                file + ":2: begins with export, which only a shell understands: write NAME=value alone\n");
}

TEST(EnvFiles, AFileThatCannotBeReadIsAProblemOfTheKey) {
  const platform::TestFolder folder;
  const std::string main = folder.Write("f.toml", Service("web", "env_file = ['none.env', '/dev/null']"));
  const LoadResult result = LoadFile(main);
  EXPECT_EQ(result.Describe(), main + ":5: service.web.env_file: " + (folder / "none.env") +
                                   " cannot be opened: No such file or directory\n" + main +
                                   ":5: service.web.env_file: /dev/null is a device, not a file\n");
  EXPECT_THAT(result.config.services[0].environ_from_files, IsEmpty());
  // To say later that it has come.
  EXPECT_THAT(result.files, ElementsAre(main, folder / "none.env", "/dev/null"));
}

TEST(EnvFiles, WhatOthersCanWriteOrIsTooLargeIsRefused) {
  const platform::TestFolder folder;
  const std::string file = folder.Write("a.env", "A=1\n");
  ASSERT_EQ(chmod(file.c_str(), 0646), 0);
  const std::string large = folder.Write("b.env", "A=" + std::string(kEnvFileBytesMax, 'x') + "\n");
  const std::string text =
      LoadFile(folder.Write("f.toml", Service("web", "env_file = ['a.env', 'b.env']"))).Describe();
  EXPECT_THAT(text,
              HasSubstr(":5: service.web.env_file: " + file + " can be written by everybody (mode 0646)"));
  EXPECT_THAT(text, HasSubstr(large + " is larger than 1 MiB: is it the right file?"));
}

TEST(EnvFiles, ThePathIsTakenFromTheFileThatHasTheKey) {
  const platform::TestFolder folder;
  std::filesystem::create_directory(folder / "conf.d");
  folder.Write("main.env", "A=main\n");
  folder.Write("conf.d/own.env", "A=own\n");
  folder.Write("conf.d/a.toml",
               "[[service]]\nname = 'a'\ncommand = 'run'\nenv_file = 'own.env'\n"
               "[[service]]\nname = 'b'\ncommand = 'run'\n");
  const LoadResult result = LoadFile(
      folder.Write("f.toml", "include = 'conf.d/*.toml'\n[defaults]\nnum = 1\nenv_file = 'main.env'\n"));
  ASSERT_EQ(result.Describe(), "");
  EXPECT_THAT(result.config.services[0].environ_from_files, ElementsAre(Variable("A", "own")));
  EXPECT_THAT(result.config.services[1].environ_from_files, ElementsAre(Variable("A", "main")));
}

}  // namespace
}  // namespace fectl::config
