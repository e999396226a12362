#include "master/platform/files/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "master/platform/testing/test_folder.h"

namespace fectl::platform {
namespace {

std::string Refusal(const std::string& path) {
  return std::string(OpenOutputFile(path).status().message());
}

TEST(OutputFile, AppendsAndMakesWithTheExactMode) {
  const TestFolder folder;
  const mode_t before = umask(0777);
  const auto made = OpenOutputFile(folder / "log");
  umask(before);
  ASSERT_TRUE(made.ok()) << made.status();
  struct stat file = {};
  ASSERT_EQ(fstat(made->get(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777, 0640u);
  ASSERT_EQ(write(made->get(), "one\n", 4), 4);
  const auto again = OpenOutputFile(folder / "log", 0600);
  ASSERT_TRUE(again.ok());
  ASSERT_EQ(write(again->get(), "two\n", 4), 4);
  ASSERT_EQ(write(made->get(), "three\n", 6), 6);
  EXPECT_EQ(folder.Read("log"), "one\ntwo\nthree\n");
  ASSERT_EQ(fstat(again->get(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777, 0640u);
}

TEST(OutputFile, IsClosedAtExecAndBlocks) {
  const TestFolder folder;
  const auto fd = OpenOutputFile(folder / "log");
  ASSERT_TRUE(fd.ok());
  EXPECT_TRUE(fcntl(fd->get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_FALSE(fcntl(fd->get(), F_GETFL) & O_NONBLOCK);
}

TEST(OutputFile, RefusesWhatSomebodyCouldHavePutThere) {
  const TestFolder folder;
  folder.Write("secret", "untouched");
  const std::string path = folder / "log";
  const std::string cannot = "cannot write to " + path + ": it is ";
  std::filesystem::create_symlink(folder / "secret", path);
  EXPECT_EQ(Refusal(path), cannot + "a symbolic link");
  std::filesystem::remove(path);
  std::filesystem::create_symlink(folder / "nowhere", path);
  EXPECT_EQ(Refusal(path), cannot + "a symbolic link");
  EXPECT_FALSE(std::filesystem::exists(folder / "nowhere"));
  std::filesystem::remove(path);
  std::filesystem::create_hard_link(folder / "secret", path);
  EXPECT_EQ(Refusal(path), cannot + "known under a second name");
  EXPECT_EQ(folder.Read("secret"), "untouched");
}

// A plain open() of either pipe would wait, for a reader or for ever.
TEST(OutputFile, NeverWaitsForAPipe) {
  const TestFolder folder;
  const std::string path = folder / "fifo";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(Refusal(path), "cannot write to " + path + ": it is a pipe, a socket or a device, not a file");
  const base::UniqueFd reader(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_EQ(Refusal(path), "cannot write to " + path + ": it is not a regular file");
}

TEST(OutputFile, OfTheDevicesOnlyThreeAreTaken) {
  EXPECT_TRUE(OpenOutputFile("/dev/null").ok());
  for (const char* stream : {"/dev/stdout", "/dev/stderr"}) {
    const auto copy = OpenOutputFile(stream);
    ASSERT_TRUE(copy.ok());
    struct stat of_copy = {};
    struct stat original = {};
    ASSERT_EQ(fstat(copy->get(), &of_copy), 0);
    ASSERT_EQ(fstat(std::string(stream) == "/dev/stdout" ? 1 : 2, &original), 0);
    EXPECT_EQ(of_copy.st_ino, original.st_ino);
    EXPECT_GT(copy->get(), 2);
    EXPECT_TRUE(fcntl(copy->get(), F_GETFD) & FD_CLOEXEC);
  }
  EXPECT_EQ(Refusal("/dev/full"), "cannot write to /dev/full: it is not a regular file");
  EXPECT_EQ(Refusal("/dev/zero"), "cannot write to /dev/zero: it is not a regular file");
}

TEST(OutputFile, SaysWhatIsWrong) {
  const TestFolder folder;
  EXPECT_EQ(Refusal(folder / "no/log"),
            "cannot write to " + folder.path() + "/no/log: No such file or directory");
  EXPECT_EQ(Refusal(folder.path()), "cannot write to " + folder.path() + ": it is a directory");
}

}  // namespace
}  // namespace fectl::platform
