#include "master/platform/files/file_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>

#include "master/platform/testing/test_folder.h"
#include "master/platform/testing/test_process.h"
#include "master/platform/testing/test_syscall_filter.h"
#include "master/platform/testing/test_wait.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {
namespace {

class FileWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    loop_ = *EventLoop::Create();
    watch_ = *FileWatch::Create(loop_.get(), [this] { ++touched_; });
    file_ = folder_.Write("file", "");
    ASSERT_TRUE(watch_->Follow(file_).ok());
  }
  bool Touched() {
    const bool told = TurnUntil(loop_.get(), [this] { return touched_ > 0; });
    touched_ = 0;
    return told;
  }

  TestFolder folder_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<FileWatch> watch_;
  std::string file_;
  int touched_ = 0;
};

TEST_F(FileWatchTest, HearsOfARemoval) {
  ASSERT_EQ(unlink(file_.c_str()), 0);
  EXPECT_TRUE(Touched());
}

// As of a socket that is listened on.
TEST_F(FileWatchTest, HearsOfARemovalAlsoWhileTheFileIsInUse) {
  const base::UniqueFd user(open(file_.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(unlink(file_.c_str()), 0);
  EXPECT_TRUE(Touched());
}

TEST_F(FileWatchTest, HearsOfAMoveAndOfAReplacement) {
  ASSERT_EQ(rename(file_.c_str(), (folder_ / "moved").c_str()), 0);
  EXPECT_TRUE(Touched());
  ASSERT_TRUE(watch_->Follow(folder_.Write("file", "")).ok());
  const std::string other = folder_.Write("other", "");
  ASSERT_EQ(rename(other.c_str(), file_.c_str()), 0);
  EXPECT_TRUE(Touched());
}

TEST_F(FileWatchTest, OtherFilesOfTheFolderWakeNobody) {
  folder_.Write("other", "text");
  unlink((folder_ / "other").c_str());
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(touched_, 0);
}

TEST_F(FileWatchTest, NothingIsToldAfterItsEnd) {
  watch_.reset();
  unlink(file_.c_str());
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(touched_, 0);
  EXPECT_EQ(loop_->watched(), 0U);
}

TEST_F(FileWatchTest, NothingIsToldOfAForgottenFile) {
  watch_->Forget();
  TurnUntil(loop_.get(), [this] { return touched_ > 0; });  // the kernel says that it has forgotten
  touched_ = 0;
  unlink(file_.c_str());
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(touched_, 0);
}

TEST_F(FileWatchTest, OnlyTheNewestFileIsFollowed) {
  const std::string other = folder_.Write("other", "");
  ASSERT_TRUE(watch_->Follow(other).ok());
  TurnUntil(loop_.get(), [this] { return touched_ > 0; });
  touched_ = 0;
  unlink(file_.c_str());
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(touched_, 0);
  unlink(other.c_str());
  EXPECT_TRUE(Touched());
}

TEST_F(FileWatchTest, WhatIsNotThereIsAnError) {
  EXPECT_EQ(watch_->Follow(folder_ / "missing").message(),
            "cannot watch " + (folder_ / "missing") + ": No such file or directory");
}

TEST(FileWatch, SaysWhenTheKernelHasNone) {
  TestProcess process([] {
    if (!InstallFilter({{SYS_inotify_init1, ENOSYS}})) return 10;
    const auto loop = *EventLoop::Create();
    const auto watch = FileWatch::Create(loop.get(), [] {});
    return watch.status().message() == "cannot watch files: Function not implemented" ? 0 : 1;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

}  // namespace
}  // namespace fectl::platform
