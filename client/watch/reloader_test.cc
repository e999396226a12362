#include "client/watch/reloader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "client/process/signals.h"
#include "client/session/clock.h"
#include "client/session/connect.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::client {
namespace {

namespace fs = std::filesystem;

class ReloaderTest : public testing::Test {
 protected:
  ReloaderTest() : err_(memfd_create("stderr", MFD_CLOEXEC)), output_(-1, err_.get()) {
    std::string name = (fs::temp_directory_path() / "fectl-reloader-XXXXXX").string();
    root_ = mkdtemp(name.data());
    fs::create_directories(root_ / "app");
    Write("app/main.py");
    absl::StatusOr<TreeWatch> watch = TreeWatch::Create({"app"}, root_.string());
    // Each run is a line; it does not end before the file `go` is there, and fails if `broken` is.
    const std::string script =
        "cd " + root_.string() +
        " && echo run >> runs && while ! [ -e go ]; do sleep 0.01; done && ! [ -e broken ]";
    reloader_.emplace(*std::move(watch), std::vector<std::string>{"sh", "-c", script}, &output_);
    absl::StatusOr<Signals> signals = Signals::Block();
    signals_.emplace(*std::move(signals));
  }
  ~ReloaderTest() override { fs::remove_all(root_); }

  void Write(const std::string& name) { std::ofstream(root_ / name) << "x"; }

  size_t Runs() {
    std::ifstream file(root_ / "runs");
    size_t lines = 0;
    for (std::string line; std::getline(file, line);) ++lines;
    return lines;
  }

  std::string Said() {
    char text[4096];
    const ssize_t got = pread(err_.get(), text, sizeof text, 0);
    return {text, static_cast<size_t>(got)};
  }

  // Does what the reloader wants at the times at which it wants it, until a run has ended; how it went.
  bool AwaitEnd() {
    for (;;) {
      if (const std::optional<bool> end = reloader_->TakeEnd(); end.has_value()) return *end;
      const int64_t now = MonotonicMs();
      const int64_t wake = reloader_->wake_ms();
      pollfd ready[] = {{reloader_->fd(), POLLIN, 0}, {signals_->fd(), POLLIN, 0}};
      poll(ready, 2, wake == kNever ? -1 : static_cast<int>(std::max<int64_t>(0, wake - now)));
      while (signals_->Take().has_value()) {
      }
      if (ready[0].revents != 0) reloader_->OnReady(MonotonicMs());
      reloader_->OnTime(MonotonicMs());
    }
  }

  fs::path root_;
  base::UniqueFd err_;
  Output output_;
  std::optional<Reloader> reloader_;
  std::optional<Signals> signals_;
};

TEST_F(ReloaderTest, DoesNothingWhereNothingHasChanged) {
  EXPECT_EQ(reloader_->wake_ms(), kNever);
  reloader_->OnReady(1'000);
  reloader_->OnTime(99'000);
  EXPECT_EQ(reloader_->TakeEnd(), std::nullopt);
  EXPECT_EQ(Said(), "");
}

TEST_F(ReloaderTest, ManyChangesAreOneReload) {
  for (const char* name : {"app/a.py", "app/b.py", "app/c.py", "app/d.py"}) Write(name);
  reloader_->OnReady(1'000);
  Write("app/e.py");
  reloader_->OnReady(1'100);
  EXPECT_EQ(reloader_->wake_ms(), 1'350);
  reloader_->OnTime(1'349);
  EXPECT_EQ(Said(), "");
  Write("go");
  reloader_->OnTime(1'350);
  EXPECT_EQ(Said(), "fectl: app/a.py, app/b.py, app/c.py and 2 more changed\n");
  EXPECT_TRUE(AwaitEnd());
  EXPECT_EQ(Runs(), 1u);
}

TEST_F(ReloaderTest, WhatChangesMeanwhileIsOneMoreReload) {
  Write("app/main.py");
  reloader_->OnReady(1'000);
  reloader_->OnTime(1'250);
  for (const int64_t now : {1'300, 1'400, 9'000}) {
    Write("app/main.py");
    reloader_->OnReady(now);
    EXPECT_EQ(reloader_->wake_ms(), kNever) << "one is going on";
    reloader_->OnTime(now + 1'000);
  }
  Write("go");
  EXPECT_TRUE(AwaitEnd());
  EXPECT_EQ(Runs(), 1u);
  EXPECT_EQ(reloader_->wake_ms(), 3'300) << "it was put off for long enough";
  EXPECT_TRUE(AwaitEnd());
  EXPECT_EQ(Runs(), 2u);
  EXPECT_EQ(reloader_->wake_ms(), kNever);
}

TEST_F(ReloaderTest, AFailureIsToldAndTheNextChangeIsTriedAgain) {
  Write("go");
  Write("broken");
  Write("app/main.py");
  EXPECT_FALSE(AwaitEnd());
  EXPECT_EQ(Said(), "fectl: app/main.py changed\nfectl: the next change is tried again\n");
  fs::remove(root_ / "broken");
  Write("app/main.py");
  EXPECT_TRUE(AwaitEnd());
}

TEST_F(ReloaderTest, AReloadThatGoesOnCanBeEnded) {
  Write("app/main.py");
  reloader_->OnReady(1'000);
  reloader_->OnTime(1'250);
  reloader_->Stop();
  EXPECT_EQ(reloader_->TakeEnd(), std::nullopt);
}

TEST_F(ReloaderTest, WhatIsNotSeenAnyMoreIsSaid) {
  fs::remove_all(root_ / "app");
  reloader_->OnReady(1'000);
  EXPECT_THAT(Said(), testing::HasSubstr("/app was removed or renamed: "));
}

TEST(ChangedText, NamesAFewFiles) {
  EXPECT_EQ(ChangedText({"a.py"}), "a.py changed");
  EXPECT_EQ(ChangedText({"a.py", "b.py"}), "a.py, b.py changed");
  EXPECT_EQ(ChangedText({"a\x1b.py"}), "a\\x1b.py changed");
}

}  // namespace
}  // namespace fectl::client
