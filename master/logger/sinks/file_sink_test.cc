#include "master/logger/sinks/file_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "master/logger/files/log_files.h"
#include "master/logger/memory/test_memory.h"
#include "master/platform/testing/test_folder.h"

namespace fectl::logger {
namespace {

constexpr int64_t kNow = 1'795'777'200'123;

class Observer final : public SinkObserver {
 public:
  void OnSaid(bool error, std::string text) override {
    said.push_back((error ? "E " : "I ") + std::move(text));
  }
  void OnDropped(uint64_t /*service*/, uint64_t lines, std::string /*why*/) override { dropped += lines; }
  void OnFilesToTidy() override { ++tidied; }

  std::vector<std::string> said;
  uint64_t dropped = 0;
  int tidied = 0;
};

class FileSinkTest : public testing::Test {
 protected:
  FileSinkTest() : arena_(memory_.Open()), block_(NewService(arena_.get())) {
    settings_ = {.service = 7,
                 .name = "web",
                 .to = {Target::kFile},
                 .folder = folder_ / "logs",
                 .max_size = 1 << 20,
                 .line_max = kLineBytesMax};
    Succeed();
  }

  void Succeed() {
    sink_.reset();
    log_ = std::make_unique<ServiceLog>(block_, settings_);
    sink_ = std::make_unique<FileSink>(log_.get(), &room_, &observer_);
  }

  // As if a process had written these lines.
  void Come(const std::string& text) {
    const Arena::Stage stage_block = arena_->AddStage().value();
    Stage::Begin(stage_block, {.service = 7, .worker = 0, .generation = ++generation_, .pid = 1});
    Stage stage(stage_block, std::nullopt);
    int ends[2] = {-1, -1};
    ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    const base::UniqueFd read(ends[0]);
    const base::UniqueFd write(ends[1]);
    ASSERT_EQ(::write(write.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    while (stage.Read(read.get(), false) == Stage::ReadResult::kSome)
      log_->Take({.t_ms = kNow}, /*patient=*/false, &stage);
    arena_->Drop(stage_block);
  }

  void WriteAll(int64_t now_ms = kNow) {
    while (sink_->WriteSome(now_ms)) {
    }
  }

  std::string Text() const { return folder_.Read("logs/web.log"); }

  platform::TestFolder folder_;
  TestMemory memory_;
  std::unique_ptr<Arena> arena_;
  Arena::Service block_;
  ServiceSettings settings_;
  Room room_;
  Observer observer_;
  std::unique_ptr<ServiceLog> log_;
  std::unique_ptr<FileSink> sink_;
  uint64_t generation_ = 0;
};

constexpr char kStart[] = "2026-11-27T11:00:00.123Z web[1] 1 | ";

TEST_F(FileSinkTest, LinesAreAppended) {
  Come("a\nb\n");
  WriteAll();
  Come("c\n");
  WriteAll();
  EXPECT_EQ(Text(), absl::StrCat(kStart, "a\n", kStart, "b\n", kStart, "c\n"));
  EXPECT_FALSE(sink_->WriteSome(kNow));
  struct stat file = {};
  ASSERT_EQ(stat((folder_ / "logs/web.log").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0640u);
}

TEST_F(FileSinkTest, AFileThatIsLargeEnoughIsClosed) {
  settings_.max_size = 100;
  Succeed();
  for (const char* line : {"one\n", "two\n", "three\n"}) {
    Come(line);
    WriteAll();
  }
  EXPECT_EQ(Text(), absl::StrCat(kStart, "three\n"));
  const std::vector<ClosedLog> closed = ClosedLogs(settings_.folder, "web");
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].path, settings_.folder + "/web.20261127T110000Z.log");
  EXPECT_EQ(folder_.Read("logs/web.20261127T110000Z.log"), absl::StrCat(kStart, "one\n", kStart, "two\n"));
  EXPECT_EQ(observer_.tidied, 1);
  // Another one of the same second has a name of its own, that stands behind.
  for (const char* line : {"four\n", "five\n"}) {
    Come(line);
    WriteAll();
  }
  ASSERT_EQ(ClosedLogs(settings_.folder, "web").size(), 2u);
  EXPECT_EQ(ClosedLogs(settings_.folder, "web")[1].path, settings_.folder + "/web.20261127T110000Z-002.log");
}

TEST_F(FileSinkTest, AFileThatIsOldEnoughIsClosed) {
  settings_.max_age_s = 60;
  Succeed();
  Come("one\n");
  WriteAll();
  Succeed();  // the time of the first line is read from the file
  Come("two\n");
  WriteAll(kNow + 61'000);
  EXPECT_EQ(ClosedLogs(settings_.folder, "web").size(), 1u);
  EXPECT_EQ(Text(), absl::StrCat(kStart, "two\n"));
}

TEST_F(FileSinkTest, AFileThatWasMovedAwayIsMadeAnewWhenItIsReopened) {
  Come("one\n");
  WriteAll();
  std::filesystem::rename(folder_ / "logs/web.log", folder_ / "logs/moved");
  Come("two\n");
  WriteAll();
  sink_->Reopen();
  Come("three\n");
  WriteAll();
  EXPECT_EQ(folder_.Read("logs/moved"), absl::StrCat(kStart, "one\n", kStart, "two\n"));
  EXPECT_EQ(Text(), absl::StrCat(kStart, "three\n"));
}

TEST_F(FileSinkTest, WhatCannotBeWrittenIsSaidOnceAndWrittenLater) {
  folder_.Write("logs", "is a file");
  Come("one\n");
  EXPECT_FALSE(sink_->WriteSome(kNow));
  EXPECT_FALSE(sink_->WriteSome(kNow + 10));
  EXPECT_EQ(sink_->retry_at_ms(), kNow + Sink::kRetryMs);
  EXPECT_FALSE(sink_->WriteSome(kNow + 1'000));
  ASSERT_EQ(observer_.said.size(), 1u);
  EXPECT_TRUE(observer_.said[0].starts_with("E lines of service web cannot be written to "))
      << observer_.said[0];
  std::filesystem::remove(folder_ / "logs");
  WriteAll(kNow + 2'000);
  EXPECT_EQ(Text(), absl::StrCat(kStart, "one\n"));
  ASSERT_EQ(observer_.said.size(), 2u);
  EXPECT_TRUE(observer_.said[1].ends_with("that is over after 2 s")) << observer_.said[1];
}

TEST_F(FileSinkTest, LinesThatWereOverwrittenAreCounted) {
  const std::string line(50'000, 'x');
  for (int i = 0; i < 30; ++i) Come(line + "\n");
  WriteAll();
  const std::string text = Text();
  EXPECT_TRUE(text.starts_with(absl::StrCat("2026-11-27T11:00:00.123Z web fectl | ", observer_.dropped,
                                            " lines dropped: they came faster than they could be written\n")))
      << text.substr(0, 200);
  const auto written = static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n')) - 1;
  EXPECT_GT(observer_.dropped, 0u);
  EXPECT_EQ(written + observer_.dropped, 30u);
}

// What a logger that is killed can leave.

TEST_F(FileSinkTest, KilledAfterTheWriteAndBeforeItsNote) {
  Come("one\n");
  WriteAll();
  SinkState& state = log_->sink(Target::kFile);
  const uint64_t position = state.position;
  const uint64_t number = state.number;
  Come("two\n");
  WriteAll();
  state.position = position;
  state.number = number;
  state.armed = 1;
  Succeed();
  Come("three\n");
  WriteAll();
  EXPECT_EQ(Text(), absl::StrCat(kStart, "one\n", kStart, "two\n", kStart, "three\n"));
  EXPECT_EQ(observer_.dropped, 0u);
}

TEST_F(FileSinkTest, KilledBeforeTheWrite) {
  Come("one\n");
  WriteAll();
  SinkState& state = log_->sink(Target::kFile);
  const uint64_t position = state.position;
  const uint64_t number = state.number;
  Come("two\n");
  WriteAll();
  state.position = position;
  state.number = number;
  state.armed = 1;
  ASSERT_EQ(truncate((folder_ / "logs/web.log").c_str(), static_cast<off_t>(state.offset)), 0);
  Succeed();
  WriteAll();
  EXPECT_EQ(Text(), absl::StrCat(kStart, "one\n", kStart, "two\n"));
}

TEST_F(FileSinkTest, KilledInTheMiddleOfTheWrite) {
  Come("one\n");
  WriteAll();
  SinkState& state = log_->sink(Target::kFile);
  const uint64_t position = state.position;
  const uint64_t number = state.number;
  Come("two\n");
  WriteAll();
  state.position = position;
  state.number = number;
  state.armed = 1;
  ASSERT_EQ(truncate((folder_ / "logs/web.log").c_str(), static_cast<off_t>(state.offset + 10)), 0);
  Succeed();
  WriteAll();
  EXPECT_EQ(Text(), absl::StrCat(kStart, "one\n", kStart, "two\n"));
}

}  // namespace
}  // namespace fectl::logger
