#include "master/config/system/load_file.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "master/config/load_result.h"
#include "master/platform/credentials/accounts.h"
#include "master/platform/process/processors.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::config {
namespace {

using ::testing::HasSubstr;

constexpr char kGood[] = "[[service]]\nname = 'web'\nnum = 1\ncommand = 'run'\n";

class LoadFileTest : public testing::Test {
 protected:
  // A socket's path must be short, which the test's own folder is not.
  LoadFileTest() {
    char folder[] = "/tmp/fectl-load-XXXXXX";
    folder_ = mkdtemp(folder);
  }
  ~LoadFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& text, mode_t mode = 0600) {
    std::string path = folder_ + "/fectld.toml";
    std::ofstream(path, std::ios::binary) << text;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }

  std::string folder_;
};

TEST_F(LoadFileTest, ReadsAFile) {
  const std::string path = Write(kGood);
  const LoadResult result = LoadFile(path);
  EXPECT_EQ(result.Describe(), "");
  EXPECT_EQ(result.file, path);
  ASSERT_EQ(result.config.services.size(), 1u);
  EXPECT_EQ(result.config.services[0].name, "web");
}

TEST_F(LoadFileTest, NamesTheFileInEveryProblem) {
  const std::string path = Write("x = 1\n");
  EXPECT_THAT(LoadFile(path).Describe(), HasSubstr(path + ":1: x: unknown section"));
}

TEST_F(LoadFileTest, FollowsALink) {
  const std::string link = folder_ + "/link.toml";
  std::filesystem::create_symlink(Write(kGood), link);
  EXPECT_EQ(LoadFile(link).Describe(), "");
}

TEST_F(LoadFileTest, SaysWhyItCannotBeRead) {
  EXPECT_EQ(LoadFile(folder_ + "/none").Describe(),
            folder_ + "/none: cannot be opened: No such file or directory\n");
  EXPECT_EQ(LoadFile(folder_).Describe(), folder_ + ": is a directory, not a file\n");
  EXPECT_EQ(LoadFile("/dev/null").Describe(), "/dev/null: is a device, not a file\n");
  EXPECT_FALSE(LoadFile("").ok());
}

TEST_F(LoadFileTest, NeverWaitsForAPipe) {
  const std::string path = folder_ + "/pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(LoadFile(path).Describe(), path + ": is a pipe, not a file\n");
}

TEST_F(LoadFileTest, RefusesASocket) {
  const std::string path = folder_ + "/socket";
  const base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const base::UnixAddress address(path);
  ASSERT_EQ(bind(fd.get(), address.get(), address.size()), 0);
  EXPECT_EQ(LoadFile(path).Describe(), path + ": is a socket or a device, not a file\n");
}

TEST_F(LoadFileTest, RefusesWhatIsTooLarge) {
  const std::string path = Write(std::string(10 << 20, '#'));
  EXPECT_EQ(LoadFile(path).Describe(), path + ": is larger than 4 MiB: is it the right file?\n");
}

TEST_F(LoadFileTest, TakesTheLargestThatIsAllowed) {
  std::string text = kGood;
  text += "#" + std::string(kConfigBytesMax - text.size() - 1, 'x');
  EXPECT_EQ(LoadFile(Write(text)).Describe(), "");
}

TEST_F(LoadFileTest, SaysThatABinaryFileIsNoText) {
  const std::string path =
      Write(std::string("\x7F"
                        "ELF\x02\x01\x01\0\0",
                        9));
  EXPECT_EQ(LoadFile(path).Describe(), path + ":1: is not text: it has the control character 0x7f\n");
}

TEST_F(LoadFileTest, AnEmptyFileHasNoService) {
  const std::string path = Write("");
  EXPECT_EQ(LoadFile(path).Describe(),
            path + ": service: there is none: at least one [[service]] is needed\n");
}

TEST_F(LoadFileTest, WhatOthersCanWriteIsRefused) {
  const std::string path = Write(kGood, 0646);
  EXPECT_EQ(LoadFile(path).Describe(),
            path + ": can be written by everybody (mode 0646): only its owner may be able to; chmod o-w " +
                path + "\n");
  // The private group of an ordinary user may write; root's configuration no group.
  if (geteuid() == 0 || !platform::IsPrivateGroup(geteuid(), getegid())) {
    EXPECT_EQ(LoadFile(Write(kGood, 0664)).Describe(),
              path + ": can be written by its group (mode 0664): only its owner may be able to; chmod g-w " +
                  path + "\n");
    EXPECT_THAT(LoadFile(Write(kGood, 0666)).Describe(), HasSubstr("; chmod go-w " + path));
  }
  for (const mode_t good : {0400u, 0600u, 0644u, 0755u}) EXPECT_TRUE(LoadFile(Write(kGood, good)).ok());
}

TEST_F(LoadFileTest, AFileOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const std::string path = Write(kGood);
  ASSERT_EQ(chown(path.c_str(), 12345, 12345), 0);
  EXPECT_EQ(LoadFile(path).Describe(), path + ": belongs to user 12345: it must belong to root\n");
}

TEST_F(LoadFileTest, ALinkOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a link away";
  const std::string link = folder_ + "/link.toml";
  std::filesystem::create_symlink(Write(kGood), link);
  ASSERT_EQ(lchown(link.c_str(), 12345, 12345), 0);
  EXPECT_EQ(LoadFile(link).Describe(), link + ": is a symbolic link of user 12345: it must belong to root\n");
}

TEST_F(LoadFileTest, SaysThatPermissionIsMissing) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const std::string path = Write(kGood, 0);
  EXPECT_EQ(LoadFile(path).Describe(), path + ": cannot be opened: Permission denied\n");
}

// As an ordinary user would see it, whose group 0 everybody may be in.
TEST_F(LoadFileTest, AGroupIsTrustedWhereAnImageNamesIt) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const std::string path = Write(kGood, 0664);
  ASSERT_EQ(chown(path.c_str(), 12345, 0), 0);
  ASSERT_EQ(chmod(folder_.c_str(), 0755), 0);
  ASSERT_EQ(seteuid(12345), 0);
  const LoadResult refused = LoadFile(path);
  setenv("FECTLD_TRUST_GROUP", "0", 1);
  const LoadResult trusted = LoadFile(path);
  setenv("FECTLD_TRUST_GROUP", "7", 1);
  const LoadResult other = LoadFile(path);
  ASSERT_EQ(seteuid(0), 0);
  setenv("FECTLD_TRUST_GROUP", "0", 1);
  const LoadResult by_root = LoadFile(path);
  unsetenv("FECTLD_TRUST_GROUP");
  EXPECT_THAT(refused.Describe(), HasSubstr("chmod g-w " + path));
  EXPECT_EQ(trusted.Describe(), "");
  EXPECT_FALSE(other.ok());
  EXPECT_FALSE(by_root.ok());
}

TEST_F(LoadFileTest, NumIsTheNumberOfProcessorsWhereItIsAuto) {
  const LoadResult result = LoadFile(Write("[[service]]\nname = 'web'\nnum = 'auto'\ncommand = 'run'\n"));
  ASSERT_EQ(result.Describe(), "");
  EXPECT_TRUE(result.config.services[0].num_auto);
  EXPECT_EQ(result.config.services[0].num, platform::UsableProcessors());
}

}  // namespace
}  // namespace fectl::config
