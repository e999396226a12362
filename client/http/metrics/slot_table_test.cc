#include "client/http/metrics/slot_table.h"

#include "gtest/gtest.h"

namespace fectl::http {
namespace {

using client::ProcessUsage;

constexpr int64_t kNow = 1'764'000'000;

proto::MasterView ViewOf(std::vector<int64_t> pids, double uptime_s = 10) {
  proto::ServiceView web;
  web.name = "web";
  int index = 0;
  for (const int64_t pid : pids) {
    proto::WorkerView worker;
    worker.index = ++index;
    worker.pid = pid;
    worker.uptime_s = pid == 0 ? 0 : uptime_s;
    web.workers.push_back(worker);
  }
  proto::MasterView view;
  view.services = {web};
  return view;
}

SlotTable::Look Uses(ProcessUsage usage) {
  return [usage](int64_t) { return usage; };
}

TEST(SlotTable, AProcessBeganOnceHoweverOftenItIsLookedAt) {
  SlotTable slots;
  slots.Take(ViewOf({100}, 10.4), kNow);
  EXPECT_EQ(slots.Find("web", 1)->start_time_s, kNow - 10);
  slots.Take(ViewOf({100}, 15.6), kNow + 5);
  EXPECT_EQ(slots.Find("web", 1)->start_time_s, kNow - 10);
  slots.Take(ViewOf({101}, 1), kNow + 6);
  EXPECT_EQ(slots.Find("web", 1)->start_time_s, kNow + 5);
  slots.Take(ViewOf({0}), kNow + 7);
  EXPECT_EQ(slots.Find("web", 1)->start_time_s, 0);
}

TEST(SlotTable, UsedTimeOfAPlaceNeverFalls) {
  SlotTable slots;
  slots.Take(ViewOf({100}), kNow);
  EXPECT_FALSE(slots.Find("web", 1)->measured);
  slots.Measure(10, Uses({.memory_bytes = 7, .cpu_ms = 500, .started = 1}));
  EXPECT_TRUE(slots.Find("web", 1)->measured);
  EXPECT_EQ(slots.Find("web", 1)->cpu_ms, 500);
  EXPECT_EQ(slots.Find("web", 1)->memory_bytes, 7);
  slots.Take(ViewOf({100}), kNow);
  slots.Measure(10, Uses({.memory_bytes = 8, .cpu_ms = 700, .started = 1}));
  EXPECT_EQ(slots.Find("web", 1)->cpu_ms, 700);
  // It was killed, and its successor has used little yet.
  slots.Take(ViewOf({101}), kNow);
  EXPECT_EQ(slots.Find("web", 1)->memory_bytes, 0);
  slots.Measure(10, Uses({.memory_bytes = 3, .cpu_ms = 20, .started = 2}));
  EXPECT_EQ(slots.Find("web", 1)->cpu_ms, 720);
  EXPECT_EQ(slots.Find("web", 1)->memory_bytes, 3);
  // Nothing runs, and then a process that has the number of the first one.
  slots.Take(ViewOf({0}), kNow);
  slots.Measure(10, Uses({.memory_bytes = 9, .cpu_ms = 9'000, .started = 9}));
  EXPECT_EQ(slots.Find("web", 1)->cpu_ms, 720);
  slots.Take(ViewOf({100}), kNow);
  slots.Measure(10, Uses({.memory_bytes = 3, .cpu_ms = 30, .started = 3}));
  EXPECT_EQ(slots.Find("web", 1)->cpu_ms, 750);
}

TEST(SlotTable, MeasuresSoManyAtATime) {
  SlotTable slots;
  slots.Take(ViewOf({100, 101, 102}), kNow);
  int looks = 0;
  const SlotTable::Look look = [&](int64_t) {
    ++looks;
    return std::optional<ProcessUsage>({.memory_bytes = 1, .cpu_ms = 1, .started = 1});
  };
  slots.Measure(2, look);
  EXPECT_EQ(looks, 2);
  EXPECT_FALSE(slots.all_measured());
  slots.Measure(2, look);
  EXPECT_EQ(looks, 3);
  EXPECT_TRUE(slots.all_measured());
}

TEST(SlotTable, AProcessThatCannotBeLookedAtIsNotMeasured) {
  SlotTable slots;
  slots.Take(ViewOf({100}), kNow);
  slots.Measure(1, [](int64_t) { return std::nullopt; });
  EXPECT_TRUE(slots.all_measured());
  EXPECT_FALSE(slots.Find("web", 1)->measured);
}

TEST(SlotTable, ForgetsWhatIsNoMore) {
  SlotTable slots;
  slots.Take(ViewOf({100, 101}), kNow);
  slots.Take(ViewOf({100}), kNow);
  EXPECT_EQ(slots.Find("web", 2), nullptr);
  slots.Take({}, kNow);
  EXPECT_EQ(slots.Find("web", 1), nullptr);
  EXPECT_EQ(slots.Find("none", 0), nullptr);
}

}  // namespace
}  // namespace fectl::http
