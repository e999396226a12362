// Services that are added, removed, resized and given new plans while they run.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "master/core/supervisor.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A second version of the plan of AllServing().
Plan Second(uint32_t num) {
  return {2, Web(num)};
}

TEST(Added, StartsWhenItIsCommandedTo) {
  Script script = AllServing(1);
  script.Step(ServiceAdded{{7, Web(1)}});
  EXPECT_EQ(script.State(1), "stopped");
  script.Command(Verb::kStart, 1);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2 of plan 7"));
  script.Load(2);
  EXPECT_EQ(script.State(1), "running");
}

TEST(Added, NumberOfARemovedServiceIsNotUsedAgain) {
  Script script = AllServing(1);
  script.Step(ServiceRemoved{0});
  script.Exit(1, 0);
  script.Decided();
  script.Step(ServiceAdded{{2, Web(1)}});
  EXPECT_EQ(script.supervisor().Find(0), nullptr);
  EXPECT_EQ(script.service(1).policy().name, "web");
  script.Command(Verb::kStart, 1);
  EXPECT_EQ(script.Who(2).generation, 2U);
}

TEST(Removed, IsForgottenWhenItsLastProcessHasEnded) {
  Script script = AllServing(2);
  script.Step(ServiceRemoved{0});
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "stop 2", "TERM 2"));
  script.Command(Verb::kStart);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 ErrorStopping: web is being removed"));
  script.Exit(1, 0);
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Exit(2, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("drop plan 1", "forget service 0"));
  script.Command(Verb::kStart);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 2 ErrorUnknown: there is no such service"));
}

TEST(Removed, AnswersWhoWaitsForItsStop) {
  Script script = AllServing(1);
  script.Command(Verb::kStop);
  script.Step(ServiceRemoved{0});
  script.Decided();
  script.Exit(1, 0);
  EXPECT_THAT(script.Decided(),
              ElementsAre("reply 1 Stopped: web is stopped", "drop plan 1", "forget service 0"));
}

TEST(Removed, StoppedServiceIsForgottenAtOnce) {
  Script script = AllServing(1);
  script.Command(Verb::kStop);
  script.Exit(1, 0);
  script.Decided();
  script.Step(ServiceRemoved{0});
  EXPECT_THAT(script.Decided(), ElementsAre("drop plan 1", "forget service 0"));
}

TEST(Resized, MoreAreStartedAndTheOthersServeOn) {
  Script script = AllServing(1);
  script.Step(ServiceResized{0, 3});
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2", "spawn 3"));
  EXPECT_EQ(script.service().word(), "degraded");
  EXPECT_EQ(script.LastRecord(1), "starting pid 2: more workers are wanted");
  script.Load(2);
  script.Load(3);
  EXPECT_EQ(script.service().word(), "running");
}

TEST(Resized, TheLastOnesLeaveAndTheirSlotsGoWithThem) {
  Script script = AllServing(3);
  script.Step(ServiceResized{0, 1});
  EXPECT_THAT(script.Decided(), ElementsAre("stop 2", "TERM 2", "stop 3", "TERM 3"));
  EXPECT_EQ(script.service().word(), "running");
  script.Exit(2, 0);
  EXPECT_EQ(script.service().slots().size(), 3U);  // the last one is still leaving
  script.Exit(3, 0);
  EXPECT_EQ(script.service().slots().size(), 1U);
}

TEST(Resized, ToAndFroGivesTheSlotToANewProcess) {
  Script script = AllServing(2);
  script.Step(ServiceResized{0, 1});
  script.Step(ServiceResized{0, 2});
  EXPECT_THAT(script.Decided(), ElementsAre("stop 2", "TERM 2", "spawn 3"));
  script.Load(3);
  script.Exit(2, 0);
  EXPECT_EQ(script.service().word(), "running");
}

TEST(Resized, WhoIsStartedMeanwhileIsWaitedForByTheStart) {
  Script script({Web(1)});
  script.Boot();
  script.Command(Verb::kStart);
  script.Step(ServiceResized{0, 2});
  script.Decided();
  script.Load(1);
  EXPECT_THAT(script.Decided(), ElementsAre("start 1"));
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("start 2", "reply 1 Started"));
}

TEST(Resized, StartIsDoneWithoutThoseThatAreNotWantedAnyMore) {
  Script script({Web(2)});
  script.Boot();
  script.Command(Verb::kStart);
  script.Load(1);
  script.Decided();
  script.Step(ServiceResized{0, 1});
  EXPECT_THAT(script.Decided(), ElementsAre("stop 2", "TERM 2", "reply 1 Started"));
}

TEST(Resized, ReloadGoesOnWithoutThoseThatAreNotWantedAnyMore) {
  Script script = AllServing(2);
  script.Command(Verb::kReload);
  script.Load(3);
  script.Decided();
  script.Step(ServiceResized{0, 1});
  EXPECT_THAT(script.Decided(), ElementsAre("stop 4", "TERM 4", "stop 2", "TERM 2", "start 3", "stop 1",
                                            "TERM 1", "reply 1 Started"));
}

TEST(Resized, WithoutTheWorkerThatFailedTheServiceHasNotFailed) {
  Script script = AllServing(2);
  script.ConfigError(2, "bad");
  EXPECT_EQ(script.State(), "failed");
  script.Step(ServiceResized{0, 1});
  EXPECT_EQ(script.State(), "running");
}

TEST(Resized, StartTellsOfAnotherWorkerThatFailed) {
  Script script({Web(3)});
  script.Boot();
  script.Command(Verb::kStart);
  script.ConfigError(3, "bad");
  script.ConfigError(1, "bad");
  script.Decided();
  script.Step(ServiceResized{0, 2});
  script.Load(2);
  EXPECT_THAT(script.Decided(), testing::Contains(testing::HasSubstr("reply 1 Failed: worker(1)")));
}

TEST(Resized, StoppedServiceStaysStopped) {
  Script script = AllServing(1);
  script.Command(Verb::kStop);
  script.Exit(1, 0);
  script.Decided();
  script.Step(ServiceResized{0, 3});
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Command(Verb::kStart);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2", "spawn 3", "spawn 4"));
}

TEST(PlanChanged, CommandsMakeProcessesOfTheNewPlan) {
  Script script = AllServing(1);
  script.Step(PlanChanged{0, Second(1)});
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Command(Verb::kReload);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2 of plan 2"));
  script.Load(2);
  script.Decided();
  script.Exit(1, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("drop plan 1"));
}

// A broken version does not creep in by way of crashes.
TEST(PlanChanged, WhoIsLostIsFollowedByOneOfItsOwnPlan) {
  Script script = AllServing(1);
  script.Step(PlanChanged{0, Second(1)});
  script.Command(Verb::kReload);
  script.Exit(2, 1);
  script.Decided();
  script.Die(1, 9);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 3"));
}

TEST(PlanChanged, PlanThatComesBackIsNotDropped) {
  Script script = AllServing(1);
  script.Step(PlanChanged{0, Second(1)});
  script.Step(PlanChanged{0, {1, Web(1)}});
  EXPECT_THAT(script.Decided(), ElementsAre("drop plan 2"));
}

TEST(PlanChanged, NumberOfWorkersChangesAtOnce) {
  Script script = AllServing(1);
  script.Step(PlanChanged{0, Second(2)});
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2 of plan 2"));
}

// Workers read their timeouts from their environment.
TEST(PlanChanged, ProcessKeepsATimeoutThatBecomesShorter) {
  Script script = AllServing(1);
  Plan plan = Second(1);
  plan.policy.timeout = Seconds(1);
  script.Step(PlanChanged{0, plan});
  EXPECT_EQ(script.Deadline(), script.now() + Web(1).timeout);
  script.Pass(Seconds(5));
  script.Beat(1);
  EXPECT_EQ(script.Deadline(), script.now() + Web(1).timeout);
}

TEST(PlanChanged, LongerTimeoutHoldsAtOnce) {
  Script script = AllServing(1);
  Plan plan = Second(1);
  plan.policy.timeout = Seconds(60);
  script.Pass(Seconds(9));
  script.Step(PlanChanged{0, plan});
  EXPECT_EQ(script.Deadline(), script.now() + Seconds(51));
}

TEST(PlanChanged, TimeOfAStartIsThatOfTheNewestPlan) {
  Script script({Web(1)});
  script.Boot();
  script.Pass(Seconds(5));
  Plan plan = Second(1);
  plan.policy.startup_timeout = Seconds(6);
  script.Step(PlanChanged{0, plan});
  EXPECT_EQ(script.Deadline(), script.now() + Seconds(1));
}

TEST(PlanChanged, OfNoServiceIsDropped) {
  Script script = AllServing(1);
  script.Step(PlanChanged{3, {9, Web(1)}});
  EXPECT_THAT(script.Decided(), ElementsAre("drop plan 9"));
}

}  // namespace
}  // namespace fectl::core
