// What workers ask for themselves, as scripts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "master/core/basis/limits.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Asked, WorkerIsReplacedAloneAndTheServiceStaysRunning) {
  Script script = AllServing(2);
  script.Ask(2);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 3"));
  EXPECT_EQ(script.State(), "running");
  script.Load(3);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "stop 2", "TERM 2"));
}

TEST(Asked, FailedReplacementLeavesTheWorkerServing) {
  Script script = AllServing(1);
  script.Ask(1);
  script.Exit(2, 1);
  EXPECT_EQ(script.State(), "running");
  EXPECT_EQ(script.service().ready(), 1U);
  EXPECT_EQ(script.LastRecord(0), "running pid 1: goes on as before, since its replacement failed");
}

TEST(Asked, ThoseWhoAskMeanwhileComeNext) {
  Script script = AllServing(3);
  script.Ask(1);
  script.Ask(2);
  script.Ask(3);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 4"));
  script.Load(4);
  EXPECT_THAT(script.Decided(), ElementsAre("start 4", "stop 1", "TERM 1", "spawn 5", "spawn 6"));
}

TEST(Asked, ReloadOfAnOperatorComesAfterIt) {
  Script script = AllServing(2);
  script.Ask(1);
  script.Decided();
  script.Command(Verb::kReload);
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Load(3);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "stop 1", "TERM 1", "spawn 4", "spawn 5"));
  script.Load(4);
  script.Load(5);
  EXPECT_THAT(script.Decided(), Contains("reply 1 Started"));
}

// The start of a slot that was given up takes the place of a replacement which a worker of another slot asked
// for: it must neither be answered by that one's worker nor leave it half replaced.
TEST(Asked, StartOfAnotherSlotTakesItsPlace) {
  Script script({Web(2)});
  script.Boot();
  script.ConfigError(1, "bad");
  script.Exit(1, 99);
  script.Load(2);
  script.Ask(2);  // pid 3 is to replace it
  script.Decided();
  script.Command(Verb::kStart);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 3", "TERM 3", "spawn 4"));
  script.Load(3);  // too late
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Load(4);
  EXPECT_THAT(script.Decided(), ElementsAre("start 4", "reply 1 Started"));
  script.Command(Verb::kReload);
  script.Load(5);
  script.Load(6);
  EXPECT_THAT(script.Decided(), Contains("reply 2 Started"));
}

TEST(Asked, OperatorsReloadThatWaitedGoesInItsBatches) {
  Script script = AllServing(2, 1);
  script.Ask(1);  // pid 3
  script.Ask(2);  // waits for that
  script.Command(Verb::kReload);
  script.Decided();
  script.Load(3);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "stop 1", "TERM 1", "spawn 4"));
}

// One that waits for its turn and is lost has a successor of its own by then.
TEST(Asked, WhoIsLostBeforeItsTurnIsNotReplacedTwice) {
  ServicePolicy policy = Web(3);
  policy.rollout.max_surge = 1;
  Script script({policy});
  script.Boot();
  for (const int32_t pid : {1, 2, 3}) script.Load(pid);
  for (const int32_t pid : {1, 2, 3}) script.Ask(pid);
  script.Load(4);  // pid 5 is for pid 2
  script.Exit(3, 1);
  script.Decided();
  script.Load(5);
  EXPECT_THAT(script.Decided(), ElementsAre("start 5", "stop 2", "TERM 2"));
  script.Load(6);
  script.Command(Verb::kReload);
  EXPECT_THAT(script.Decided(), ElementsAre("start 6", "spawn 7"));
}

// What a reload that was given up waited for, nobody waits for any more.
TEST(Asked, AfterAReloadThatFailedWaitsForItsOwnWorkerOnly) {
  Script script = AllServing(2);
  script.Command(Verb::kReload);
  script.Exit(4, 1);
  script.Ask(1);      // pid 5
  script.Exit(2, 1);  // pid 6 comes up by itself
  script.Load(6);
  script.Decided();
  script.Load(5);
  EXPECT_THAT(script.Decided(), ElementsAre("start 5", "stop 1", "TERM 1"));
}

TEST(Asked, RecordSaysWhyInTheWordsOfTheFirst) {
  Script script({Web(3)});
  script.Boot();
  script.Load(1);
  script.Load(2);
  for (const int32_t pid : {1, 2})
    script.Step(WorkerAsked{script.Who(pid), Urgency::kReload, false, "since " + std::to_string(pid)});
  script.Load(3);
  EXPECT_EQ(script.LastRecord(0), "reloading pid 4: asked for by the worker: since 1");
  EXPECT_EQ(script.LastRecord(1), "reloading pid 5: asked for by the worker: since 1");
}

TEST(Asked, ResumeReachesTheWorkerThatIsBeingReplaced) {
  Script script = AllServing(1);
  script.Command(Verb::kPause);
  script.Ask(1);
  script.Decided();
  script.Command(Verb::kResume);
  EXPECT_THAT(script.Decided(), ElementsAre("resume 1", "reply 2 Done"));
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("start 2", "stop 1", "TERM 1"));
}

TEST(Asked, RequestThatIsHeldBackGoesWithItsWorker) {
  Script script = AllServing(1);
  script.Ask(1);
  script.Load(2);
  script.Exit(1, 0);
  script.Ask(2);  // held back
  script.Exit(2, 1);
  script.Load(3);
  EXPECT_EQ(script.Deadline(), script.now() + Web(1).timeout);
}

TEST(Asked, RequestAfterALongTimeIsAFirstOne) {
  Script script = AllServing(1);
  script.Ask(1);
  script.Load(2);
  script.Exit(1, 0);
  script.Pass(Seconds(5));
  script.Beat(2);
  script.Pass(kStableAfter + Span{-Seconds(5).ns});
  script.Decided();
  script.Ask(2);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 3"));  // at once
}

TEST(Asked, WhileTheServiceStartsComesAfterTheStart) {
  Script script({Web(2)});
  script.Boot();
  script.Load(1);
  script.Decided();
  script.Ask(1);
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("start 2", "spawn 3"));
}

TEST(Asked, RequestOfAWorkerThatIsLostIsForgotten) {
  Script script = AllServing(2);
  script.Ask(1);  // pid 3
  script.Ask(2);  // waits for that
  script.ConfigError(2, "bad");
  script.Exit(2, 99);
  script.Decided();
  script.Load(3);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "stop 1", "TERM 1"));
  EXPECT_EQ(script.State(), "failed");
}

TEST(Asked, WorkersThatAskAtOnceEachTimeArePaced) {
  Script script = AllServing(1);
  const Instant begin = script.now();
  int32_t newest = 1;
  while (script.now() - begin < Seconds(10)) {
    script.Ask(newest);
    script.Beat(newest);
    if (script.Spawns() > newest) {
      newest = script.Spawns();
      script.Load(newest);
    }
    script.Pass(Milliseconds(50));
  }
  EXPECT_LE(script.Spawns(), 11);
  EXPECT_GE(script.Spawns(), 4);
}

TEST(Asked, LeavingOnPurposeIsNoFailure) {
  Script script = AllServing(1);
  script.Leave(1);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2"));
  script.Exit(1, 0);  // before its successor is there
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("start 2"));
  EXPECT_EQ(script.State(), "running");
  // Also where no replacement could be begun yet.
  script.Leave(2);
  script.Exit(2, 0);
  EXPECT_EQ(script.service().slots()[0].restarts(), 0U);
  EXPECT_EQ(script.service().slots()[0].last_trouble().kind, Cause::Kind::kNone);
}

// Only its exit is excused. One that hangs, or breaks the protocol, or is killed is lost as any other.
TEST(Asked, WhoSaysThatItLeavesAndIsLostOtherwiseIsCounted) {
  for (const auto& lose :
       {+[](Script& script) { script.Violate(1, "what is this"); },
        +[](Script& script) { script.Die(1, 11); }, +[](Script& script) { script.Pass(Seconds(10)); }}) {
    Script script({Web(1)});
    script.Boot();
    script.Leave(1);  // before it is loaded, so that no replacement can be begun for it
    script.Load(1);
    lose(script);
    EXPECT_EQ(script.Spawns(), 2);
    EXPECT_EQ(script.service().slots()[0].restarts(), 1U);
    EXPECT_NE(script.service().slots()[0].last_trouble().kind, Cause::Kind::kNone);
  }
}

// Also by those that say so before they are loaded, so that no replacement can be begun for them.
TEST(Asked, LeavingOnPurposeEachTimeIsPaced) {
  Script script({Web(1)});
  script.Boot();
  for (int32_t pid = 1; pid <= 2; ++pid) {
    script.Leave(pid);
    script.Load(pid);
    script.Exit(pid, 0);
  }
  EXPECT_EQ(script.Spawns(), 2);  // the first one was succeeded at once, the second one is not
  script.Pass(kBackoffFirst);
  EXPECT_EQ(script.Spawns(), 3);
  EXPECT_EQ(script.service().slots()[0].restarts(), 0U);
}

}  // namespace
}  // namespace fectl::core
