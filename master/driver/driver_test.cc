#include "master/driver/driver.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"
#include "master/core/boundary/policy.h"
#include "master/driver/outside.h"

namespace fectl::driver {
namespace {

constexpr core::Span kTimeout = core::Seconds(10);

// Starts what it is asked to start, and tells at each wait what the test has prepared for it.
class Invented : public Outside {
 public:
  core::Moment Now() override { return {now, 0}; }
  absl::StatusOr<bool> Wait(int64_t timeout_ns) override {
    timeouts.push_back(timeout_ns);
    if (!fails.ok()) return fails;
    if (waits.empty()) return false;
    const std::function<bool()> wait = std::move(waits.front());
    waits.pop_front();
    return wait();
  }
  size_t waits_for_all() const override { return 3; }
  core::Instant next_deadline() const override { return due; }
  void Run(const core::Effect& effect) override {
    effects.push_back(effect);
    if (const auto* spawn = std::get_if<core::Spawn>(&effect)) {
      driver->Emit(core::Spawned{spawn->who, 100});
      if (loads_at_once) driver->Emit(core::WorkerLoaded{spawn->who});
    }
  }
  void OnStepped(const core::Event* event, const core::Effects& /*effects*/) override {
    if (event != nullptr) stepped.push_back(*event);
  }
  void OnStall(core::Span length) override { stalls.push_back(length); }
  void Look(core::Instant /*when*/) override { ++looks; }
  void OnTurnEnd(core::Instant when) override { ends.push_back(when); }

  template <typename Effect>
  size_t Count() const {
    size_t count = 0;
    for (const core::Effect& effect : effects) count += std::holds_alternative<Effect>(effect) ? 1 : 0;
    return count;
  }
  template <typename Event>
  size_t Stepped() const {
    size_t count = 0;
    for (const core::Event& event : stepped) count += std::holds_alternative<Event>(event) ? 1 : 0;
    return count;
  }

  Driver* driver = nullptr;
  core::Instant now{1'000'000'000};
  core::Instant due = core::kNever;
  absl::Status fails;
  bool loads_at_once = true;
  std::deque<std::function<bool()>> waits;  // what each of the next waits does; true: there is more
  std::vector<int64_t> timeouts;
  core::Effects effects;
  std::vector<core::Event> stepped;
  std::vector<core::Span> stalls;
  std::vector<core::Instant> ends;
  int looks = 0;
};

class DriverTest : public ::testing::Test {
 protected:
  void Begin(uint32_t workers, size_t starts_per_turn = kStartsPerTurnMax) {
    driver_ =
        std::make_unique<Driver>(core::FirstPlans({{.name = "web", .num = workers, .timeout = kTimeout}}), 1,
                                 &outside_, starts_per_turn);
    outside_.driver = driver_.get();
    driver_->Boot();
  }
  void Turn() { EXPECT_TRUE(driver_->Turn().ok()); }
  core::Incarnation Worker() const { return {.service = 0, .slot = 0, .generation = 1}; }

  Invented outside_;
  std::unique_ptr<Driver> driver_;
};

TEST_F(DriverTest, BootStartsWorkersAndStepsWhatFollows) {
  Begin(2);
  EXPECT_EQ(outside_.Count<core::Spawn>(), 2U);
  EXPECT_EQ(outside_.Stepped<core::Spawned>(), 2U);
  EXPECT_EQ(driver_->supervisor().services()[0].ready(), 2U);
  EXPECT_TRUE(driver_->idle());
}

TEST_F(DriverTest, WaitsUntilTheNextDeadlineOfEither) {
  Begin(1);
  EXPECT_EQ(driver_->TimeoutNanos(outside_.now), kTimeout.ns);
  outside_.due = outside_.now + core::Milliseconds(5);
  EXPECT_EQ(driver_->TimeoutNanos(outside_.now), core::Milliseconds(5).ns);
  outside_.due = core::Instant{};
  EXPECT_EQ(driver_->TimeoutNanos(outside_.now), 0);
}

TEST_F(DriverTest, WaitsNotWhileSomethingIsToBeStepped) {
  Begin(1);
  driver_->Emit(core::WorkerBeat{Worker()});
  Turn();
  EXPECT_EQ(outside_.timeouts, std::vector<int64_t>{0});
  EXPECT_EQ(outside_.Stepped<core::WorkerBeat>(), 1U);
}

TEST_F(DriverTest, AnErrorOfTheWaitEndsTheTurn) {
  Begin(1);
  outside_.fails = absl::InternalError("no epoll");
  EXPECT_EQ(driver_->Turn().message(), "no epoll");
  EXPECT_TRUE(outside_.ends.empty());
}

TEST_F(DriverTest, MoreStartsThanATurnMayHaveWaitForTheNextOnes) {
  Begin(10, 4);
  EXPECT_EQ(outside_.Count<core::Spawn>(), 4U);
  EXPECT_FALSE(driver_->idle());
  Turn();
  EXPECT_EQ(outside_.timeouts.back(), 0);
  EXPECT_EQ(outside_.Count<core::Spawn>(), 8U);
  Turn();
  EXPECT_EQ(outside_.Count<core::Spawn>(), 10U);
}

TEST_F(DriverTest, AStartThatWaitsBehindOthersHasAllItsTime) {
  outside_.loads_at_once = false;
  Begin(2, 1);
  outside_.waits.emplace_back([this] {  // the first start took as long as a start may
    outside_.now = outside_.now + driver_->supervisor().services()[0].policy().startup_timeout;
    return false;
  });
  Turn();
  ASSERT_EQ(outside_.Count<core::Spawn>(), 2U);
  const std::vector<core::Slot>& slots = driver_->supervisor().services()[0].slots();
  EXPECT_TRUE(std::holds_alternative<core::Starting>(slots[1].state()));
  EXPECT_EQ(slots[1].next_deadline(),
            outside_.now + driver_->supervisor().services()[0].policy().startup_timeout);
}

TEST_F(DriverTest, AHeartbeatThatLiesUnreadAtTheDeadlineCounts) {
  Begin(1);
  outside_.waits.emplace_back([this] {  // the deadline passes while nothing is looked at
    outside_.now = outside_.now + kTimeout;
    return false;
  });
  outside_.waits.emplace_back([] { return true; });  // busy with other things
  outside_.waits.emplace_back([this] {
    driver_->Emit(core::WorkerBeat{Worker()});
    return true;
  });
  Turn();
  EXPECT_EQ(outside_.Count<core::Examine>(), 0U);
  EXPECT_EQ(outside_.timeouts.size(), 4U);  // its own, and as many as look at everything
  EXPECT_EQ(outside_.Stepped<core::TimePassed>(), 1U);
}

TEST_F(DriverTest, SilenceAtTheDeadlineIsJudgedOnceAllWasRead) {
  Begin(1);
  outside_.waits.emplace_back([this] {
    outside_.now = outside_.now + kTimeout;
    return false;
  });
  Turn();
  EXPECT_EQ(outside_.Count<core::Examine>(), 1U);
  EXPECT_EQ(outside_.timeouts.size(), 2U);  // the second one found everything
}

TEST_F(DriverTest, AStallInTheWaitCountsFromItsBeginning) {
  Begin(1);
  outside_.waits.emplace_back([this] {
    outside_.now = outside_.now + kTimeout + kStallAfter;
    return false;
  });
  Turn();
  EXPECT_EQ(outside_.stalls, std::vector<core::Span>{kTimeout + kStallAfter});
  EXPECT_EQ(outside_.Stepped<core::Stalled>(), 1U);
  EXPECT_EQ(outside_.Count<core::Signal>(), 0U);
}

TEST_F(DriverTest, AStallBetweenTurnsIsNoticed) {
  Begin(1);
  Turn();
  outside_.now = outside_.now + core::Seconds(60);
  Turn();
  EXPECT_EQ(outside_.stalls, std::vector<core::Span>{core::Seconds(60)});
  EXPECT_EQ(outside_.Count<core::Signal>(), 0U);
}

TEST_F(DriverTest, AnIdleWaitWithoutLimitIsNoStall) {
  Begin(1);
  driver_->Emit(core::Commanded{.request = 1, .service = 0, .verb = core::Verb::kStop});
  Turn();
  driver_->Emit(core::Exited{.who = Worker()});
  Turn();
  while (driver_->TimeoutNanos(outside_.now) >= 0) {  // deadlines that it had
    outside_.waits.emplace_back([this] {
      outside_.now = outside_.now + core::Span{driver_->TimeoutNanos(outside_.now)};
      return false;
    });
    Turn();
  }
  outside_.waits.emplace_back([this] {
    outside_.now = outside_.now + core::Seconds(3600);
    return false;
  });
  Turn();
  EXPECT_EQ(outside_.timeouts.back(), -1);
  EXPECT_TRUE(outside_.stalls.empty());
}

TEST_F(DriverTest, NothingIsSteppedOnceAllIsFinished) {
  Begin(1);
  driver_->Emit(core::ShutdownAsked{});
  driver_->Emit(core::Exited{.who = Worker()});
  driver_->Emit(core::RoomMade{});
  Turn();
  EXPECT_TRUE(driver_->finished());
  EXPECT_EQ(outside_.Count<core::Finish>(), 1U);
  EXPECT_EQ(outside_.Stepped<core::RoomMade>(), 0U);
  EXPECT_EQ(outside_.looks, 1);
}

}  // namespace
}  // namespace fectl::driver
