#include "master/logger/memory/ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "master/logger/memory/test_memory.h"

namespace fectl::logger {
namespace {

RecordHead Lines(uint32_t lines) {
  RecordHead head = {};
  head.lines = lines;
  head.part = kWholeLine;
  return head;
}

TEST(Ring, NumbersItsLines) {
  const TestMemory memory;
  const auto arena = memory.Open();
  Ring ring(NewService(arena.get()));
  EXPECT_FALSE(ring.last().has_value());
  ring.Append(Lines(2), "a\nb\n");
  ring.Append(Lines(1), "c\n");
  EXPECT_EQ(Shown(ring), "100:a\nb\n102:c\n");
  EXPECT_EQ(ring.next_number(), 103u);
}

TEST(Ring, ASuccessorGoesOnBehindTheLastRecord) {
  const TestMemory memory;
  {
    const auto arena = memory.Open();
    Ring ring(NewService(arena.get()));
    ring.Append(Lines(1), "a\n");
    ring.Append(Lines(3), "b\nc\nd\n");
  }
  const auto arena = memory.Open();
  ASSERT_EQ(arena->services().size(), 1u);
  Ring ring(arena->services().front());
  EXPECT_EQ(ring.last()->lines, 3u);
  ring.Append(Lines(1), "e\n");
  EXPECT_EQ(Shown(ring), "100:a\n101:b\nc\nd\n104:e\n");
}

TEST(Ring, ARecordWhoseEndWasNotCommittedIsNone) {
  const TestMemory memory;
  const auto arena = memory.Open();
  const Arena::Service block = NewService(arena.get());
  uint64_t newest = 0;
  {
    Ring ring(block);
    ring.Append(Lines(1), "a\n");
    newest = ring.newest();
    ring.Append(Lines(1), "half\n");
  }
  // As it is between the copy of a record and its commit.
  block.head->newest = newest;
  Ring ring(block);
  EXPECT_EQ(Shown(ring), "100:a\n");
  ring.Append(Lines(1), "b\n");
  EXPECT_EQ(Shown(ring), "100:a\n101:b\n");
}

TEST(Ring, TheOldestRecordsGoWhereThereIsNoRoom) {
  const TestMemory memory;
  const auto arena = memory.Open();
  Ring ring(NewService(arena.get()));
  // Of a length that fits no whole number of times, so that the end of the ring is met everywhere.
  const std::string text(999, 'x');
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t before = ring.oldest();
    const uint64_t expected = ring.OverwrittenBy(text.size() + 1);
    ring.Append(Lines(1), text + "\n");
    ASSERT_EQ(ring.oldest(), expected);
    ASSERT_GE(ring.oldest(), before);
    ASSERT_LE(ring.newest() - ring.oldest(), kRingBytes);
  }
  uint64_t position = 0;
  uint64_t next = 0;
  int records = 0;
  while (const auto record = ring.At(&position)) {
    if (records++ > 0) {
      ASSERT_EQ(record->head.number, next);
    }
    next = record->head.number + 1;
    ASSERT_EQ(record->text, text + "\n");
    position = record->next;
  }
  EXPECT_EQ(next, 10'100u);
  EXPECT_GT(records, 900);
  // A successor reads the same.
  EXPECT_EQ(Ring(arena->services().front()).next_number(), 10'100u);
}

TEST(Ring, ACopyHasWholeRecords) {
  const TestMemory memory;
  const auto arena = memory.Open();
  Ring ring(NewService(arena.get()));
  for (int i = 0; i < 5'000; ++i)
    ring.Append(Lines(1), std::string(static_cast<size_t>(i % 700), 'y') + "\n");
  uint64_t position = 0;
  uint64_t next = 0;
  while (position < ring.newest()) {
    const std::string records = ring.Copy(&position, 10'000);
    if (records.empty()) break;
    ASSERT_LE(records.size(), 10'000u + 1'000);
    WalkRecords(records, [&](const RecordHead& head, std::string_view text) {
      if (next != 0) {
        ASSERT_EQ(head.number, next);
      }
      next = head.number + head.lines;
      ASSERT_EQ(text.size(), (head.number - 100) % 700 + 1);
    });
  }
  EXPECT_EQ(next, 5'100u);
}

TEST(Arena, BlocksThatWereDroppedAreUsedAgainAndEmpty) {
  const TestMemory memory;
  const auto arena = memory.Open();
  const Arena::Service first = NewService(arena.get(), 1);
  NewService(arena.get(), 2);
  Ring(first).Append(Lines(1), "a\n");
  arena->Drop(first);
  EXPECT_EQ(arena->services().size(), 1u);
  const Arena::Service again = NewService(arena.get(), 3);
  EXPECT_EQ(again.head, first.head);
  EXPECT_EQ(Shown(Ring(again)), "");
  EXPECT_EQ(memory.Open()->services().size(), 2u);
}

TEST(Arena, MemoryOfAnotherVersionIsRefused) {
  base::UniqueFd fd(memfd_create("test", MFD_CLOEXEC));
  ASSERT_EQ(write(fd.get(), "0123456789", 10), 10);
  EXPECT_FALSE(Arena::Open(std::move(fd)).ok());
}

TEST(Arena, WithoutSharedMemoryThereIsSomeOfItsOwn) {
  const auto arena = Arena::Open(base::UniqueFd());
  ASSERT_TRUE(arena.ok());
  Ring ring(NewService(arena->get()));
  ring.Append(Lines(1), "a\n");
  EXPECT_EQ(Shown(ring), "100:a\n");
}

}  // namespace
}  // namespace fectl::logger
