#include "client/serve/programs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace fectl::client {
namespace {

namespace fs = std::filesystem;

class ProgramsTest : public testing::Test {
 protected:
  ProgramsTest() {
    std::string name = (fs::temp_directory_path() / "fectl-programs-XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  ~ProgramsTest() override { fs::remove_all(root_); }

  std::string Path(const std::string& name) { return (root_ / name).string(); }
  void Make(const std::string& name, fs::perms mode = fs::perms::owner_all) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << "";
    fs::permissions(root_ / name, mode);
  }

  fs::path root_;
};

TEST_F(ProgramsTest, TheMasterIsBesideTheClient) {
  Make("bin/fectld");
  Make("sbin/fectld");
  EXPECT_EQ(*FindMaster(Path("bin/fectl"), Path(""), ""), Path("bin/fectld"));
}

TEST_F(ProgramsTest, TheMasterIsWhereAPackageOrABuildPutsIt) {
  Make("sbin/fectld");
  fs::create_directories(root_ / "bin");
  EXPECT_EQ(*FindMaster(Path("bin/fectl"), Path(""), ""), Path("bin") + "/../sbin/fectld");
  Make("build/master/fectld");
  fs::create_directories(root_ / "build/client");
  EXPECT_EQ(*FindMaster(Path("build/client/fectl"), Path(""), ""),
            Path("build/client") + "/../master/fectld");
}

TEST_F(ProgramsTest, TheMasterIsInThePath) {
  Make("tools/fectld");
  EXPECT_EQ(*FindMaster(Path("other/fectl"), Path(""), "/no/such:" + Path("tools")), Path("tools/fectld"));
}

TEST_F(ProgramsTest, AMasterThatIsNowhereIsAnError) {
  Make("bin/fectld", fs::perms::owner_read);
  const absl::Status status = FindMaster(Path("bin/fectl"), Path(""), Path("tools")).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(status.message(), "fectld is neither in " + Path("bin") +
                                  ", where fectl is, nor in PATH: build or install it (//master:fectld)");
}

TEST_F(ProgramsTest, ThePackageOfABuildIsFound) {
  EXPECT_EQ(FindPythonSite(Path("client/fectl")), "");
  Make("python/site/fectl_worker/__main__.py");
  EXPECT_EQ(FindPythonSite(Path("client/fectl")), Path("python/site"));
}

TEST_F(ProgramsTest, ProgramsAreFoundAsAShellDoesIt) {
  Make("env/bin/python3");
  fs::create_symlink("python3", root_ / "env/bin/python");
  EXPECT_EQ(*FindProgram("python", "/", Path("nothing") + ":" + Path("env/bin")), Path("env/bin/python"));
  EXPECT_EQ(*FindProgram("python", root_.string(), "env/bin"), Path("env/bin/python"));
  EXPECT_EQ(*FindProgram("env/bin/python", root_.string(), ""), Path("env/bin/python"));
  EXPECT_EQ(*FindProgram(Path("env/bin/python"), "/", ""), Path("env/bin/python"));
  EXPECT_EQ(FindProgram("python4", "/", Path("env/bin")).status().message(),
            "there is no program python4 in PATH");
  EXPECT_EQ(FindProgram("env/python", "/srv", "").status().message(), "there is no program /srv/env/python");
}

}  // namespace
}  // namespace fectl::client
