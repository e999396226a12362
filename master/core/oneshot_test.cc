// Services whose process is to end with 0, alone and before a roll, as scripts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "master/core/boundary/events.h"
#include "master/core/supervisor.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ServicePolicy Migrate() {
  ServicePolicy policy = Web(1);
  policy.name = "migrate";
  policy.oneshot = true;
  policy.timeout = Seconds(60);
  policy.startup_timeout = Seconds(5);
  return policy;
}

Script Booted(const std::vector<ServicePolicy>& policies) {
  Script script(policies);
  script.Boot();
  script.Decided();
  return script;
}

std::string Shown(const Script& script, ServiceId id = 0) {
  const std::string words = script.service(id).TroubleInWords();
  return std::string(script.service(id).word()) + (words.empty() ? "" : ": " + words);
}

TEST(Oneshot, IsDoneWhenItEndsWithZero) {
  Script script({Migrate()});
  script.Boot();
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 1"));
  EXPECT_EQ(Shown(script), "running");
  script.Pass(Seconds(50));  // longer than a worker may take to load, and silent
  EXPECT_EQ(Shown(script), "running");
  const Instant end = script.now();
  script.Exit(1, 0);
  EXPECT_EQ(Shown(script), "done");
  EXPECT_EQ(script.LastRecord(0), "done pid 1: exited with code 0");
  EXPECT_EQ(script.service().done_since(), end);
  script.Pass(Seconds(3600));
  EXPECT_THAT(script.Decided(), IsEmpty());
}

TEST(Oneshot, FailsWithAnyOtherEndAndIsNotTriedAgain) {
  Script script = Booted({Migrate()});
  script.Exit(1, 3);
  EXPECT_EQ(Shown(script), "failed: exited with code 3");
  script.Command(Verb::kStart);
  script.Die(2, 9);
  EXPECT_EQ(Shown(script), "failed: was killed by SIGKILL");
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2", "reply 1 Failed: was killed by SIGKILL"));
  script.Pass(Seconds(3600));
  EXPECT_EQ(script.Spawns(), 2);
}

TEST(Oneshot, MayNotRunForLongerThanItsTimeout) {
  Script script = Booted({Migrate()});
  script.Command(Verb::kStart);
  script.Pass(Seconds(60));
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "reply 1 Failed: ran for longer than 60 s"));
  EXPECT_EQ(script.State(), "failed");
  script.Pass(Seconds(20));
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1"));
}

TEST(Oneshot, RunsForEverWithoutATimeout) {
  ServicePolicy policy = Migrate();
  policy.timeout = Span{0};
  Script script = Booted({policy});
  script.Pass(Seconds(1'000'000));
  EXPECT_EQ(Shown(script), "running");
  script.Step(PlanChanged{0, {7, Migrate()}});
  script.Pass(Seconds(1));
  EXPECT_EQ(script.State(), "failed");
}

TEST(Oneshot, NeedNotKnowOfItsPipe) {
  Script script = Booted({Migrate()});
  script.CloseChannel(1);
  script.BeginMessage(1);
  script.Load(1);
  script.Beat(1);
  script.Pass(Seconds(59));
  EXPECT_EQ(Shown(script), "running");
  EXPECT_THAT(script.Decided(), IsEmpty());
}

TEST(Oneshot, StartReloadAndRestartRunItAgain) {
  Script script = Booted({Migrate()});
  int32_t pid = 1;
  for (const int32_t code : {0, 3}) {
    for (const Verb verb : {Verb::kStart, Verb::kReload, Verb::kRestart}) {
      script.Exit(pid++, code);
      script.Decided();
      script.Command(verb);
      EXPECT_THAT(script.Decided(), ElementsAre("spawn " + std::to_string(pid)));
    }
  }
  script.Exit(pid, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 6 Started"));
}

TEST(Oneshot, RestartHurriesARunThatIsLeaving) {
  for (const Verb verb : {Verb::kReload, Verb::kRestart}) {
    Script script = Booted({Migrate()});
    script.Violate(1, "garbage");
    script.Command(verb);
    script.Decided();
    script.Pass(Seconds(5));
    EXPECT_EQ(script.Decided().size(), verb == Verb::kRestart ? 1U : 0U);
  }
}

TEST(Oneshot, RefusesWhatIsForWorkers) {
  Script script = Booted({Migrate()});
  script.Command(Verb::kReload);
  script.Command(Verb::kPause);
  const std::string runs = "ErrorStarting: migrate still runs: try again when it is done, or stop it";
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 " + runs, "reply 2 " + runs));
  script.Exit(1, 0);
  script.Command(Verb::kPause);
  script.Command(Verb::kResume);
  const std::string done = "ErrorStopped: migrate is done: nothing of it runs";
  EXPECT_THAT(script.Decided(), ElementsAre("reply 3 " + done, "reply 4 " + done));
}

TEST(Oneshot, StopGivesItItsTime) {
  Script script = Booted({Migrate()});
  script.Command(Verb::kStop);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1"));
  script.Pass(Seconds(19));
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Seconds(1));
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1"));
  script.Die(1, 9);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 Stopped: migrate is stopped"));
}

TEST(Oneshot, StopOfOneThatIsDone) {
  Script script = Booted({Migrate()});
  script.Exit(1, 0);
  script.Command(Verb::kStop);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 Stopped: migrate is stopped"));
  EXPECT_EQ(Shown(script), "stopped");
}

TEST(Oneshot, QuickFailureOfWhatIsRequiredIsNoSuccess) {
  ServicePolicy web = Web(1);
  web.require = {"migrate"};
  Script script = Booted({Migrate(), web});
  script.Exit(1, 1);
  EXPECT_EQ(Shown(script, 1), "waiting: blocked: migrate failed");
  script.Command(Verb::kStart, 1);  // runs it again
  script.Exit(2, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2", "spawn 3"));
  EXPECT_EQ(script.State(1), "starting");
}

// web, pids 1 and 2, which is rolled behind migrate, number 1.
Script Rolled() {
  ServicePolicy web = Web(2);
  web.before_roll = "migrate";
  web.rollout.max_surge = 1;
  ServicePolicy migrate = Migrate();
  migrate.autostart = false;
  Script script = Booted({web, migrate});
  script.Load(1);
  script.Load(2);
  script.Decided();
  return script;
}

TEST(BeforeRoll, RunsOnceAndThenTheFirstBatchBegins) {
  for (const Verb verb : {Verb::kReload, Verb::kRestart}) {
    Script script = Rolled();
    script.Command(verb);
    EXPECT_THAT(script.Decided(), ElementsAre("spawn 3"));
    EXPECT_EQ(script.LastRecord(0, 1), "starting pid 3: run before the workers of web are replaced");
    EXPECT_EQ(script.State(), "reloading");
    script.Exit(3, 0);
    if (verb == Verb::kRestart) {
      EXPECT_THAT(script.Decided(), ElementsAre("spawn 4", "spawn 5"));
      continue;
    }
    EXPECT_THAT(script.Decided(), ElementsAre("spawn 4"));
    script.Load(4);
    script.Load(5);
    EXPECT_THAT(script.Decided(), ElementsAre("start 4", "stop 1", "TERM 1", "spawn 5", "start 5", "stop 2",
                                              "TERM 2", "reply 1 Started"));
  }
}

TEST(BeforeRoll, FailureReplacesNothing) {
  Script script = Rolled();
  script.Command(Verb::kReload);
  script.Decided();
  script.Exit(3, 3);
  EXPECT_THAT(
      script.Decided(),
      ElementsAre("reply 1 Failed: migrate failed: exited with code 3; the old workers keep serving"));
  EXPECT_EQ(Shown(script), "running");
}

TEST(BeforeRoll, FailureAnswersAStartThatWaitedForTheEndOfTheReload) {
  Script script = Rolled();
  script.Command(Verb::kReload);
  script.Command(Verb::kStart);
  script.Decided();
  script.Exit(3, 3);
  EXPECT_THAT(script.Decided(),
              ElementsAre("reply 1 Failed: migrate failed: exited with code 3; the old workers keep serving",
                          "reply 2 ErrorRunning: web is already running"));
}

// It may have begun with the program of before.
TEST(BeforeRoll, RunThatIsUnderWayDoesNotCount) {
  Script script = Rolled();
  script.Command(Verb::kStart, 1);  // pid 3
  script.Command(Verb::kReload, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 3"));
  script.Exit(3, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 Started", "spawn 4"));
  EXPECT_EQ(script.LastRecord(0, 1), "starting pid 4: run before the workers of web are replaced");
  script.Exit(4, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 5"));
  EXPECT_EQ(script.LastRecord(0, 0), "reloading pid 5: asked for by an operator");
}

TEST(BeforeRoll, WhatFollowsRunsItAgain) {
  Script script = Rolled();
  script.Command(Verb::kReload);
  script.Command(Verb::kRestart);
  script.Decided();
  script.Exit(3, 1);
  EXPECT_THAT(script.Decided(),
              ElementsAre("reply 1 Failed: migrate failed: exited with code 1; the old workers keep serving",
                          "spawn 4"));
  script.Exit(4, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 5", "spawn 6"));
}

TEST(BeforeRoll, IsNotForOneWorker) {
  Script script = Rolled();
  script.Ask(1);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 3"));
  script.Load(3);
  script.Exit(2, 1);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "stop 1", "TERM 1", "spawn 4"));
  EXPECT_EQ(script.State(1), "stopped");
}

TEST(BeforeRoll, StopOfEitherEndsIt) {
  Script script = Rolled();
  script.Command(Verb::kReload);
  script.Decided();
  script.Command(Verb::kStop, 1);
  EXPECT_THAT(script.Decided(),
              ElementsAre("stop 3", "TERM 3",
                          "reply 1 Failed: migrate failed: it was stopped; the old workers keep serving"));
  script.Exit(3, 0);
  script.Command(Verb::kReload);  // pid 4
  script.Decided();
  script.Command(Verb::kStop, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 3 ErrorStopping: web was told to stop meanwhile", "stop 1",
                                            "TERM 1", "stop 2", "TERM 2"));
  script.Exit(4, 0);
  EXPECT_THAT(script.Decided(), IsEmpty());
}

TEST(BeforeRoll, WaitsForAStopOfTheOneshot) {
  Script script = Rolled();
  script.Command(Verb::kStart, 1);  // pid 3
  script.Command(Verb::kStop, 1);
  script.Command(Verb::kReload);
  script.Decided();
  script.Exit(3, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 2 Stopped: migrate is stopped", "spawn 4"));
  script.Exit(4, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 5"));
}

TEST(BeforeRoll, WorkersAreFollowedWhileItRuns) {
  Script script = Rolled();
  script.Command(Verb::kReload);
  script.Exit(1, 1);  // pid 4
  script.Step(ServiceResized{0, 1});
  script.Decided();
  script.Exit(3, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 4", "TERM 4", "spawn 5"));
  script.Load(5);
  EXPECT_THAT(script.Decided(), ElementsAre("start 5", "reply 1 Started"));
}

TEST(BeforeRoll, FailsWhereTheOneshotCannotRun) {
  Script script = Rolled();
  script.Step(ServiceRemoved{1});
  script.Command(Verb::kReload);
  EXPECT_THAT(script.Decided(), testing::Contains("reply 1 Failed: migrate failed: it is not configured; the "
                                                  "old workers keep serving"));
  ServicePolicy migrate = Migrate();
  migrate.require = {"db"};
  script.Step(ServiceAdded{{8, migrate}});
  script.Command(Verb::kReload);
  EXPECT_THAT(script.Decided(),
              ElementsAre("reply 2 Failed: migrate failed: blocked: db is not configured; the old workers "
                          "keep serving"));
}

TEST(BeforeRoll, PlanWithoutItEndsTheWait) {
  Script script = Rolled();
  script.Command(Verb::kReload);
  script.Decided();
  script.Step(PlanChanged{0, {7, Web(2)}});
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 4 of plan 7", "spawn 5 of plan 7"));
}

}  // namespace
}  // namespace fectl::core
