#include "master/core/timer_queue.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <utility>

#include "master/core/random.h"
#include "master/core/time.h"

namespace fectl::core {
namespace {

TEST(TimerQueue, EmptyHasNoDeadline) {
  TimerQueue queue;
  EXPECT_EQ(queue.earliest(), kNever);
  queue.AddKeys(3);
  EXPECT_EQ(queue.earliest(), kNever);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(TimerQueue, EqualDeadlinesComeInTheOrderOfKeys) {
  TimerQueue queue;
  queue.AddKeys(3);
  for (const TimerQueue::Key key : {2U, 0U, 1U}) queue.Set(key, Instant{5});
  EXPECT_EQ(queue.earliest_key(), 0U);
  queue.Set(0, kNever);
  EXPECT_EQ(queue.earliest_key(), 1U);
}

// Against the obvious implementation: an ordered set of (deadline, key).
TEST(TimerQueue, AgreesWithAModel) {
  Random random(7);
  TimerQueue queue;
  std::set<std::pair<int64_t, TimerQueue::Key>> model;
  uint32_t keys = 0;
  for (int step = 0; step < 50'000; ++step) {
    if (step % 1000 == 0) {
      queue.AddKeys(9);
      keys += 9;
    }
    const auto key = static_cast<TimerQueue::Key>(random.Below(keys));
    const Instant old = queue.deadline(key);
    const Instant now = random.Below(4) == 0 ? kNever : Instant{static_cast<int64_t>(random.Below(500))};
    if (old != kNever) model.erase({old.ns, key});
    if (now != kNever) model.insert({now.ns, key});
    queue.Set(key, now);
    ASSERT_EQ(queue.size(), model.size());
    if (model.empty()) {
      ASSERT_EQ(queue.earliest(), kNever);
    } else {
      ASSERT_EQ(queue.earliest().ns, model.begin()->first);
      ASSERT_EQ(queue.earliest_key(), model.begin()->second);
    }
  }
}

}  // namespace
}  // namespace fectl::core
