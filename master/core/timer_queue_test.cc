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
class TimerQueueModel : public testing::Test {
 protected:
  void AddKeys(uint32_t count) {
    queue_.AddKeys(count);
    keys_ += count;
  }
  void Set(TimerQueue::Key key, Instant deadline) {
    const Instant old = queue_.deadline(key);
    if (old != kNever) model_.erase({old.ns, key});
    if (deadline != kNever) model_.insert({deadline.ns, key});
    queue_.Set(key, deadline);
  }
  void ExpectSameFront() {
    ASSERT_EQ(queue_.earliest().ns, model_.empty() ? kNever.ns : model_.begin()->first);
    if (model_.empty()) return;
    ASSERT_EQ(queue_.earliest_key(), model_.begin()->second);
  }
  // That nothing is lost is only seen when everything has been the first once.
  void ExpectSameOrder() {
    while (!model_.empty()) {
      ExpectSameFront();
      if (HasFatalFailure()) return;
      Set(queue_.earliest_key(), kNever);
    }
    ExpectSameFront();
  }

  Random random_{7};
  TimerQueue queue_;
  std::set<std::pair<int64_t, TimerQueue::Key>> model_;
  uint32_t keys_ = 0;
};

TEST_F(TimerQueueModel, AgreesAboutAnyDeadlines) {
  for (int step = 0; step < 50'000; ++step) {
    if (step % 1000 == 0) AddKeys(9);
    const Instant deadline =
        random_.Below(4) == 0 ? kNever : Instant{static_cast<int64_t>(random_.Below(500))};
    Set(static_cast<TimerQueue::Key>(random_.Below(keys_)), deadline);
    ExpectSameFront();
    if (HasFatalFailure()) return;
  }
  ExpectSameOrder();
}

TEST(TimerQueue, WhoBeatsInTurnStandsInALine) {
  TimerQueue queue;
  queue.AddKeys(50);
  queue.AddKeys(1);
  queue.Set(50, Instant{1000});
  queue.Set(0, Instant{900});  // nobody can stand behind it before it has gone
  for (TimerQueue::Key key = 1; key < 50; ++key) queue.Set(key, Instant{int64_t{100} + key});
  EXPECT_EQ(queue.searched(), 51U);
  queue.Set(0, kNever);
  for (TimerQueue::Key key = 1; key < 50; ++key) queue.Set(key, Instant{int64_t{200} + key});
  EXPECT_EQ(queue.searched(), 2U);
  EXPECT_EQ(queue.earliest_key(), 1U);
}

// As slots do it: most move to the end of their line, in some order; some wait for longer, or for nothing.
TEST_F(TimerQueueModel, AgreesAboutHeartbeats) {
  for (int line = 0; line < 3; ++line) AddKeys(20);
  for (int64_t now = 0; now < 50'000; ++now) {
    const auto key = static_cast<TimerQueue::Key>(random_.Below(keys_));
    const uint64_t kind = random_.Below(50);
    const int64_t timeout = kind == 0 ? 90 : (1 + key / 20) * 10;
    Set(key, kind == 1 ? kNever : Instant{now / 4 + timeout});
    ExpectSameFront();
    if (HasFatalFailure()) return;
  }
  ExpectSameOrder();
}

}  // namespace
}  // namespace fectl::core
