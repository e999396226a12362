// Reload and restart, as scripts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "master/core/basis/limits.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Reload, OldWorkersLeaveOnlyWhenAllNewOnesAreLoaded) {
  Script script = AllServing(2);
  script.Command(Verb::kReload);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 3", "spawn 4"));
  EXPECT_EQ(script.State(), "reloading");
  EXPECT_EQ(script.service().ready(), 2U);
  script.Load(3);
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Load(4);
  EXPECT_THAT(script.Decided(),
              ElementsAre("start 3", "stop 1", "TERM 1", "start 4", "stop 2", "TERM 2", "reply 1 Started"));
  EXPECT_EQ(script.State(), "running");
  script.Exit(1, 0);
  script.Exit(2, 0);
  EXPECT_EQ(script.service().processes(), 2U);
}

TEST(Reload, OfOneWorkerLeavesTheOthersAlone) {
  Script script = AllServing(3);
  script.Command(Verb::kReload, 0, 1);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 4"));
  script.Load(4);
  EXPECT_THAT(script.Decided(), ElementsAre("start 4", "stop 2", "TERM 2", "reply 1 Started"));
  EXPECT_EQ(script.State(), "running");
}

TEST(Reload, OfOneWorkerThatFailsLeavesTheOldOneServing) {
  Script script = AllServing(2);
  script.Command(Verb::kRestart, 0, 0);
  script.Decided();
  script.Exit(3, 3);
  EXPECT_THAT(script.Decided(),
              Contains("reply 1 Failed: worker(1) exited with code 3 before it was loaded; the old "
                       "worker keeps serving"));
  EXPECT_EQ(script.service().ready(), 2U);
}

TEST(Reload, OfAWorkerThatTheServiceDoesNotHaveIsRefused) {
  Script script = AllServing(2);
  script.Command(Verb::kReload, 0, 2);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 ErrorFailed: web has no worker 3"));
}

TEST(Reload, OfOneWorkerBehindAnotherReloadBecomesOneOfAll) {
  Script script = AllServing(2);
  script.Command(Verb::kReload);
  script.Command(Verb::kReload, 0, 1);
  script.Decided();
  script.Load(3);
  script.Load(4);
  EXPECT_THAT(script.Decided(), Contains("spawn 5"));
}

TEST(Reload, SaysWhoAskedForIt) {
  Script script = AllServing(1);
  script.Command(Verb::kReload);
  EXPECT_EQ(script.LastRecord(0), "reloading pid 2: asked for by an operator");
}

TEST(Reload, GoesInBatchesWhereConfigured) {
  Script script = AllServing(3, 1);
  script.Command(Verb::kReload);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 4"));
  script.Load(4);
  EXPECT_THAT(script.Decided(), ElementsAre("start 4", "stop 1", "TERM 1", "spawn 5"));
  script.Load(5);
  EXPECT_THAT(script.Decided(), ElementsAre("start 5", "stop 2", "TERM 2", "spawn 6"));
  script.Load(6);
  EXPECT_THAT(script.Decided(), ElementsAre("start 6", "stop 3", "TERM 3", "reply 1 Started"));
}

TEST(Reload, OneThatDiesLeavesEveryOldWorkerServing) {
  Script script = AllServing(2);
  script.Command(Verb::kReload);
  script.Load(3);
  script.Decided();
  script.Exit(4, 3);
  EXPECT_THAT(
      script.Decided(),
      ElementsAre("stop 3", "TERM 3",
                  "reply 1 Failed: worker(2) exited with code 3 before it was loaded; the old workers keep "
                  "serving"));
  EXPECT_EQ(script.State(), "running");
  EXPECT_EQ(script.service().ready(), 2U);
  script.Exit(3, 0);
  EXPECT_EQ(script.Spawns(), 4);
  EXPECT_EQ(script.service().processes(), 2U);
}

TEST(Reload, OneThatHangsInItsStartIsKilled) {
  Script script = AllServing(1);
  script.Command(Verb::kReload);
  script.Decided();
  for (int i = 0; i < 30; ++i) {
    script.Beat(1);
    script.Pass(Seconds(1));
  }
  EXPECT_THAT(
      script.Decided(),
      ElementsAre(
          "examine 2",
          "reply 1 Failed: worker(1) did not say `loaded` within 30 s; the old worker keeps serving"));
}

TEST(Reload, MessageOfTheNewWorkerThatNeverEndsFailsIt) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Command(Verb::kReload);
  script.Decided();
  script.BeginMessage(2);
  script.Pass(Seconds(9));
  script.Beat(1);
  script.BeginMessage(1);
  script.Pass(Seconds(1));
  EXPECT_THAT(script.Decided(),
              ElementsAre("stop 2", "TERM 2", testing::HasSubstr("left a message unfinished")));
  script.Pass(Seconds(8));
  script.Beat(1);
  EXPECT_THAT(script.Decided(), testing::Not(testing::Contains("stop 1")));
}

TEST(Reload, MessageOfTheOldWorkerThatNeverEndsLeavesTheNewOneAlone) {
  ServicePolicy patient = Web(1);
  patient.timeout = Seconds(3600);
  Script script({patient});
  script.Boot();
  script.Load(1);
  script.Command(Verb::kReload);
  script.Decided();
  script.BeginMessage(1);
  script.Pass(kMessageGrace);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1"));
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("start 2", "reply 1 Started"));
}

TEST(Reload, ConfigurationErrorOfTheNewVersionIsToldInItsWords) {
  Script script = AllServing(1);
  script.Command(Verb::kReload);
  script.Decided();
  script.ConfigError(2, "no such app");
  EXPECT_THAT(
      script.Decided(),
      ElementsAre(
          "stop 2", "TERM 2",
          "reply 1 Failed: worker(1) configuration error: no such app; the old worker keeps serving"));
  EXPECT_EQ(script.State(), "running");
}

TEST(Reload, MissingExecutableLeavesTheOldWorkers) {
  Script script = AllServing(2);
  script.BreakSpawning("cannot execute /x");
  script.Command(Verb::kReload);
  EXPECT_THAT(script.Decided(),
              Contains("reply 1 Failed: worker(1) could not be started: cannot execute /x; the old "
                       "workers keep serving"));
  EXPECT_EQ(script.service().ready(), 2U);
  EXPECT_EQ(script.State(), "running");
}

TEST(Reload, FailureOfALaterBatchSaysHowFarItCame) {
  Script script = AllServing(2, 1);
  script.Command(Verb::kReload);
  script.Load(3);
  script.Decided();
  script.Exit(4, 1);
  EXPECT_THAT(script.Decided(),
              ElementsAre("reply 1 Failed: worker(2) exited with code 1 before it was loaded; the "
                          "old worker keeps serving (1 of 2 workers had been replaced before)"));
}

TEST(Reload, FailureOfTheFirstBatchCountsThoseWhoseTurnHasNotCome) {
  Script script = AllServing(2, 1);
  script.Command(Verb::kReload);
  script.Decided();
  script.Exit(3, 1);
  EXPECT_THAT(script.Decided(),
              ElementsAre("reply 1 Failed: worker(1) exited with code 1 before it was loaded; the old "
                          "workers keep serving"));
}

// Nobody is said to serve who does not.
TEST(Reload, FailureDoesNotCountSlotsWithoutAWorker) {
  ServicePolicy policy = Web(2);
  policy.rollout.max_surge = 1;
  Script script({policy});
  script.Boot();
  for (const int pid : {1, 2}) {
    script.ConfigError(pid, "bad");
    script.Exit(pid, 99);
  }
  script.Command(Verb::kReload);
  script.Decided();
  script.ConfigError(3, "bad");
  EXPECT_THAT(script.Decided(),
              ElementsAre("stop 3", "TERM 3", "reply 1 Failed: worker(1) configuration error: bad"));
}

TEST(Reload, ReplacementThatHangsWhileItWaitsForTheOthersFailsTheReload) {
  Script script = AllServing(2);
  script.Command(Verb::kReload);
  script.Load(3);
  script.Decided();
  for (int i = 0; i < 10; ++i) {
    script.Beat(1);
    script.Beat(2);
    script.Pass(Seconds(1));
  }
  EXPECT_THAT(script.Decided(), Contains("examine 3"));
  EXPECT_EQ(script.State(), "running");
  EXPECT_EQ(script.service().ready(), 2U);
}

TEST(Reload, OldWorkerThatDiesMeanwhileLeavesTheNewOneAlone) {
  Script script = AllServing(2);
  script.Command(Verb::kReload);
  script.Decided();
  script.Die(1, 9);
  EXPECT_THAT(script.Decided(), IsEmpty());  // its successor is on its way
  script.Load(3);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3"));  // nobody to wait for in this place
  script.Load(4);
  EXPECT_THAT(script.Decided(), ElementsAre("start 4", "stop 2", "TERM 2", "reply 1 Started"));
}

TEST(Reload, OldWorkerThatDiesAfterItsSuccessorIsReadyIsSucceededAtOnce) {
  Script script = AllServing(2);
  script.Command(Verb::kReload);
  script.Load(3);
  script.Decided();
  script.Die(1, 9);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3"));
  script.Exit(4, 1);  // the reload fails, but what serves goes on
  EXPECT_EQ(script.service().ready(), 2U);
  EXPECT_EQ(script.State(), "running");
}

// One that came up and crashed is neither awaited again nor the end of the reload.
TEST(Reload, CrashInASlotThatIsDoneIsAnOrdinaryCrash) {
  Script script = AllServing(2);
  script.Command(Verb::kReload);  // pids 3 and 4
  script.Die(1, 9);
  script.Load(3);
  script.Exit(3, 1);
  script.Load(5);
  script.Exit(5, 1);
  script.Pass(kBackoffFirst);
  script.Decided();
  script.Exit(6, 1);
  script.Pass(Seconds(2));
  script.Load(7);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 7", "start 7"));
  script.Load(4);
  EXPECT_THAT(script.Decided(), ElementsAre("start 4", "stop 2", "TERM 2", "reply 1 Started"));
}

TEST(Reload, WhilePausedComesUpPaused) {
  Script script = AllServing(1);
  script.Command(Verb::kPause);
  script.Command(Verb::kReload);
  script.Decided();
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "reply 2 Started"));
  EXPECT_EQ(script.State(), "paused");
}

// The program may have changed since the first one began: an answer is only for what was loaded after the
// question.
TEST(Reload, SecondOneFollowsTheFirst) {
  Script script = AllServing(1);
  script.Command(Verb::kReload);
  script.Command(Verb::kReload);
  script.Command(Verb::kReload);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2"));
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("start 2", "stop 1", "TERM 1", "reply 1 Started", "spawn 3"));
  script.Load(3);
  EXPECT_THAT(script.Decided(),
              ElementsAre("start 3", "stop 2", "TERM 2", "reply 2 Started", "reply 3 Started"));
  EXPECT_EQ(script.Spawns(), 3);
}

TEST(Reload, SecondOneFollowsAlsoAFailedOne) {
  Script script = AllServing(1);
  script.Command(Verb::kReload);
  script.Command(Verb::kReload);
  script.Decided();
  script.Exit(2, 1);
  EXPECT_THAT(
      script.Decided(),
      ElementsAre("reply 1 Failed: worker(1) exited with code 1 before it was loaded; the old worker keeps "
                  "serving",
                  "spawn 3"));
}

TEST(Reload, TakesAFailedServiceUpAgain) {
  Script script({Web(1)});
  script.Boot();
  script.ConfigError(1, "bad");
  script.Exit(1, 99);
  EXPECT_EQ(script.State(), "failed");
  script.Decided();
  script.Command(Verb::kReload);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2"));
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("start 2", "reply 1 Started"));
  EXPECT_EQ(script.State(), "running");
}

TEST(Reload, StartThatIsOnItsWayIsBegunAnew) {
  Script script = AllServing(1);
  script.Exit(1, 1);  // pid 2 comes up with what may be the old program
  script.Decided();
  script.Command(Verb::kReload);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 2", "TERM 2", "spawn 3"));
  script.Load(2);  // too late
  script.Load(3);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "reply 1 Started"));
}

TEST(Reload, StartThatIsBegunAnewHasNoMoreThanTheShutdownTimeout) {
  ServicePolicy policy = Web(1);
  policy.shutdown_timeout = Seconds(1);
  Script script({policy});
  script.Boot();
  script.Load(1);
  script.Exit(1, 1);
  script.Command(Verb::kReload);
  script.Decided();
  script.Pass(Seconds(1));
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 2"));
}

TEST(Restart, TakesAllAtOnceWhateverTheBatchSize) {
  Script script = AllServing(2, 1);
  script.Command(Verb::kRestart);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 3", "spawn 4"));
}

TEST(Restart, FollowsAReload) {
  Script script = AllServing(1);
  script.Command(Verb::kReload);
  script.Command(Verb::kRestart);
  script.Load(2);
  script.Decided();
  script.Load(3);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "stop 2", "TERM 2", "reply 2 Started"));
  // What the reload had replaced is hurried.
  script.Pass(kHurriedGrace);
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1"));
}

// Of the commands that wait together, the more urgent one says how.
TEST(Restart, MakesTheReloadThatWaitsARestart) {
  Script script = AllServing(1);
  script.Command(Verb::kReload);
  script.Command(Verb::kReload);
  script.Command(Verb::kRestart);
  script.Load(2);
  EXPECT_EQ(script.LastRecord(0), "restarting pid 3: asked for by an operator");
}

}  // namespace
}  // namespace fectl::core
