#include "master/sim/world.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "master/sim/replay.h"

namespace fectl::sim {
namespace {

Options Small(uint64_t seed) {
  Options options;
  options.seed = seed;
  options.chaos = core::Seconds(600);
  return options;
}

// tools/sim runs many more.
TEST(World, RulesHoldForSomeSeeds) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const Outcome outcome = RunWorld(Small(seed));
    ASSERT_FALSE(outcome.broken.has_value()) << "seed " << seed << ": " << *outcome.broken;
    ASSERT_GT(outcome.events, 10U) << "seed " << seed;
  }
}

TEST(World, SameSeedSameRunWhateverTheWallClock) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Options other_wall = Small(seed);
    other_wall.wall_seed = 99;
    EXPECT_EQ(RunWorld(Small(seed)).hash, RunWorld(other_wall).hash);
  }
  EXPECT_NE(RunWorld(Small(1)).hash, RunWorld(Small(2)).hash);
}

TEST(World, RulesHoldWhateverTheOrderWithinAnInstant) {
  bool another = false;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Options other_order = Small(seed);
    other_order.order_seed = 7;
    const Outcome outcome = RunWorld(other_order);
    ASSERT_FALSE(outcome.broken.has_value()) << "seed " << seed << ": " << *outcome.broken;
    another = another || outcome.hash != RunWorld(Small(seed)).hash;
  }
  EXPECT_TRUE(another);
}

TEST(World, JournalAfterEveryStepChangesNothing) {
  for (uint64_t seed = 300; seed <= 303; ++seed) {
    Options journal = Small(seed);
    journal.chaos = core::Seconds(120);
    Options plain = journal;
    journal.journaled_steps = UINT64_MAX;
    const Outcome outcome = RunWorld(journal);
    EXPECT_FALSE(outcome.broken.has_value()) << *outcome.broken;
    EXPECT_EQ(outcome.hash, RunWorld(plain).hash);
  }
}

TEST(World, ItsTraceCanBeReplayedAndWritten) {
  Options options = Small(5);
  options.keep_trace = true;
  const Outcome outcome = RunWorld(options);
  std::string transcript;
  EXPECT_FALSE(Replay(outcome.trace, &transcript).has_value());
  EXPECT_FALSE(transcript.empty());
  const ParsedTrace parsed = ParseTrace(ToText(outcome.trace));
  ASSERT_FALSE(parsed.error.has_value()) << *parsed.error;
  EXPECT_EQ(parsed.trace.entries.size(), outcome.trace.entries.size());
  std::string again;
  Replay(parsed.trace, &again);
  EXPECT_EQ(again, transcript);
}

}  // namespace
}  // namespace fectl::sim
