#include "master/core/basis/timer_queue.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>

#include "master/core/basis/random.h"
#include "master/core/basis/time.h"

namespace fectl::core {
namespace {

TEST(TimerQueue, EmptyHasNoAlarm) {
  TimerQueue queue;
  EXPECT_EQ(queue.earliest(), kNever);
  queue.Set({Instant{5}, 0, 0});
  queue.Clear();
  EXPECT_EQ(queue.earliest(), kNever);
}

TEST(TimerQueue, EqualAlarmsComeInTheOrderOfServicesAndSlots) {
  TimerQueue queue;
  queue.Set({Instant{5}, 1, 0});
  queue.Set({Instant{5}, 0, 2});
  queue.Set({Instant{5}, 0, 1});
  EXPECT_EQ(queue.Take(), (TimerQueue::Alarm{Instant{5}, 0, 1}));
  EXPECT_EQ(queue.Take(), (TimerQueue::Alarm{Instant{5}, 0, 2}));
  EXPECT_EQ(queue.Take(), (TimerQueue::Alarm{Instant{5}, 1, 0}));
}

// Against the obvious implementation.
TEST(TimerQueue, BehavesLikeASortedSet) {
  Random random(7);
  TimerQueue queue;
  std::multiset<TimerQueue::Alarm> model;
  for (int i = 0; i < 100'000; ++i) {
    if (model.size() > 300 || (!model.empty() && random.Below(3) == 0)) {
      ASSERT_EQ(queue.earliest(), model.begin()->at);
      ASSERT_EQ(queue.Take(), *model.begin());
      model.erase(model.begin());
    } else {
      const TimerQueue::Alarm alarm{Instant{static_cast<int64_t>(random.Below(1000))},
                                    static_cast<ServiceId>(random.Below(5)),
                                    static_cast<uint32_t>(random.Below(50))};
      queue.Set(alarm);
      model.insert(alarm);
    }
    ASSERT_EQ(queue.size(), model.size());
  }
}

TEST(TimerQueueDeathTest, AlarmThatIsTakenWasSet) {
  TimerQueue timers;
  EXPECT_DEATH(timers.Take(), "timer_queue.cc:[0-9]+: broken: an alarm that is taken was set");
}

TEST(RandomDeathTest, NumberIsBelowSomething) {
  EXPECT_DEATH(Random(1).Below(0), "random.h:[0-9]+: broken: a number is below something");
}

}  // namespace
}  // namespace fectl::core
