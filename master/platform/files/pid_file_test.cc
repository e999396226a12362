#include "master/platform/files/pid_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "master/platform/testing/test_exchanged_link.h"
#include "master/platform/testing/test_folder.h"
#include "master/platform/testing/test_process.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {
namespace {

std::string Refusal(const std::string& path) {
  return std::string(PidFile::Create(path).status().message());
}

std::string OwnNumber() {
  return std::to_string(getpid()) + "\n";
}

mode_t ModeOf(const std::string& path) {
  struct stat file = {};
  EXPECT_EQ(lstat(path.c_str(), &file), 0);
  return file.st_mode & 07777;
}

TEST(PidFile, HoldsTheNumberAndGoesAtTheEnd) {
  const TestFolder folder;
  {
    const mode_t before = umask(0777);
    const auto file = PidFile::Create(folder / "pid");
    umask(before);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(folder.Read("pid"), OwnNumber());
    EXPECT_EQ(ModeOf(folder / "pid"), 0644u);
    EXPECT_EQ(PidFile::NumberIn(folder / "pid"), getpid());
    EXPECT_EQ(folder.size(), 1u);
  }
  EXPECT_EQ(folder.size(), 0u);
}

TEST(PidFile, ASecondHolderIsRefusedWithTheNumberOfTheFirst) {
  const TestFolder folder;
  const auto file = PidFile::Create(folder / "pid", 0600);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(ModeOf(folder / "pid"), 0600u);
  TestProcess other([&] {
    const auto second = PidFile::Create(folder / "pid");
    const std::string words = (folder / "pid") + " is locked by pid " + std::to_string(getppid());
    return second.status().code() == absl::StatusCode::kAlreadyExists && second.status().message() == words
               ? 0
               : 1;
  });
  EXPECT_EQ(other.Wait(), "exited with code 0");
  EXPECT_EQ(folder.Read("pid"), OwnNumber());
  EXPECT_EQ(folder.size(), 1u);
}

// Killed, so it could not clean up. Its number may be anybody's now and is not looked at.
TEST(PidFile, WhatADeadProcessLeftIsReplaced) {
  const TestFolder folder;
  {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const base::UniqueFd hears(ends[0]);
    const base::UniqueFd tells(ends[1]);
    TestProcess killed([&] {
      const auto file = PidFile::Create(folder / "pid");
      if (write(tells.get(), "x", 1) != 1) return 1;
      while (true) pause();
    });
    char byte;
    ASSERT_EQ(read(hears.get(), &byte, 1), 1);
    EXPECT_EQ(PidFile::NumberIn(folder / "pid"), killed.pid());
  }
  EXPECT_EQ(folder.size(), 1u);
  const auto file = PidFile::Create(folder / "pid");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(folder.Read("pid"), OwnNumber());
}

TEST(PidFile, AnyNumberIsReplacedAndAStrangersNotBelieved) {
  const TestFolder folder;
  for (const std::string& content : {std::string(), std::string("1\n"), std::to_string(getppid()) + "\n"}) {
    folder.Write("pid", content);
    const auto file = PidFile::Create(folder / "pid");
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(folder.Read("pid"), OwnNumber());
  }
}

// A mistake in the path must not cost somebody's data.
TEST(PidFile, FileThatHoldsNoPidIsRefusedAndKept) {
  const TestFolder folder;
  for (const std::string& content :
       {std::string("garbage"), std::string("[master]\n"), std::string("-5\n")}) {
    folder.Write("pid", content);
    EXPECT_EQ(Refusal(folder / "pid"),
              "cannot create " + (folder / "pid") + ": a file that holds no pid is in the way");
    EXPECT_EQ(folder.Read("pid"), content);
  }
}

// The old file may have a second name, by which somebody would have us write into it.
TEST(PidFile, AnExistingFileIsNeverWrittenInto) {
  const TestFolder folder;
  folder.Write("secret", "4711");
  std::filesystem::create_hard_link(folder / "secret", folder / "pid");
  const auto file = PidFile::Create(folder / "pid");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(folder.Read("secret"), "4711");
  EXPECT_EQ(folder.Read("pid"), OwnNumber());
}

TEST(PidFile, RefusesWhatIsNoRegularFile) {
  const TestFolder folder;
  const std::string path = folder / "pid";
  folder.Write("secret", "untouched");
  for (const char* target : {"secret", "nowhere"}) {
    std::filesystem::create_symlink(folder / target, path);
    EXPECT_EQ(Refusal(path), "cannot create " + path + ": a symbolic link is in the way");
    std::filesystem::remove(path);
  }
  EXPECT_EQ(folder.Read("secret"), "untouched");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(Refusal(path), "cannot create " + path + ": something that is not a regular file is in the way");
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  EXPECT_EQ(Refusal(path), "cannot create " + path + ": something that is not a regular file is in the way");
  std::filesystem::remove(path);
  // And leaves nothing of its attempts.
  EXPECT_EQ(folder.size(), 1u);
}

TEST(PidFile, AFolderThatIsExchangedAllTheTimeCostsNobodyAFile) {
  // What a dead process left is replaced.
  EXPECT_TRUE(StrangersFolderStays([](const std::string& path) { std::ofstream(path) << "4711\n"; },
                                   [](const std::string& path) { return PidFile::Create(path).ok(); }));
}

TEST(PidFile, SaysWhenTheFolderIsMissing) {
  const TestFolder folder;
  const std::string path = folder / "no/pid";
  EXPECT_EQ(Refusal(path),
            "cannot create " + path + ": the folder " + folder.path() + "/no: No such file or directory");
}

TEST(PidFile, DoesNotRemoveAnothersFile) {
  const TestFolder folder;
  {
    const auto file = PidFile::Create(folder / "pid");
    ASSERT_TRUE(file.ok());
    std::filesystem::remove(folder / "pid");
    folder.Write("pid", "a stranger's");
  }
  EXPECT_EQ(folder.Read("pid"), "a stranger's");
}

TEST(PidFile, ACopyOfTheProcessDoesNotRemoveIt) {
  const TestFolder folder;
  auto file = std::make_unique<PidFile>(*PidFile::Create(folder / "pid"));
  TestProcess process([&] {
    file.reset();
    return 0;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
  EXPECT_EQ(folder.Read("pid"), OwnNumber());
}

// Many at once, over and over, on one name: at no time do two hold it.
TEST(PidFile, OfManyAtOnceOneWins) {
  const TestFolder folder;
  std::vector<std::unique_ptr<TestProcess>> rivals;
  rivals.reserve(4);
  for (int i = 0; i < 4; ++i) {
    rivals.push_back(std::make_unique<TestProcess>([&] {
      for (int round = 0; round < 300; ++round) {
        std::optional<PidFile> file;
        // Until it is our turn; AlreadyExists is the one answer that is allowed meanwhile.
        while (!file.has_value()) {
          auto created = PidFile::Create(folder / "pid");
          if (created.ok()) {
            file.emplace(*std::move(created));
          } else if (created.status().code() != absl::StatusCode::kAlreadyExists) {
            return 1;
          }
        }
        // Exclusive creation fails if another holder is inside too.
        const base::UniqueFd inside(
            open((folder / "inside").c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
        if (!inside.valid()) return 2;
        if (folder.Read("pid") != OwnNumber()) return 3;
        if (unlink((folder / "inside").c_str()) != 0) return 4;
      }
      return 0;
    }));
  }
  for (const auto& rival : rivals) EXPECT_EQ(rival->Wait(), "exited with code 0");
  EXPECT_EQ(folder.size(), 0u);
}

TEST(PidFile, IsAdoptedByItsLock) {
  const TestFolder folder;
  const std::string path = folder / "pid";
  auto first = PidFile::Create(path);
  ASSERT_TRUE(first.ok()) << first.status();
  {
    const auto adopted = PidFile::Adopt(path, base::UniqueFd(dup(first->fd())));
    ASSERT_TRUE(adopted.ok()) << adopted.status();
    EXPECT_EQ(PidFile::NumberIn(path), getpid());
    EXPECT_TRUE(absl::IsAlreadyExists(PidFile::Create(path).status()));
  }
  EXPECT_EQ(access(path.c_str(), F_OK), -1);  // the last one to end removes it
  const base::UniqueFd other(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(PidFile::Adopt(path, base::UniqueFd(dup(other.get()))).status().message(),
            path + ": the descriptor is not this file");
}

}  // namespace
}  // namespace fectl::platform
