#include "client/serve/private_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace fectl::client {
namespace {

namespace fs = std::filesystem;

TEST(PrivateFolder, HoldsTheFilesAndTakesThemAwayInTheEnd) {
  fs::path folder;
  {
    absl::StatusOr<PrivateFolder> made = PrivateFolder::Make({"", "/no/such/place", "/tmp"});
    ASSERT_TRUE(made.ok()) << made.status();
    ASSERT_TRUE(made->WriteConfig("num = 1\n").ok());
    folder = fs::path(made->config_path()).parent_path();
    struct stat found;
    ASSERT_EQ(stat(folder.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777u, 0700u);
    ASSERT_EQ(stat(made->config_path().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777u, 0600u);
    std::stringstream text;
    text << std::ifstream(made->config_path()).rdbuf();
    EXPECT_EQ(text.str(), "num = 1\n");
    std::ofstream(made->socket_path()) << "";
    std::ofstream(made->socket_path() + ".lock") << "";
  }
  EXPECT_FALSE(fs::exists(folder));
}

TEST(PrivateFolder, APlaceThatIsTooLongForASocketIsPassedOver) {
  absl::StatusOr<PrivateFolder> made = PrivateFolder::Make({"/tmp/" + std::string(100, 'x'), "/tmp/"});
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_THAT(made->socket_path(), testing::MatchesRegex("/tmp/fectl-serve-....../fectld.sock"));
}

TEST(PrivateFolder, NoPlaceIsAnError) {
  EXPECT_EQ(PrivateFolder::Make({"relative", "/no/such"}).status().message(),
            "cannot make a folder in /no/such: No such file or directory");
}

}  // namespace
}  // namespace fectl::client
