#include "master/logger/readers/history.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "master/logger/files/compressed.h"
#include "master/logger/files/log_files.h"
#include "master/logger/lines/line_text.h"
#include "master/logger/memory/test_memory.h"
#include "master/platform/testing/test_folder.h"

namespace fectl::logger {
namespace {

class HistoryTest : public testing::Test {
 protected:
  HistoryTest() : arena_(memory_.Open()), block_(NewService(arena_.get())) {
    settings_ = {
        .service = 7, .name = "web", .to = {Target::kFile}, .folder = folder_.path(), .line_max = 1'000};
    log_ = std::make_unique<ServiceLog>(block_, settings_);
  }

  // Lines number `first` up to `last`, one a second.
  static std::string Lines(int first, int last) {
    std::string text;
    for (int i = first; i <= last; ++i) {
      RecordHead head = {};
      head.t_ms = 1'000'000 + 1'000 * i;
      head.pid = 1 + i % 3;
      head.part = kWholeLine;
      AppendAsText("web", head, absl::StrCat("line ", i, "\n"), &text);
    }
    return text;
  }

  std::string Read(
      std::optional<int64_t> lines, std::optional<int64_t> since_ms = {},
      const History::Match& match = [](const proto::LogLine&) { return true; }) {
    History history(*log_);
    history.GoBack(lines, since_ms, match);
    std::string text;
    while (const auto line = history.Next()) {
      if (match(*line)) text += line->message.substr(5) + " ";
    }
    return text;
  }

  platform::TestFolder folder_;
  TestMemory memory_;
  std::unique_ptr<Arena> arena_;
  Arena::Service block_;
  ServiceSettings settings_;
  std::unique_ptr<ServiceLog> log_;
};

TEST_F(HistoryTest, TheLastLinesOfTheFile) {
  folder_.Write("web.log", Lines(1, 9));
  EXPECT_EQ(Read(3), "7 8 9 ");
  EXPECT_EQ(Read(9), "1 2 3 4 5 6 7 8 9 ");
  EXPECT_EQ(Read(100), "1 2 3 4 5 6 7 8 9 ");
  EXPECT_EQ(Read({}), "1 2 3 4 5 6 7 8 9 ");
  EXPECT_EQ(Read(0), "");
}

TEST_F(HistoryTest, WithoutAFileThereIsNothing) {
  EXPECT_EQ(Read(3), "");
}

TEST_F(HistoryTest, ClosedFilesComeBeforeTheOneThatIsWrittenTo) {
  folder_.Write("web.20261126T210000Z.log", Lines(1, 3));
  folder_.Write("web.20261127T210000Z.log", Lines(4, 6));
  folder_.Write("other.20261127T210000Z.log", Lines(50, 60));
  folder_.Write("web.log", Lines(7, 8));
  ASSERT_TRUE(CompressFile(folder_ / "web.20261126T210000Z.log").ok());
  EXPECT_EQ(Read(2), "7 8 ");
  EXPECT_EQ(Read(3), "6 7 8 ");
  EXPECT_EQ(Read(6), "3 4 5 6 7 8 ");
  EXPECT_EQ(Read(60), "1 2 3 4 5 6 7 8 ");
}

TEST_F(HistoryTest, ATimeIsWhereItBegins) {
  folder_.Write("web.20261126T210000Z.log", Lines(1, 3));
  folder_.Write("web.log", Lines(4, 8));
  EXPECT_EQ(Read({}, 1'003'000), "3 4 5 6 7 8 ");
  EXPECT_EQ(Read(2, 1'003'000), "7 8 ");
  EXPECT_EQ(Read({}, 1'008'001), "");
}

TEST_F(HistoryTest, OnlyLinesThatMatchAreCounted) {
  folder_.Write("web.log", Lines(1, 20));
  EXPECT_EQ(Read(3, {}, [](const proto::LogLine& line) { return line.pid == 2; }), "13 16 19 ");
}

TEST_F(HistoryTest, LinesOverTheBordersOfBlocksAreWhole) {
  std::string text;
  for (int i = 1; i <= 30'000; ++i) text += Lines(i, i);
  folder_.Write("web.log", text);
  std::string expected;
  for (int i = 20'001; i <= 30'000; ++i) absl::StrAppend(&expected, i, " ");
  EXPECT_EQ(Read(10'000), expected);
}

TEST_F(HistoryTest, WhatIsNoLineIsPassedOver) {
  folder_.Write("web.log", Lines(1, 2) + "garbage\n\n" + Lines(3, 4) + "2026 torn");
  EXPECT_EQ(Read(3), "2 3 4 ");
}

TEST_F(HistoryTest, AServiceWithoutFilesHasWhatIsInItsRing) {
  settings_.to = {Target::kConsole};
  log_ = std::make_unique<ServiceLog>(block_, settings_);
  Ring ring(block_);
  RecordHead head = {};
  head.part = kWholeLine;
  head.lines = 2;
  ring.Append(head, "line 1\nline 2\n");
  log_ = std::make_unique<ServiceLog>(block_, settings_);
  EXPECT_EQ(Read(5), "1 2 ");
  EXPECT_EQ(Read(1), "2 ");
  const History history(*log_);
  EXPECT_EQ(history.end().number, 102u);
}

}  // namespace
}  // namespace fectl::logger
