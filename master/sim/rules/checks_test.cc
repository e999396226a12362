// The rules bite: a real supervisor takes a step, and what the rules are shown of it is not what it decided.

#include "master/sim/rules/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "master/core/supervisor.h"
#include "master/sim/rules/marks.h"

namespace fectl::sim {
namespace {

using testing::HasSubstr;
using Tamper = std::function<void(core::Effects&)>;

template <typename E>
void Drop(core::Effects& effects) {
  std::erase_if(effects, [](const core::Effect& effect) { return std::holds_alternative<E>(effect); });
}

// One service of one worker, which serves.
class Rules : public testing::Test {
 protected:
  Rules() {
    core::Effects effects;
    supervisor_.Boot(at_, effects);
    checks_.After(supervisor_, nullptr, at_, effects);
    Step(core::Spawned{First(), 100});
    Step(core::WorkerLoaded{First()});
    EXPECT_EQ(Broken(), "");
  }

  void Step(const core::Event& event, const Tamper& tamper = nullptr) {
    core::Effects effects;
    checks_.Before(supervisor_, event);
    supervisor_.Step(event, at_, effects);
    if (tamper) tamper(effects);
    checks_.After(supervisor_, &event, at_, effects);
  }
  // Nothing is due, so the real supervisor does nothing.
  void Invent(const core::Effect& effect) {
    Step(core::TimePassed{}, [&](core::Effects& effects) { effects.push_back(effect); });
  }
  void Pass(core::Span span) { at_.now = at_.now + span; }
  std::string Broken() const { return checks_.broken().value_or(""); }

  static core::Incarnation First() { return {0, 0, 1}; }
  static core::Incarnation Second() { return {0, 0, 2}; }
  static std::vector<core::ServicePolicy> Policies() {
    core::ServicePolicy policy;
    policy.name = "web";
    return {policy};
  }

  Marks marks_;
  Checks checks_{Policies(), &marks_};
  core::Supervisor supervisor_{core::FirstPlans(Policies()), 1};
  core::Moment at_{core::Instant{1'000'000'000}, 0};
};

TEST_F(Rules, NotMoreThanTwoForEachPlace) {
  Step(core::Commanded{.request = 1, .verb = core::Verb::kReload}, [](core::Effects& effects) {
    for (core::Generation generation = 3; generation < 6; ++generation)
      effects.emplace_back(core::Spawn{{0, 0, generation}, 1});
  });
  EXPECT_THAT(Broken(), HasSubstr("(I1)"));
}

TEST_F(Rules, NewOneIsToldToServeBeforeTheOldOneLeaves) {
  Step(core::Commanded{.request = 1, .verb = core::Verb::kReload});
  Step(core::Spawned{Second(), 101});
  Step(core::WorkerLoaded{Second()}, [](core::Effects& effects) {
    std::erase_if(effects, [](const core::Effect& effect) {
      const auto* send = std::get_if<core::Send>(&effect);
      return send != nullptr && send->order == core::Order::kStart;
    });
  });
  EXPECT_THAT(Broken(), HasSubstr("(I3)"));
}

TEST_F(Rules, FailedReplacementIsReportedOnce) {
  Step(core::Commanded{.request = 1, .verb = core::Verb::kReload});
  Step(core::Spawned{Second(), 101});
  Step(core::WorkerViolated{Second(), "x"}, [](core::Effects& effects) {
    for (size_t i = 0; i < effects.size(); ++i) {
      const auto* report = std::get_if<core::Report>(&effects[i]);
      if (report == nullptr || report->record.milestone != core::Milestone::kReloadFailed) continue;
      effects.insert(effects.begin(), core::Report(*report));
      return;
    }
  });
  EXPECT_THAT(Broken(), HasSubstr("(I4)"));
}

TEST_F(Rules, WhoServesInTimeIsLeftAlone) {
  Invent(core::Signal{First(), core::Sig::kTerminate});
  EXPECT_THAT(Broken(), HasSubstr("(I5)"));
}

TEST_F(Rules, CauseIsTrue) {
  Step(core::WorkerViolated{First(), "what it wrote"}, [](core::Effects& effects) {
    for (core::Effect& effect : effects) {
      if (auto* report = std::get_if<core::Report>(&effect)) report->record.cause.text = "something else";
    }
  });
  EXPECT_THAT(Broken(), HasSubstr("a cause is true (I5)"));
}

TEST_F(Rules, GivenUpByPolicyOnly) {
  Invent(core::Report{0, 0, {.milestone = core::Milestone::kFailed, .cause = {}}});
  EXPECT_THAT(Broken(), HasSubstr("given up by policy only (I14)"));
}

TEST_F(Rules, GivenUpWhereThePolicySaysSo) {
  Step(core::Exited{.who = First(), .number = 1});
  Step(core::Spawned{Second(), 101});
  EXPECT_EQ(Broken(), "");
  const core::Report lost{0,
                          0,
                          {.pid = 101,
                           .milestone = core::Milestone::kLost,
                           .cause = core::MakeCause(core::Cause::Kind::kOperator)}};
  Step(core::TimePassed{}, [&](core::Effects& effects) {
    for (uint32_t i = 0; i <= Policies()[0].restarts; ++i) effects.emplace_back(lost);
  });
  EXPECT_THAT(Broken(), HasSubstr("given up where the policy says so (I14)"));
}

TEST_F(Rules, NobodyIsJudgedByWhatLiesUnread) {
  checks_.SetWorld({.has_unread_messages = [](const core::Incarnation& /*who*/) { return true; }});
  Pass(core::Seconds(10));
  Step(core::TimePassed{});
  EXPECT_THAT(Broken(), HasSubstr("(I6)"));
}

TEST_F(Rules, OnlyTheLivingAreReached) {
  Invent(core::Signal{Second(), core::Sig::kKill});
  EXPECT_THAT(Broken(), HasSubstr("(I8)"));
}

TEST_F(Rules, GenerationIsUsedOnce) {
  Invent(core::Spawn{First()});
  EXPECT_THAT(Broken(), HasSubstr("(I10)"));
}

TEST_F(Rules, ExitIsRecordedOnceAsItWas) {
  Step(core::Exited{.who = First(), .number = 3}, [](core::Effects& effects) {
    for (core::Effect& effect : effects) {
      if (auto* report = std::get_if<core::Report>(&effect)) report->record.pid = 0;
    }
  });
  EXPECT_EQ(Broken().substr(0, 43), "the history keeps what was reported (I31): ");
}

TEST_F(Rules, ExitIsRecordedAtAll) {
  Step(core::Exited{.who = First(), .number = 3}, Drop<core::Report>);
  EXPECT_THAT(Broken(), HasSubstr("(I11)"));
}

TEST_F(Rules, StartsArePaced) {
  Step(core::Exited{.who = First(), .number = 3}, [](core::Effects& effects) {
    for (core::Generation generation = 3; generation < 14; ++generation)
      effects.emplace_back(core::Spawn{{0, 0, generation}, 1});
  });
  EXPECT_THAT(Broken(), HasSubstr("(I12)"));
}

TEST_F(Rules, WhatIsDueIsDone) {
  Pass(core::Seconds(10));
  checks_.Before(supervisor_, core::TimePassed{});
  const core::Event event = core::TimePassed{};
  checks_.After(supervisor_, &event, at_, {});
  EXPECT_THAT(Broken(), HasSubstr("(I13)"));
}

TEST_F(Rules, TimerIsTheEarliestDeadline) {
  Pass(core::Seconds(1));
  const core::Event event = core::WorkerBeat{First()};
  checks_.After(supervisor_, &event, at_, {});
  EXPECT_THAT(Broken(), HasSubstr("(I13)"));
}

TEST_F(Rules, StoppedMeansNobody) {
  Step(core::Commanded{.request = 1, .verb = core::Verb::kStop});
  Step(core::Exited{.who = First()},
       [](core::Effects& effects) { effects.emplace_back(core::Spawn{Second()}); });
  EXPECT_THAT(Broken(), HasSubstr("(I15)"));
}

TEST_F(Rules, KillComesInItsTime) {
  Step(core::Commanded{.request = 1, .verb = core::Verb::kStop});
  Pass(core::Seconds(1));
  Invent(core::Signal{First(), core::Sig::kKill});
  EXPECT_THAT(Broken(), HasSubstr("(I16)"));
}

TEST_F(Rules, PauseKeepsTheWorkers) {
  Step(core::Commanded{.request = 1, .verb = core::Verb::kPause},
       [](core::Effects& effects) { effects.emplace_back(core::Spawn{Second()}); });
  EXPECT_THAT(Broken(), HasSubstr("(I17)"));
}

TEST_F(Rules, PausedServesNobody) {
  Step(core::Commanded{.request = 1, .verb = core::Verb::kPause}, [](core::Effects& effects) {
    Drop<core::Send>(effects);
    Drop<core::Report>(effects);
  });
  EXPECT_THAT(Broken(), HasSubstr("(I17)"));
}

TEST_F(Rules, NewestRecordIsTrue) {
  Step(core::Commanded{.request = 1, .verb = core::Verb::kPause}, Drop<core::Report>);
  EXPECT_THAT(Broken(), HasSubstr("(I31)"));
}

TEST_F(Rules, NobodyIsReplacedUnasked) {
  Invent(core::Spawn{Second()});
  EXPECT_THAT(Broken(), HasSubstr("nobody is replaced unasked (I5)"));
}

TEST_F(Rules, WhoShallLeaveIsToldByItsPipeAndByASignal) {
  Step(core::Commanded{.request = 1, .verb = core::Verb::kStop}, Drop<core::Signal>);
  EXPECT_THAT(Broken(), HasSubstr("by its pipe and by a signal (I16)"));
}

TEST_F(Rules, OneSigquitIsEnough) {
  Step(core::ShutdownAsked{.graceful = false});
  Invent(core::Signal{First(), core::Sig::kQuit});
  EXPECT_THAT(Broken(), HasSubstr("one SIGQUIT is enough (I16)"));
}

TEST_F(Rules, ShutdownReachesEverybody) {
  Step(core::ShutdownAsked{});
  Step(core::ShutdownAsked{}, Drop<core::Signal>);
  EXPECT_THAT(Broken(), HasSubstr("a shutdown reaches everybody (I16)"));
}

TEST_F(Rules, OneAnswerForEachRequest) {
  Invent(core::Reply{7, core::Answer::kStarted, ""});
  EXPECT_THAT(Broken(), HasSubstr("(I20)"));
}

TEST_F(Rules, AnswersAreTrue) {
  Step(core::Commanded{.request = 1, .verb = core::Verb::kStop}, [](core::Effects& effects) {
    effects.emplace_back(core::Reply{1, core::Answer::kStopped, "web is stopped"});
  });
  EXPECT_THAT(Broken(), HasSubstr("answers are true (I20)"));
}

TEST_F(Rules, WorkIsBounded) {
  Step(core::TimePassed{}, [](core::Effects& effects) {
    effects.assign(40, core::Send{First(), core::Order::kStart});
  });
  EXPECT_THAT(Broken(), HasSubstr("(I22)"));
}

TEST_F(Rules, LateEventsChangeNothing) {
  Step(core::WorkerBeat{Second()}, [](core::Effects& effects) {
    effects.emplace_back(core::Send{First(), core::Order::kStart});
  });
  EXPECT_THAT(Broken(), HasSubstr("(I23, I32)"));
}

TEST_F(Rules, EndComesInAShutdownAndWhenNobodyIsLeft) {
  Invent(core::Finish{});
  EXPECT_THAT(Broken(), HasSubstr("(I30)"));
}

TEST_F(Rules, StateMeansWhatItSays) {
  Step(core::Exited{.who = First(), .number = 3}, Drop<core::Spawn>);
  EXPECT_THAT(Broken(), HasSubstr("(I31)"));
}

TEST_F(Rules, WhatIsForgottenWasRemoved) {
  Invent(core::ForgetService{0});
  EXPECT_THAT(Broken(), HasSubstr("(I33)"));
}

TEST_F(Rules, WorkersThatAreNotWantedAreToldToLeave) {
  Step(core::ServiceResized{0, 2});
  Step(core::Spawned{{0, 1, 2}, 101});
  EXPECT_EQ(Broken(), "");
  Step(core::ServiceResized{0, 1}, [](core::Effects& effects) {
    Drop<core::Send>(effects);
    Drop<core::Signal>(effects);
  });
  EXPECT_THAT(Broken(), HasSubstr("(I34)"));
}

TEST_F(Rules, WhoIsLostIsFollowedByOneOfItsOwnPlan) {
  Step(core::PlanChanged{0, {2, Policies()[0]}});
  Step(core::Exited{.who = First(), .number = 3}, [](core::Effects& effects) {
    for (core::Effect& effect : effects) {
      if (auto* spawn = std::get_if<core::Spawn>(&effect)) spawn->plan = 2;
    }
  });
  EXPECT_THAT(Broken(), HasSubstr("(I35)"));
}

TEST_F(Rules, WhatIsAskedForIsOfTheNewestPlan) {
  Step(core::PlanChanged{0, {2, Policies()[0]}});
  Step(core::Commanded{.request = 1, .verb = core::Verb::kReload}, [](core::Effects& effects) {
    for (core::Effect& effect : effects) {
      if (auto* spawn = std::get_if<core::Spawn>(&effect)) spawn->plan = 1;
    }
  });
  EXPECT_THAT(Broken(), HasSubstr("(I35)"));
}

TEST_F(Rules, PlanIsKeptWhileItIsUsed) {
  Invent(core::DropPlan{1});
  EXPECT_THAT(Broken(), HasSubstr("(I36)"));
}

TEST_F(Rules, PlanIsDroppedOnce) {
  Invent(core::DropPlan{7});
  EXPECT_THAT(Broken(), HasSubstr("(I36)"));
}

// Calls `change` with the first effect of that type.
template <typename E, typename Change>
Tamper OfFirst(Change change) {
  return [change](core::Effects& effects) {
    for (core::Effect& effect : effects) {
      if (auto* one = std::get_if<E>(&effect)) return change(*one);
    }
  };
}

TEST_F(Rules, EventsHaveTheNextNumber) {
  Step(core::Exited{.who = First(), .number = 3},
       OfFirst<core::Report>([](core::Report& report) { ++report.number; }));
  EXPECT_THAT(Broken(), HasSubstr("events have the next number (I42)"));
}

TEST_F(Rules, NoNumberIsLeftOut) {
  Step(core::Exited{.who = First(), .number = 3},
       [](core::Effects& effects) { Drop<core::ServiceReport>(effects); });
  EXPECT_THAT(Broken(), HasSubstr("(I42)"));
}

TEST_F(Rules, EachChangeOfAServiceIsToldOf) {
  Step(core::Exited{.who = First(), .number = 3},
       OfFirst<core::ServiceReport>([](core::ServiceReport& report) { report.condition = "paused"; }));
  EXPECT_THAT(Broken(), HasSubstr("each change is told of (I43)"));
}

TEST_F(Rules, AChangeIsToldOfOnce) {
  Step(core::Exited{.who = First(), .number = 3},
       OfFirst<core::ServiceReport>([](core::ServiceReport& report) { report.condition = "running"; }));
  EXPECT_THAT(Broken(), HasSubstr("a change is told of once (I43)"));
}

}  // namespace
}  // namespace fectl::sim
