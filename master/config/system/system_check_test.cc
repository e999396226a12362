#include "master/config/system/system_check.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "master/config/config.h"
#include "master/config/load_result.h"
#include "master/config/parse.h"

namespace fectl::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kWeb[] = "[[service]]\nname = 'web'\nnum = 1\ncommand = '/bin/sh'\n";

LoadResult Resolved(const std::string& text) {
  LoadResult result = Parse(text, "f");
  ResolveAccounts(&result);
  return result;
}

std::string Checked(const std::string& text) {
  LoadResult result = Resolved(text);
  CheckSystem(/*only_warn=*/false, &result);
  return result.Describe();
}

class Folder {
 public:
  Folder() {
    char folder[] = "/tmp/fectl-check-XXXXXX";
    path_ = mkdtemp(folder);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

  void AddProgram(const std::string& name) const {
    std::filesystem::create_directories(std::filesystem::path(path_ + "/" + name).parent_path());
    std::ofstream(path_ + "/" + name) << "#!/bin/sh\n";
    EXPECT_EQ(chmod((path_ + "/" + name).c_str(), 0755), 0);
  }

 private:
  std::string path_;
};

TEST(ResolveAccounts, NothingConfiguredIsNothingToSwitch) {
  const LoadResult result = Resolved(kWeb);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.config.master.identity, std::nullopt);
  EXPECT_EQ(result.config.services[0].identity, std::nullopt);
}

TEST(ResolveAccounts, AUserBringsItsGroupsAndItsHome) {
  const LoadResult result = Resolved(std::string(kWeb) + "uid = 'root'\n[master]\nuid = 0\n");
  ASSERT_EQ(result.Describe(), "");
  const passwd* root = getpwuid(0);
  ASSERT_NE(root, nullptr);
  for (const auto& identity : {result.config.services[0].identity, result.config.master.identity}) {
    ASSERT_TRUE(identity.has_value());
    EXPECT_EQ(identity->uid, 0u);
    EXPECT_EQ(identity->gid, root->pw_gid);
    EXPECT_THAT(identity->groups, Contains(root->pw_gid));
    EXPECT_EQ(identity->user_name, "root");
    EXPECT_EQ(identity->home, root->pw_dir);
    EXPECT_EQ(identity->shell, root->pw_shell);
  }
}

TEST(ResolveAccounts, AGroupAloneKeepsTheUserAndNoOtherGroup) {
  const LoadResult result = Resolved(std::string(kWeb) + "gid = 4321\n");
  ASSERT_EQ(result.Describe(), "");
  const std::optional<Identity>& identity = result.config.services[0].identity;
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->uid, geteuid());
  EXPECT_EQ(identity->gid, 4321u);
  EXPECT_THAT(identity->groups, ElementsAre(4321u));
  EXPECT_EQ(identity->user_name, "");
}

TEST(ResolveAccounts, AGroupAloneMeansTheUserThatTheMasterWillBe) {
  const LoadResult result = Resolved(std::string(kWeb) + "gid = 4321\n[master]\nuid = 3999999999\ngid = 7\n");
  ASSERT_EQ(result.Describe(), "");
  const std::optional<Identity>& identity = result.config.services[0].identity;
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->uid, 3999999999u);
  EXPECT_EQ(identity->gid, 4321u);
}

TEST(ResolveAccounts, NO_ENTRY_ANumberWithoutAnEntryNeedsAGroupAndHasNothingOfRoots) {
  EXPECT_THAT(Resolved(std::string(kWeb) + "uid = 3999999999\n").Describe(),
              HasSubstr("f:5: service.web.uid: user 3999999999"));
  const LoadResult result = Resolved(std::string(kWeb) + "uid = 3999999999\ngid = 7\n");
  ASSERT_EQ(result.Describe(), "");
  EXPECT_EQ(result.config.services[0].identity,
            (Identity{3999999999u, 7, {7}, "3999999999", "/", "/bin/sh"}));
}

TEST(ResolveAccounts, OwnersOfSocketFilesBecomeNumbers) {
  const LoadResult result = Resolved(std::string("[[socket]]\nname = 's'\nproto = 'unix'\npath = 's'\n"
                                                 "owner = 'root'\ngroup = 12\n") +
                                     kWeb);
  ASSERT_EQ(result.Describe(), "");
  EXPECT_EQ(result.config.sockets[0].owner_id, 0u);
  EXPECT_EQ(result.config.sockets[0].group_id, 12u);
}

TEST(ResolveAccounts, EveryUnknownNameIsTold) {
  EXPECT_EQ(Resolved(std::string(kWeb) + "uid = 'no-such-u'\ngid = 'no-such-g'\n").Describe(),
            "f:5: service.web.uid: there is no user no-such-u\nf:6: service.web.gid: there is no group "
            "no-such-g\n");
}

TEST(CheckSystem, ProgramsAreFoundWhereTheWorkerFindsThem) {
  const Folder folder;
  folder.AddProgram("bin/run-it");
  folder.AddProgram("srv/local");
  const std::string service =
      "[master]\ndirectory = '" + folder.path() + "'\n[[service]]\nname = 'web'\nnum = 1\n";
  const std::string path = "environ = ['PATH=/nowhere:" + folder.path() + "/bin']\n";
  EXPECT_EQ(Checked(service + path + "command = 'run-it -v'\n"), "");
  EXPECT_EQ(Checked(service + "command = 'bin/run-it'\n"), "");
  EXPECT_EQ(Checked(service + "directory = 'srv'\ncommand = './local'\n"), "");
  EXPECT_EQ(Checked(service + "directory = 'srv'\ncommand = '../bin/run-it'\n"), "");
  EXPECT_THAT(Checked(service + path + "directory = 'srv'\ncommand = 'local'\n"),
              HasSubstr("f:8: warning: service.web.command: there is no program local in PATH"));
  EXPECT_THAT(Checked(service + "directory = 'bin'\ncommand = './local'\n"), HasSubstr("No such file"));
}

TEST(CheckSystem, MissingDirectoriesAreTold) {
  EXPECT_EQ(
      Checked(std::string(kWeb) + "directory = '/nowhere'\n"),
      "f:5: warning: service.web.directory: there is no directory /nowhere: No such file or directory\n");
  EXPECT_EQ(Checked(std::string(kWeb) + "directory = '/bin/sh'\n"),
            "f:5: warning: service.web.directory: /bin/sh is not a directory\n");
  EXPECT_EQ(Checked(std::string(kWeb) +
                    "stdout = '/nowhere/out'\n[logging]\nservice = 'file'\nname = '/nowhere/log'\n"),
            "f:5: warning: service.web.stdout: there is no directory /nowhere: No such file or directory\n"
            "f:8: logging.name: there is no directory /nowhere: No such file or directory\n");
}

TEST(CheckSystem, WhatDependsOnAMissingDirectoryIsNotToldToo) {
  EXPECT_EQ(Checked("[master]\ndirectory = '/nowhere'\npid = 'run/pid'\n" + std::string(kWeb) +
                    "directory = 'x'\n"),
            "f:2: master.directory: there is no directory /nowhere: No such file or directory\n");
}

TEST(CheckSystem, ONE_BROKEN_WhatAServiceLacksIsAWarningWhetherItIsCheckedOrStarted) {
  const std::string text = "[[socket]]\nname = 'http'\nproto = 'unix'\npath = '/nowhere/s'\n" +
                           std::string(kWeb) +
                           "directory = '/nowhere'\nstdout = '/nowhere/out'\nstderr = '/nowhere/err'\n";
  LoadResult checked = Resolved(text);
  LoadResult started = Resolved(text);
  CheckSystem(/*only_warn=*/true, &checked);
  CheckSystem(/*only_warn=*/false, &started);
  EXPECT_TRUE(started.ok());
  EXPECT_EQ(started.problems.size(), 4U);
  EXPECT_EQ(started.Describe(), checked.Describe());
}

TEST(CheckSystem, WhatTheMasterLacksIsAWarningOnlyIfAsked) {
  const std::string text = "[master]\npid = '/nowhere/pid'\n" + std::string(kWeb);
  LoadResult checked = Resolved(text);
  LoadResult started = Resolved(text);
  CheckSystem(/*only_warn=*/true, &checked);
  CheckSystem(/*only_warn=*/false, &started);
  EXPECT_TRUE(checked.ok());
  EXPECT_FALSE(started.ok());
  EXPECT_THAT(checked.Describe(), HasSubstr("f:2: warning: master.pid: "));
}

TEST(WorkerPath, ComesFromTheServiceFirst) {
  ServiceConfig service;
  setenv("PATH", "/own", 1);
  EXPECT_EQ(WorkerPath(service), "/own");
  unsetenv("PATH");
  EXPECT_THAT(WorkerPath(service), HasSubstr("/usr/bin"));
  service.environ = {{"A", "b"}, {"PATH", "/theirs"}};
  EXPECT_EQ(WorkerPath(service), "/theirs");
}

TEST(WorkerDirectory, IsRelativeToTheMasters) {
  MasterConfig master;
  ServiceConfig service;
  EXPECT_EQ(WorkerDirectory(master, service), ".");
  service.directory = "app";
  EXPECT_EQ(WorkerDirectory(master, service), "app");
  master.directory = "/srv";
  EXPECT_EQ(WorkerDirectory(master, service), "/srv/app");
  service.directory = "/opt";
  EXPECT_EQ(WorkerDirectory(master, service), "/opt");
  service.directory = "";
  EXPECT_EQ(WorkerDirectory(master, service), "/srv");
}

}  // namespace
}  // namespace fectl::config
