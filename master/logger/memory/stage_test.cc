#include "master/logger/memory/stage.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "master/logger/memory/test_memory.h"

namespace fectl::logger {
namespace {

using Rest = Stage::Rules::Rest;
using Result = Stage::ReadResult;

constexpr Writer kWriter = {.service = 7, .worker = 2, .generation = 5, .pid = 4711};

class StageTest : public testing::Test {
 protected:
  StageTest()
      : arena_(memory_.Open()), service_(NewService(arena_.get())), block_(arena_->AddStage().value()) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    read_.reset(ends[0]);
    write_.reset(ends[1]);
    Stage::Begin(block_, kWriter);
    Succeed();
  }

  // As if the logger had been killed, and another one went on.
  void Succeed() {
    stage_.reset();
    ring_.emplace(service_);
    stage_.emplace(block_, ring_->last());
  }

  void Put(std::string_view text) {
    ASSERT_EQ(write(write_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  void ReadAndMove(Rest rest = Rest::kKeep) {
    while (stage_->Read(read_.get(), false) == Result::kSome) {
      EXPECT_TRUE(stage_->Move({.line_max = line_max_, .rest = rest}, &*ring_));
    }
    EXPECT_TRUE(stage_->Move({.line_max = line_max_, .rest = rest}, &*ring_));
  }

  TestMemory memory_;
  std::unique_ptr<Arena> arena_;
  Arena::Service service_;
  Arena::Stage block_;
  std::optional<Ring> ring_;
  std::optional<Stage> stage_;
  base::UniqueFd read_;
  base::UniqueFd write_;
  size_t line_max_ = 16;
};

TEST_F(StageTest, LinesAreMovedWhenTheyAreWhole) {
  Put("one\ntwo\nthr");
  ReadAndMove();
  EXPECT_EQ(Shown(*ring_), "100:one\ntwo\n");
  EXPECT_EQ(stage_->unfinished(), 3u);
  Put("ee\n");
  ReadAndMove();
  EXPECT_EQ(Shown(*ring_), "100:one\ntwo\n102:three\n");
  EXPECT_EQ(stage_->unfinished(), 0u);
  EXPECT_EQ(ring_->last()->pid, 4711);
  EXPECT_EQ(ring_->last()->worker, 2u);
  EXPECT_EQ(stage_->writer(), kWriter);
}

TEST_F(StageTest, ALineThatIsTooLongIsCutIntoPieces) {
  Put("0123456789abcdefghijklmnopqrstuvwxyz\nnext\n");
  ReadAndMove();
  EXPECT_EQ(Shown(*ring_), "100:0123456789abcdef(0)\n101:ghijklmnopqrstuv(1)\n102:wxyz(-1)\n103:next\n");
}

TEST_F(StageTest, ALineOfExactlyTheLongestLengthIsWhole) {
  Put("0123456789abcdef\n");
  ReadAndMove();
  EXPECT_EQ(Shown(*ring_), "100:0123456789abcdef\n");
}

TEST_F(StageTest, ACutDoesNotDivideACharacter) {
  Put("0123456789abcde\xe2\x82\xac\n");  // the euro sign would be cut after its first byte
  ReadAndMove();
  EXPECT_EQ(Shown(*ring_), "100:0123456789abcde(0)\n101:\xe2\x82\xac(-1)\n");
}

TEST_F(StageTest, AnUnfinishedLineIsFlushedAsAPiece) {
  Put("Password: ");
  ReadAndMove(Rest::kFlush);
  EXPECT_EQ(Shown(*ring_), "100:Password: (0)\n");
  Put("ok\nafter\n");
  ReadAndMove();
  EXPECT_EQ(Shown(*ring_), "100:Password: (0)\n101:ok(-1)\n102:after\n");
}

TEST_F(StageTest, WhatIsUnfinishedAtTheEndIsALastPiece) {
  Put("all\nrest");
  ReadAndMove();
  write_.reset();
  EXPECT_EQ(stage_->Read(read_.get(), true), Result::kEnd);
  EXPECT_TRUE(stage_->Move({.line_max = 16, .rest = Rest::kEnd}, &*ring_));
  EXPECT_EQ(Shown(*ring_), "100:all\n101:rest(-1)\n");
}

TEST_F(StageTest, AnyByteIsKept) {
  const std::string nasty("\0\x1b\xff\r\n\n\xc3\n", 8);
  Put(nasty);
  ReadAndMove();
  EXPECT_EQ(Shown(*ring_), "100:" + nasty);
  EXPECT_EQ(ring_->last()->lines, 3u);
}

TEST_F(StageTest, NothingIsOverwrittenThatIsToBeKept) {
  line_max_ = kLineBytesMax;
  const std::string line(60'000, 'x');
  bool moved = true;
  for (int i = 0; i < 30 && moved; ++i) {
    Put(line + "\n");
    ASSERT_EQ(stage_->Read(read_.get(), false), Result::kSome);
    moved = stage_->Move({.keep_from = 0}, &*ring_);
  }
  EXPECT_FALSE(moved);
  EXPECT_EQ(ring_->oldest(), 0u);
  EXPECT_EQ(stage_->unfinished(), line.size() + 1);
  EXPECT_TRUE(stage_->Move({.keep_from = 500'000}, &*ring_));
  EXPECT_GT(ring_->oldest(), 0u);
}

TEST_F(StageTest, TheLastLinesAreKept) {
  EXPECT_EQ(stage_->LastLines(), "");
  line_max_ = 100;
  std::string last;
  for (int i = 0; i < 100; ++i) {
    Put("line " + std::to_string(i) + "\n");
    ReadAndMove();
    if (i >= 80) last += "line " + std::to_string(i) + "\n";
  }
  EXPECT_EQ(stage_->LastLines(), last);
  Put(std::string(5'000, 'y') + "\n");
  ReadAndMove();
  EXPECT_LE(stage_->LastLines().size(), kLastBytes);
  Put("rest");
  ReadAndMove();
  EXPECT_EQ(stage_->Unfinished(), "rest\n");
}

// What a logger that is killed can leave, one state after the other.

TEST_F(StageTest, KilledBetweenTheReadAndItsNote) {
  for (const std::string text : {"x\n", "hello\n", "somewhat longer\ntext of two\n"}) {
    StageHead& head = *block_.head;
    Put(text);
    const uint64_t filled = head.filled;
    ASSERT_EQ(stage_->Read(read_.get(), false), Result::kSome);
    // The bytes are there; their number is not.
    const uint64_t seed = SeedAt(filled);
    head.filled = filled;
    head.pending_at = filled;
    head.pending = uint64_t{text.size()} << 32 | seed;
    Succeed();
    EXPECT_EQ(head.pending, 0u);
    EXPECT_EQ(head.filled, filled + text.size());
    ReadAndMove();
  }
  EXPECT_TRUE(Shown(*ring_).ends_with("text of two\n"));
  EXPECT_EQ(ring_->next_number(), 104u);
}

TEST_F(StageTest, KilledWhenARoomWasFilledAndNothingRead) {
  Put("one\n");
  ReadAndMove();
  StageHead& head = *block_.head;
  // The same fill as of a read of five bytes there.
  Put("12345");
  ASSERT_EQ(stage_->Read(read_.get(), false), Result::kSome);
  const std::string fill = FillFor(SeedAt(head.filled - 5), 5);
  head.filled -= 5;
  std::memcpy(block_.buffer + (head.filled - head.base), fill.data(), 5);
  head.pending_at = head.filled.load();
  head.pending = uint64_t{5} << 32 | SeedAt(head.filled);
  const uint64_t filled = head.filled;
  Succeed();
  EXPECT_EQ(head.filled, filled);
}

TEST_F(StageTest, KilledAfterTheNoteOfTheRead) {
  StageHead& head = *block_.head;
  Put("one\n");
  ASSERT_EQ(stage_->Read(read_.get(), false), Result::kSome);
  head.pending_at = 0;
  head.pending = uint64_t{4} << 32 | 1;
  Succeed();
  ReadAndMove();
  EXPECT_EQ(Shown(*ring_), "100:one\n");
}

TEST_F(StageTest, KilledBetweenTheRecordAndItsNote) {
  StageHead& head = *block_.head;
  Put("one\ntwo\nthr");
  ReadAndMove();
  head.taken = 0;
  Succeed();
  EXPECT_EQ(head.taken, 8u);
  Put("ee\n");
  ReadAndMove();
  EXPECT_EQ(Shown(*ring_), "100:one\ntwo\n102:three\n");
}

TEST_F(StageTest, KilledBetweenAPieceAndItsNote) {
  StageHead& head = *block_.head;
  Put("0123456789abcdefg");
  ReadAndMove();
  ASSERT_EQ(head.part, 1);
  head.taken = 0;
  head.part = 0;
  Succeed();
  Put("h\n");
  ReadAndMove();
  EXPECT_EQ(Shown(*ring_), "100:0123456789abcdef(0)\n101:gh(-1)\n");
}

TEST_F(StageTest, KilledInTheMiddleOfTheLastLines) {
  Put("one\n");
  ReadAndMove();
  ++block_.head->last_changes;
  Succeed();
  EXPECT_EQ(stage_->LastLines(), "");
  Put("two\n");
  ReadAndMove();
  EXPECT_EQ(stage_->LastLines(), "two\n");
}

TEST_F(StageTest, ABlockThatWasUsedAgainTakesNothingFromTheLastRecord) {
  Put("one\n");
  ReadAndMove();
  arena_->Drop(block_);
  block_ = arena_->AddStage().value();
  Stage::Begin(block_, {.service = 7, .worker = 2, .generation = 6, .pid = 4712});
  Succeed();
  Put("two\n");
  ReadAndMove();
  EXPECT_EQ(Shown(*ring_), "100:one\n101:two\n");
}

}  // namespace
}  // namespace fectl::logger
