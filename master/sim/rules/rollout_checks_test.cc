// The rules of rollouts bite: a real supervisor takes steps, and the rules believe another policy than it
// has, or are shown what it did not decide.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "master/core/supervisor.h"
#include "master/sim/rules/checks.h"
#include "master/sim/rules/marks.h"

namespace fectl::sim {
namespace {

using testing::HasSubstr;
using Tamper = std::function<void(core::Effects&)>;
using What = core::ServiceReport::What;

// Two workers, of which nobody expects a heartbeat.
core::ServicePolicy Web(const core::RolloutPolicy& rollout) {
  core::ServicePolicy policy;
  policy.name = "web";
  policy.num = 2;
  policy.timeout = core::Seconds(5000);
  policy.rollout = rollout;
  return policy;
}

core::RolloutPolicy Bake(int64_t seconds) {
  core::RolloutPolicy rollout;
  rollout.bake = core::Seconds(seconds);
  return rollout;
}

class RolloutRulesTest : public testing::Test {
 protected:
  // What the supervisor has, and what the rules are told. Both workers serve then: 1 and 2.
  void Boot(const core::ServicePolicy& real, const core::ServicePolicy& told) {
    told_ = told;
    supervisor_ = core::Supervisor(core::FirstPlans({real}), 1);
    checks_.emplace(std::vector{told}, &marks_);
    core::Effects effects;
    supervisor_.Boot(at_, effects);
    checks_->After(supervisor_, nullptr, at_, effects);
    Load(0, 1);
    Load(1, 2);
    EXPECT_EQ(Broken(), "");
  }
  void Boot(const core::RolloutPolicy& rollout) { Boot(Web(rollout), Web(rollout)); }
  void Step(const core::Event& event, const Tamper& tamper = nullptr) {
    core::Effects effects;
    checks_->Before(supervisor_, event);
    supervisor_.Step(event, at_, effects);
    if (tamper) tamper(effects);
    checks_->After(supervisor_, &event, at_, effects);
  }
  // Nothing is due, so the real supervisor does nothing.
  void Invent(const core::Effect& effect) {
    Step(core::TimePassed{}, [&](core::Effects& effects) { effects.push_back(effect); });
  }
  void Load(uint32_t slot, core::Generation generation) {
    const core::Incarnation who{0, slot, generation};
    Step(core::Spawned{who, static_cast<int32_t>(100 + generation)});
    Step(core::WorkerLoaded{who});
  }
  void Reload(const Tamper& tamper = nullptr) {
    Step(core::Commanded{.request = ++request_, .verb = core::Verb::kReload}, tamper);
  }
  // The rules are not told of another policy than before.
  void ChangePlan(const core::ServicePolicy& policy) {
    core::Effects effects;
    const core::Event real = core::PlanChanged{0, {2, policy}};
    const core::Event told = core::PlanChanged{0, {2, told_}};
    checks_->Before(supervisor_, told);
    supervisor_.Step(real, at_, effects);
    checks_->After(supervisor_, &told, at_, effects);
  }
  void Bakes() {
    Reload();
    Load(0, 3);
    Load(1, 4);
    EXPECT_EQ(Broken(), "");
  }
  void Pass(int64_t seconds) { at_.now = at_.now + core::Seconds(seconds); }
  std::string Broken() const { return checks_->broken().value_or(""); }

  Marks marks_;
  core::ServicePolicy told_;
  core::Supervisor supervisor_{{}, 1};
  std::optional<Checks> checks_;
  core::Moment at_{core::Instant{1'000'000'000}, 0};
  core::RequestId request_ = 0;
};

TEST_F(RolloutRulesTest, AreSilentWhereAllIsWell) {
  Boot(Bake(60));
  Bakes();
  Step(core::Exited{.who = {0, 0, 3}, .number = 1});
  Step(core::Exited{.who = {0, 1, 4}});
  Reload();
  Load(0, 5);
  Load(1, 6);
  Pass(60);
  Step(core::TimePassed{});
  EXPECT_EQ(Broken(), "");
  EXPECT_EQ(supervisor_.services()[0].state(), core::ServiceState::kRunning);
}

TEST_F(RolloutRulesTest, RolloutLeavesEnoughWorkersOnDuty) {
  core::RolloutPolicy real;
  real.max_unavailable = 2;
  core::RolloutPolicy told;
  told.max_unavailable = 1;
  Boot(Web(real), Web(told));
  Reload();
  EXPECT_THAT(Broken(), HasSubstr("a rollout leaves enough workers on duty (I44)"));
}

TEST_F(RolloutRulesTest, OneIsRecycledAtATime) {
  Boot({});
  Step(core::WorkerWornOut{{0, 0, 1}, "old"});
  Step(core::WorkerWornOut{{0, 1, 2}, "old"});
  EXPECT_EQ(Broken(), "");
  Invent(core::Spawn{{0, 1, 4}, 1});
  EXPECT_THAT(Broken(), HasSubstr("one is recycled at a time (I45)"));
}

TEST_F(RolloutRulesTest, WhatIsWellIsReplacedWhileAllServe) {
  Boot({});
  Step(core::Exited{.who = {0, 1, 2}, .number = 1});
  Step(core::WorkerWornOut{{0, 0, 1}, "old"});
  EXPECT_EQ(Broken(), "");
  Invent(core::Spawn{{0, 0, 4}, 1});
  EXPECT_THAT(Broken(), HasSubstr("what is well is replaced while all serve (I45)"));
}

TEST_F(RolloutRulesTest, WhoIsKeptIsPaused) {
  Boot(Bake(60));
  Bakes();
  Invent(core::Send{{0, 0, 1}, core::Order::kResume});
  EXPECT_THAT(Broken(), HasSubstr("who is kept is paused (I46)"));
}

TEST_F(RolloutRulesTest, NobodyIsKeptWithoutARollout) {
  Boot(Bake(60));
  Bakes();
  Invent(core::ServiceReport{.what = What::kRollDone});
  EXPECT_THAT(Broken(), HasSubstr("nobody is kept without a rollout (I46)"));
}

TEST_F(RolloutRulesTest, FailedRolloutEndsWithTheVersionBefore) {
  core::RolloutPolicy real;
  real.max_surge = 1;
  core::RolloutPolicy told = real;
  real.auto_revert = false;
  Boot(Web(real), Web(told));
  ChangePlan(Web(real));
  Reload();
  Load(0, 3);
  EXPECT_EQ(Broken(), "");
  Step(core::Exited{.who = {0, 1, 4}, .number = 1});
  EXPECT_THAT(Broken(), HasSubstr("a rollout that failed ends with the version before (I47)"));
}

TEST_F(RolloutRulesTest, NobodyGoesBackWithoutAReason) {
  core::RolloutPolicy told = Bake(60);
  told.auto_revert = false;
  Boot(Web(Bake(60)), Web(told));
  Bakes();
  Step(core::Exited{.who = {0, 1, 4}, .number = 1});
  EXPECT_THAT(Broken(), HasSubstr("nobody goes back without a reason (I47)"));
}

TEST_F(RolloutRulesTest, WhoGoesBackIsOfThePlanBefore) {
  core::RolloutPolicy rollout;
  rollout.max_surge = 1;
  Boot(rollout);
  ChangePlan(Web(rollout));
  Reload();
  Load(0, 3);
  Step(core::Exited{.who = {0, 1, 4}, .number = 1}, [](core::Effects& effects) {
    for (core::Effect& effect : effects) {
      if (auto* spawn = std::get_if<core::Spawn>(&effect)) spawn->plan = 2;
    }
  });
  EXPECT_THAT(Broken(), HasSubstr("who goes back is of the plan before (I35)"));
}

TEST_F(RolloutRulesTest, OldGenerationsAreFew) {
  core::RolloutPolicy told;
  told.max_old_generations = 1;
  Boot(Web({}), Web(told));
  Bakes();
  Reload();
  Load(0, 5);
  Load(1, 6);
  EXPECT_THAT(Broken(), HasSubstr("old generations are few (I48)"));
}

TEST_F(RolloutRulesTest, RolloutGoesOn) {
  core::RolloutPolicy told = Bake(5);
  told.progress_deadline = core::Seconds(10);
  Boot(Web(Bake(600)), Web(told));
  Bakes();
  Pass(11);
  Step(core::TimePassed{});
  EXPECT_THAT(Broken(), HasSubstr("a rollout goes on (I49)"));
}

TEST_F(RolloutRulesTest, RolloutWaitsForAnOperatorWhereOneWantsIt) {
  core::RolloutPolicy real;
  real.canary = 1;
  Boot(Web(real), Web({}));
  Reload();
  Load(0, 3);
  EXPECT_THAT(Broken(), HasSubstr("a rollout waits for an operator where one wants it (I49)"));
}

TEST_F(RolloutRulesTest, EachRolloutIsToldOf) {
  Boot({});
  Reload([](core::Effects& effects) {
    std::erase_if(effects, [](const core::Effect& effect) {
      const auto* report = std::get_if<core::ServiceReport>(&effect);
      return report != nullptr && report->what == What::kRollBegan;
    });
  });
  EXPECT_THAT(Broken(), HasSubstr("each rollout is told of (I49)"));
}

TEST_F(RolloutRulesTest, RolloutEndsOnce) {
  Boot({});
  Invent(core::ServiceReport{.what = What::kRollDone});
  EXPECT_THAT(Broken(), HasSubstr("a rollout ends once (I49)"));
}

TEST_F(RolloutRulesTest, WhoIsWornOutIsReplaced) {
  core::ServicePolicy told = Web({});
  told.recycle.max_age = core::Seconds(10);
  Boot(Web({}), told);
  Step(core::TimePassed{});
  Pass(100);
  Step(core::TimePassed{});
  EXPECT_THAT(Broken(), HasSubstr("who is worn out is replaced (J7)"));
}

}  // namespace
}  // namespace fectl::sim
