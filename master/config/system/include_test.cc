// `include`: what load_file.h makes of several files.

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "master/config/load_result.h"
#include "master/config/system/load_file.h"
#include "master/platform/testing/test_folder.h"

namespace fectl::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Service(const std::string& name, const std::string& keys = "") {
  return "[[service]]\nname = '" + name + "'\nnum = 1\ncommand = 'run'\n" + keys + "\n";
}

class IncludeTest : public testing::Test {
 protected:
  IncludeTest() { std::filesystem::create_directory(folder_ / "conf.d"); }

  LoadResult Load(const std::string& main) { return LoadFile(folder_.Write("f.toml", main)); }

  const platform::TestFolder folder_;
};

TEST_F(IncludeTest, FilesFollowTheMainOneInByteOrder) {
  for (const char* name : {"b", "a", "B", "10", "9"}) {
    folder_.Write(std::string("conf.d/") + name + ".toml", Service(name));
  }
  folder_.Write("conf.d/c.toml.old", "nonsense");
  folder_.Write("last.toml", Service("last", "requires = 'main'") + "[[socket]]\nname = 'http'\nport = 1\n");
  const LoadResult result =
      Load("include = ['conf.d/*.toml', 'last.toml', 'conf.d/a.toml']\n" + Service("main"));
  ASSERT_EQ(result.Describe(), "");
  std::vector<std::string> names;
  for (const ServiceConfig& service : result.config.services) names.push_back(service.name);
  EXPECT_THAT(names, ElementsAre("main", "10", "9", "B", "a", "b", "last"));
  EXPECT_EQ(result.config.sockets.size(), 1U);
  EXPECT_THAT(result.files,
              ElementsAre(folder_ / "f.toml", folder_ / "conf.d/10.toml", folder_ / "conf.d/9.toml",
                          folder_ / "conf.d/B.toml", folder_ / "conf.d/a.toml", folder_ / "conf.d/b.toml",
                          folder_ / "last.toml"));
}

TEST_F(IncludeTest, ProblemsNameTheFileTheyAreIn) {
  folder_.Write("conf.d/a.toml", "[[service]]\nname = 'a'\nnum = 0\ncommand = 'run'\ntimeout =\n");
  const LoadResult result = Load("include = 'conf.d/*.toml'\n" + Service("main", "timeout = 0"));
  EXPECT_EQ(result.Describe(),
            (folder_ / "f.toml") +
                ":6: service.main.timeout: must be a number of seconds from 0.1 to 2592000 (30 "
                "days), not 0\n" +
                (folder_ / "conf.d/a.toml") +
                ":3: service.a.num: must be an integer from 1 to 10000, or \"auto\", not 0\n" +
                (folder_ / "conf.d/a.toml") + ":5: service.a.timeout: " + result.problems.back().text + "\n");
}

TEST_F(IncludeTest, ANameTwiceNamesBothPlaces) {
  folder_.Write("conf.d/a.toml", "\n" + Service("web") + "[[socket]]\nname = 'http'\nport = 1\n");
  folder_.Write("conf.d/b.toml", Service("web") + "[[socket]]\nname = 'http'\nport = 2\n");
  EXPECT_EQ(Load("include = 'conf.d/*.toml'\n").Describe(),
            (folder_ / "conf.d/b.toml") + ":2: service[2].name: \"web\" is the name of another service, in " +
                (folder_ / "conf.d/a.toml") + ":3\n" + (folder_ / "conf.d/b.toml") +
                ":7: socket[2].name: \"http\" is the name of another socket, in " +
                (folder_ / "conf.d/a.toml") + ":8\n");
}

TEST_F(IncludeTest, WhatConcernsEverythingStandsInTheMainFile) {
  const std::string file = folder_.Write(
      "a.toml", "include = 'b.toml'\n" + Service("web") + "[master]\n[logging]\n[defaults]\nnum = 3\n");
  const std::string rest = " must stand in " + (folder_ / "f.toml") +
                           ", which includes this file: only [[socket]] and [[service]] can stand here\n";
  EXPECT_EQ(Load("include = 'a.toml'\n").Describe(), file + ":1: include:" + rest + file +
                                                         ":7: master:" + rest + file + ":8: logging:" + rest +
                                                         file + ":9: defaults:" + rest);
}

TEST_F(IncludeTest, NothingNeedsToMatchAPatternButAFileMustBeThere) {
  EXPECT_EQ(Load("include = ['none.d/*.toml', 'conf.d/[ab].toml']\n" + Service("web")).Describe(), "");
  EXPECT_EQ(Load("include = 'conf.d/none.toml'\n" + Service("web", "after = 'perhaps-there'")).Describe(),
            (folder_ / "conf.d/none.toml") + ": cannot be opened: No such file or directory\n");
  EXPECT_EQ(Load("include = 'none.d/none.toml'\n" + Service("web")).Describe(),
            (folder_ / "f.toml") + ":1: include: there is no folder " + (folder_ / "none.d") +
                ": No such file or directory\n");
}

TEST_F(IncludeTest, TheMainFileIsNotIncludedAgain) {
  folder_.Write("g.toml", Service("g"));
  EXPECT_EQ(Load("include = '*.toml'\n" + Service("web")).Describe(), "");
}

TEST_F(IncludeTest, IncludeIsAStringOrSomeAtTheTop) {
  EXPECT_THAT(
      Load("include = 7\n" + Service("web")).Describe(),
      HasSubstr(":1: include: must be written at the top, as in include = [\"conf.d/*.toml\"], not as 7\n"));
  EXPECT_THAT(Load("include = ['a', '']\n" + Service("web")).Describe(),
              HasSubstr(":1: include: must be written"));
  EXPECT_THAT(Load("[include]\nfiles = 'a'\n" + Service("web")).Describe(),
              HasSubstr(":1: include: unknown section: other files are named at the top"));
  EXPECT_THAT(Load(Service("web", "include = 'a'")).Describe(),
              HasSubstr("it must stand at the top of the file, before the first section"));
}

TEST_F(IncludeTest, WhatOthersCouldWriteIsRefused) {
  const std::string file = folder_.Write("conf.d/a.toml", Service("a"));
  ASSERT_EQ(chmod(file.c_str(), 0646), 0);
  EXPECT_EQ(Load("include = 'conf.d/*.toml'\n").Describe(),
            file + ": can be written by everybody (mode 0646): only its owner may be able to; chmod o-w " +
                file + "\n");
  ASSERT_EQ(chmod(file.c_str(), 0644), 0);
  const std::string conf = folder_ / "conf.d";
  ASSERT_EQ(chmod(conf.c_str(), 0777), 0);
  const std::string refused =
      (folder_ / "f.toml") + ":1: include: " + conf +
      " can be written by everybody (mode 0777): only its owner may be able to; chmod go-w " + conf + "\n";
  EXPECT_EQ(Load("include = 'conf.d/*.toml'\n").Describe(), refused);
  EXPECT_EQ(Load("include = 'conf.d/a.toml'\n").Describe(), refused);
  // Others can add files there, but not exchange one of another user.
  ASSERT_EQ(chmod(conf.c_str(), 01777), 0);
  EXPECT_FALSE(Load("include = 'conf.d/*.toml'\n").ok());
  EXPECT_EQ(Load("include = 'conf.d/a.toml'\n").Describe(), "");
}

TEST_F(IncludeTest, AFolderOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  folder_.Write("conf.d/a.toml", Service("a"));
  ASSERT_EQ(chown((folder_ / "conf.d").c_str(), 12345, 12345), 0);
  EXPECT_THAT(Load("include = 'conf.d/*.toml'\n").Describe(), HasSubstr("conf.d belongs to user 12345"));
}

TEST_F(IncludeTest, AllFilesTogetherHaveALimit) {
  for (const char* name : {"a", "b"}) {
    folder_.Write(std::string("conf.d/") + name + ".toml",
                  Service(name) + "#" + std::string(kConfigBytesMax / 2 + 100, 'x') + "\n");
  }
  EXPECT_EQ(
      Load("include = 'conf.d/*.toml'\n").Describe(),
      (folder_ / "conf.d/b.toml") + ": is not read: all included files together are larger than 4 MiB\n");
}

}  // namespace
}  // namespace fectl::config
