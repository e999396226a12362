// What people are told of how a service is, and how starts fare that have to wait, as scripts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <variant>

#include "master/core/basis/limits.h"
#include "master/core/boundary/cause.h"
#include "master/core/boundary/events.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

std::string Word(const Script& script) {
  return std::string(script.service().word());
}

// How many records of slot 0 are of this milestone.
int Count(const Script& script, Milestone milestone) {
  const auto& records = script.service().slots()[0].history().records();
  return static_cast<int>(std::count_if(records.begin(), records.end(), [milestone](const Record& record) {
    return record.milestone == milestone;
  }));
}

// One worker that was lost for the second time in a row, and the third that follows it, pid 3, not loaded.
Script Crashing() {
  Script script = AllServing(1);
  script.Exit(1, 3);
  script.Load(2);
  script.Exit(2, 3);
  script.Pass(kBackoffFirst);
  script.Decided();
  return script;
}

TEST(Health, CRASHLOOP_OneLossIsDegradedUntilTheNextWorkerServes) {
  Script script = AllServing(2);
  EXPECT_EQ(Word(script), "running");
  script.Exit(1, 3);
  EXPECT_EQ(Word(script), "degraded");
  EXPECT_EQ(script.State(), "running");  // what commands and existing clients go by
  script.Load(3);
  EXPECT_EQ(Word(script), "running");
  EXPECT_EQ(Count(script, Milestone::kCrashing), 0);
}

TEST(Health, CRASHLOOP_TheSecondLossInARowIsALoopUntilAWorkerHasServedForLong) {
  Script script = Crashing();
  EXPECT_EQ(Word(script), "crashing");
  EXPECT_EQ(script.State(), "running");
  script.Load(3);
  EXPECT_EQ(Word(script), "crashing");  // a loop is not over because its worker is up at the moment
  ASSERT_TRUE(script.service().trouble().has_value());
  EXPECT_EQ(ToWords(script.service().trouble()->second), "exited with code 3");
  for (Span passed{0}; passed + Seconds(5) < kStableAfter; passed = passed + Seconds(5)) {
    script.Pass(Seconds(5));
    script.Beat(3);
    EXPECT_EQ(Word(script), "crashing");
  }
  script.Pass(Seconds(5));
  EXPECT_EQ(Word(script), "running");
  EXPECT_EQ(script.LastRecord(0), "recovered pid 3");
  EXPECT_FALSE(script.service().trouble().has_value());
}

TEST(Health, CRASHLOOP_IsToldOnceForEachEpisode) {
  Script script = Crashing();
  EXPECT_EQ(Count(script, Milestone::kCrashing), 1);
  for (int32_t pid = 3; pid < 7; ++pid) {
    script.Load(pid);
    script.Exit(pid, 3);
    script.Pass(kBackoffMax);
  }
  EXPECT_EQ(Count(script, Milestone::kCrashing), 1);
  script.Load(7);
  script.Pass(Seconds(9));
  script.Beat(7);
  script.Pass(Seconds(1));
  EXPECT_EQ(Count(script, Milestone::kRecovered), 1);
  script.Exit(7, 3);
  EXPECT_EQ(Word(script), "degraded");  // the first loss of another row
  script.Load(8);
  script.Exit(8, 3);
  EXPECT_EQ(Count(script, Milestone::kCrashing), 2);
  EXPECT_EQ(script.LastRecord(0), "crashing: lost 2 times in a row; it exited with code 3");
}

TEST(Health, CRASHLOOP_AFailedStartAfterALossIsPartOfTheLoopAndAStartThatFailsIsNone) {
  Script lost = AllServing(1);
  lost.Exit(1, 3);
  lost.Exit(2, 3);  // not loaded yet
  EXPECT_EQ(Word(lost), "crashing");
  Script script({Web(1)});
  script.Boot();
  script.Exit(1, 3);
  script.Exit(2, 3);
  EXPECT_EQ(Word(script), "starting");
  EXPECT_EQ(Count(script, Milestone::kCrashing), 0);
  script.Pass(kBackoffFirst);
  script.Load(3);
  EXPECT_EQ(Word(script), "running");
}

TEST(Health, CRASHLOOP_WhatSomebodyAskedForIsJudgedAnew) {
  Script reloaded = Crashing();
  reloaded.Load(3);
  reloaded.Command(Verb::kReload);
  reloaded.Load(4);
  EXPECT_EQ(Word(reloaded), "running");
  Script stopped = Crashing();
  stopped.Command(Verb::kStop);
  EXPECT_EQ(Word(stopped), "stopping");
  stopped.Die(3, 15);
  EXPECT_EQ(Word(stopped), "stopped");
  stopped.Command(Verb::kStart);
  stopped.Load(4);
  EXPECT_EQ(Word(stopped), "running");
}

TEST(Health, PAUSED_READY_PausedWorkersDoNotServe) {
  Script script = AllServing(2);
  EXPECT_EQ(script.service().serving(), 2U);
  script.Command(Verb::kPause);
  EXPECT_EQ(script.service().serving(), 0U);
  EXPECT_EQ(Word(script), "paused");
  script.Command(Verb::kReload);
  EXPECT_EQ(script.service().serving(), 0U);
  script.Load(3);
  script.Load(4);
  EXPECT_EQ(script.service().serving(), 0U);
  script.Command(Verb::kResume);
  EXPECT_EQ(script.service().serving(), 2U);
}

TEST(Health, OLD_CAUSE_ASuccessfulReloadEndsTheCauseOfAFailedOne) {
  Script script = AllServing(1);
  script.Command(Verb::kReload);
  script.ConfigError(2, "bad");
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "configuration error: bad");
  script.Command(Verb::kReload);
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "configuration error: bad");
  script.Load(3);
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "");
}

TEST(Health, OLD_CAUSE_ASuccessfulStartEndsTheCauseOfAFailedOne) {
  Script script({Web(1)});
  script.Boot();
  script.ConfigError(1, "bad");
  script.Die(1, 15);
  script.Command(Verb::kStart);
  script.Load(2);
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "");
}

TEST(Busy, START_BUSY_DuringAReloadItWaitsAndFindsTheServiceRunning) {
  Script script = AllServing(1);
  script.Command(Verb::kReload);
  script.Decided();
  script.Command(Verb::kStart);
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("start 2", "stop 1", "TERM 1", "reply 1 Started",
                                            "reply 2 ErrorRunning: web is already running"));
}

TEST(Busy, START_BUSY_DuringAReloadThatFailsItStartsWhatWasGivenUp) {
  Script script({Web(1)});
  script.Boot();
  script.ConfigError(1, "bad");
  script.Die(1, 15);
  script.Command(Verb::kReload);
  script.Command(Verb::kStart);
  script.Decided();
  script.ConfigError(2, "bad");
  EXPECT_THAT(script.Decided(), Contains("spawn 3"));
  script.Load(3);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "reply 2 Started"));
}

TEST(Busy, START_BUSY_WhatAFailedReloadLeftStartingIsWaitedFor) {
  Script script({Web(2)});
  script.Boot();
  script.ConfigError(1, "bad");
  script.ConfigError(2, "bad");
  script.Command(Verb::kReload);  // pids 3 and 4
  script.Command(Verb::kStart);
  script.ConfigError(3, "bad");
  script.Decided();
  script.Load(5);
  EXPECT_THAT(script.Decided(), ElementsAre("start 5"));
  script.Load(4);
  EXPECT_THAT(script.Decided(), ElementsAre("start 4", "reply 2 Started"));
}

TEST(Busy, START_BUSY_WhatWaitsForItsNextAttemptIsTriedAtOnce) {
  Script script({Web(2)});
  script.Boot();
  script.ConfigError(1, "bad");
  for (const int pid : {2, 3, 4}) {
    script.Load(pid);
    script.Die(pid, 9);
    script.Pass(Seconds(1));
  }
  ASSERT_EQ(script.State(), "failed");
  script.Load(5);
  script.Die(5, 9);
  ASSERT_TRUE(std::holds_alternative<Waiting>(script.service().slots()[1].state()));
  script.Decided();
  script.Command(Verb::kStart);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 6", "spawn 7"));
  script.Load(6);
  EXPECT_THAT(script.Decided(), ElementsAre("start 6"));
  script.Load(7);
  EXPECT_THAT(script.Decided(), ElementsAre("start 7", "reply 1 Started"));
}

TEST(Busy, START_BUSY_ItIsLookedAtWhenAllThatIsDueIsDone) {
  ServicePolicy policy = Web(2);
  policy.restarts = 1;
  Script script({policy});
  script.Boot();
  script.Load(1);
  script.ConfigError(2, "bad");
  script.Command(Verb::kReload);  // pid 3 is to replace pid 1, pid 4 starts
  script.Command(Verb::kStart);
  script.Decided();
  // Both hang: the reload fails with the first, and the second one is given up in the same moment.
  for (int i = 0; i < 4; ++i) {
    script.Pass(Milliseconds(7500));
    script.Beat(1);
  }
  EXPECT_THAT(
      script.Decided(),
      testing::IsSupersetOf({std::string("reply 1 Failed: worker(1) did not say `loaded` within 30 s; "
                                         "the old worker keeps serving"),
                             std::string("examine 4"), std::string("spawn 5")}));
  script.Load(5);
  EXPECT_THAT(script.Decided(), ElementsAre("start 5", "reply 2 Started"));
}

TEST(Busy, START_BUSY_ComesBeforeWhatWorkersAskedFor) {
  ServicePolicy policy = Web(2);
  policy.rollout.max_surge = 1;
  Script script({policy});
  script.Boot();
  script.Load(1);
  script.ConfigError(2, "bad");
  script.Command(Verb::kReload);
  script.Load(3);  // the first batch is done, and pid 4 starts in the second
  script.Ask(3);
  script.Command(Verb::kStart);
  script.Decided();
  script.ConfigError(4, "bad");
  EXPECT_THAT(script.Decided(), Contains("spawn 5"));
  EXPECT_EQ(script.State(), "starting");
  script.Load(5);
  EXPECT_THAT(script.Decided(), ElementsAre("start 5", "reply 2 Started", "spawn 6"));
}

TEST(Busy, START_BUSY_DuringAStopItBeginsWhenNobodyIsLeft) {
  Script script = AllServing(2);
  script.Command(Verb::kStop);
  script.Decided();
  script.Command(Verb::kStart);
  script.Command(Verb::kStart);
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Exit(1, 0);
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Exit(2, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 Stopped: web is stopped", "spawn 3", "spawn 4"));
  script.Load(3);
  script.Load(4);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "start 4", "reply 2 Started", "reply 3 Started"));
}

TEST(Busy, START_BUSY_AStopThatComesLaterEndsTheWaiting) {
  Script stopping = AllServing(1);
  stopping.Command(Verb::kStop);
  stopping.Command(Verb::kStart);
  stopping.Decided();
  stopping.Command(Verb::kStop);
  EXPECT_THAT(stopping.Decided(), ElementsAre("reply 2 ErrorStopping: web was told to stop meanwhile"));
  Script reloading = AllServing(1);
  reloading.Command(Verb::kReload);
  reloading.Command(Verb::kStart);
  reloading.Decided();
  reloading.Command(Verb::kStop);
  EXPECT_THAT(reloading.Decided(), Contains("reply 2 ErrorStopping: web was told to stop meanwhile"));
}

TEST(Busy, START_BUSY_TheEndOfFectldEndsTheWaiting) {
  Script script = AllServing(1);
  script.Command(Verb::kStop);
  script.Command(Verb::kStart);
  script.Decided();
  script.Shutdown(true);
  EXPECT_THAT(script.Decided(), Contains("reply 2 ErrorStopping: web was told to stop meanwhile"));
  script.Exit(1, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 Stopped: web is stopped", "finish"));
}

// A service that is stopped, on a system that has no room for a process.
Script WithoutRoom(uint32_t num) {
  Script script = AllServing(num);
  script.Command(Verb::kStop);
  for (uint32_t pid = 1; pid <= num; ++pid) script.Exit(static_cast<int32_t>(pid), 0);
  script.BreakSpawning("no room", StartFailure::kTransient);
  script.Decided();
  return script;
}

TEST(Room, START_FOREVER_AStartIsAnsweredWithinItsTimeAndIsNoRestart) {
  Script script = WithoutRoom(1);
  script.Command(Verb::kStart);
  script.Pass(Span{Seconds(30).ns - 1});
  EXPECT_EQ(script.State(), "starting");
  EXPECT_THAT(script.Decided(), testing::Each("spawn fails"));
  script.Pass(Span{1});
  EXPECT_THAT(script.Decided(), ElementsAre("spawn fails",
                                            "reply 2 Failed: worker(1) could not be started: no room; it is "
                                            "tried again until there is room"));
  EXPECT_EQ(Word(script), "degraded");
  EXPECT_EQ(script.service().slots()[0].restarts(), 0U);
  script.MendSpawning();
  script.Pass(kRoomRetryMax);
  script.Load(2);
  EXPECT_EQ(Word(script), "running");
  EXPECT_EQ(script.service().slots()[0].restarts(), 0U);
}

TEST(Room, START_FOREVER_AStartThatFindsRoomWhileOthersStartIsNoFailure) {
  Script script = AllServing(2);
  script.Command(Verb::kStop);
  script.Exit(1, 0);
  script.Exit(2, 0);
  script.Command(Verb::kStart);  // pids 3 and 4
  script.Pass(Seconds(25));
  script.Exit(4, 1);  // pid 5
  script.BreakSpawning("no room", StartFailure::kTransient);
  script.Exit(3, 1);
  script.Pass(Seconds(6));  // longer than a start may take
  script.MendSpawning();
  script.Pass(kRoomRetryMax);
  ASSERT_EQ(script.Spawns(), 6);
  script.Decided();
  script.Load(5);
  EXPECT_THAT(script.Decided(), ElementsAre("start 5"));
  script.Load(6);
  EXPECT_THAT(script.Decided(), ElementsAre("start 6", "reply 2 Started"));
}

TEST(Room, START_FOREVER_AttemptsArePaced) {
  Script script = WithoutRoom(1);
  script.Command(Verb::kStart);
  script.Pass(Seconds(120));
  EXPECT_LE(script.Decided().size(), 60U);
}

TEST(Room, START_FOREVER_RoomThatWasMadeIsUsedAtOnce) {
  Script script = WithoutRoom(2);
  script.Command(Verb::kStart);
  script.Pass(Seconds(20));
  script.MendSpawning();
  script.Decided();
  script.Step(RoomMade{});
  script.Pass(kRoomPause);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 3", "spawn 4"));
  script.Step(RoomMade{});
  EXPECT_THAT(script.Decided(), IsEmpty());
}

TEST(Room, START_FOREVER_RoomThatIsMadeAgainAndAgainMakesNoStorm) {
  Script script = WithoutRoom(1);
  script.Command(Verb::kStart);
  script.Decided();
  for (int i = 0; i < 1000; ++i) {
    script.Step(RoomMade{});
    script.Pass(Milliseconds(1));
  }
  EXPECT_LE(script.Decided().size(), 12U);
}

TEST(Room, START_FOREVER_AReloadFailsAtOnceAndTheOldWorkerServes) {
  Script script = AllServing(1);
  script.BreakSpawning("no room", StartFailure::kTransient);
  script.Command(Verb::kReload);
  EXPECT_THAT(script.Decided(),
              Contains(StartsWith("reply 1 Failed: worker(1) could not be started: no room")));
  EXPECT_EQ(Word(script), "running");
}

TEST(Health, AStartThatFailsIsToldWithWhatItSaidLast) {
  Script script({Web(1)});
  script.Boot();
  script.Step(
      Exited{.who = script.Who(1), .number = 3, .group_left = true, .words = "ImportError: no module"});
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()),
            "exited with code 3 (ImportError: no module, processes that it had started are left)");
}

// A stall may be told of that is longer than the silence of a worker was. What it adds ends with the next
// heartbeat, although the slot's alarm was set for later.
TEST(Stall, TimeThatItAddsEndsWithTheNextHeartbeat) {
  Script script = AllServing(1);
  script.Step(Stalled{Seconds(30)});
  script.Pass(Seconds(11));
  script.Beat(1);
  script.Pass(Web(1).timeout);
  EXPECT_THAT(script.Decided(), ElementsAre("examine 1", "spawn 2"));
}

}  // namespace
}  // namespace fectl::core
