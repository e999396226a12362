// Rollouts: new workers that have to prove themselves while the old ones are kept, and the way back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

// `num` workers that serve, pids 1 to num, and nothing decided since.
Script Serving(uint32_t num, const RolloutPolicy& rollout) {
  ServicePolicy policy = Web(num);
  policy.rollout = rollout;
  policy.timeout = Seconds(1000);  // no heartbeats in these tests
  Script script({policy});
  script.Boot();
  for (uint32_t pid = 1; pid <= num; ++pid) script.Load(static_cast<int32_t>(pid));
  script.Decided();
  return script;
}

RolloutPolicy Bake(Span time) {
  RolloutPolicy rollout;
  rollout.bake = time;
  return rollout;
}

RolloutPolicy Rolling(uint32_t surge, Span min_ready = {}) {
  RolloutPolicy rollout;
  rollout.max_surge = surge;
  rollout.min_ready = min_ready;
  return rollout;
}

RolloutPolicy WithCanary(Share canary) {
  RolloutPolicy rollout;
  rollout.canary = canary;
  return rollout;
}

// Another version of the same policy, and a reload to it.
void Deploy(Script& script, PlanVersion version) {
  script.Step(PlanChanged{0, {version, script.service().policy()}});
  script.Command(Verb::kReload);
}

RolloutRecord::Outcome OutcomeOf(const Script& script) {
  return script.service().last_rollout()->outcome;
}

TEST(Bake, OldWorkersArePausedAndKeptUntilTheEnd) {
  Script script = Serving(2, Bake(Seconds(60)));
  script.Command(Verb::kReload);
  script.Load(3);
  script.Decided();
  script.Load(4);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "pause 1", "start 4", "pause 2"));
  EXPECT_EQ(script.State(), "reloading");
  EXPECT_EQ(script.service().ready(), 2U);
  script.Pass(Seconds(59));
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Seconds(1));
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "stop 2", "TERM 2", "reply 1 Started"));
  EXPECT_EQ(script.State(), "running");
  EXPECT_EQ(OutcomeOf(script), RolloutRecord::Outcome::kDone);
}

TEST(Bake, CrashBringsTheSameOldProcessesBack) {
  Script script = Serving(2, Bake(Seconds(60)));
  Deploy(script, 7);
  script.Load(3);
  script.Load(4);
  script.Pass(Seconds(5));
  script.Decided();
  script.Die(4, 6);
  EXPECT_THAT(script.Decided(),
              ElementsAre("resume 2", "resume 1", "stop 3", "TERM 3",
                          "reply 1 Failed: worker(2) was killed by SIGABRT, 5 s after it was loaded; the old "
                          "workers serve again"));
  EXPECT_EQ(script.State(), "running");
  EXPECT_EQ(script.service().serving(), 2U);
  EXPECT_EQ(OutcomeOf(script), RolloutRecord::Outcome::kReverted);
  // What follows one that is lost now is of the version that serves.
  script.Die(2, 9);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 5"));
}

TEST(Bake, HangBringsThemBack) {
  Script script = Serving(1, Bake(Seconds(5000)));
  script.Command(Verb::kReload);
  script.Load(2);
  script.Decided();
  for (int i = 0; i < 10; ++i) {
    script.Pass(Seconds(150));
    script.Beat(1);
  }
  EXPECT_THAT(script.Decided(), Contains(HasSubstr("; the old workers serve again")));
  EXPECT_EQ(script.State(), "running");
}

TEST(Bake, WorkerThatDoesWorseThanTheOldOnesBringsThemBack) {
  Script script = Serving(2, Bake(Seconds(60)));
  script.Command(Verb::kReload);
  script.Load(3);
  script.Load(4);
  script.Pass(Seconds(2));
  script.Decided();
  script.Disprove(1, "an old one is not judged");
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Disprove(3, "errors 17 is above 5 (old workers: 0)");
  const std::vector<std::string> decided = script.Decided();
  EXPECT_THAT(decided, Contains("resume 1"));
  EXPECT_THAT(decided,
              Contains("reply 1 Failed: worker(1) errors 17 is above 5 (old workers: 0), 2 s after it "
                       "was loaded; the old workers serve again"));
  script.Disprove(1, "nothing has to be proven now");
  EXPECT_THAT(script.Decided(), IsEmpty());
}

TEST(Bake, OldWorkerThatDiesIsNotMissed) {
  Script script = Serving(2, Bake(Seconds(60)));
  script.Command(Verb::kReload);
  script.Load(3);
  script.Load(4);
  script.Decided();
  script.Die(1, 9);
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Seconds(60));
  EXPECT_THAT(script.Decided(), ElementsAre("stop 2", "TERM 2", "reply 1 Started"));
}

// Where no old process is left, another one of the old version is started.
TEST(Bake, PlaceWhoseOldWorkerIsGoneIsBroughtBackByAnother) {
  Script script = Serving(2, Bake(Seconds(60)));
  Deploy(script, 7);
  script.Load(3);
  script.Load(4);
  script.Die(1, 9);
  script.Decided();
  script.Die(4, 6);
  EXPECT_THAT(script.Decided(), ElementsAre("resume 2", "spawn 5"));  // 3 serves until 5 is loaded
  EXPECT_EQ(script.service().ready(), 2U);
  script.Load(5);
  EXPECT_THAT(script.Decided(),
              ElementsAre("start 5", "stop 3", "TERM 3",
                          "reply 1 Failed: worker(2) was killed by SIGABRT, 0 s after it was "
                          "loaded; the old workers keep serving"));
  EXPECT_EQ(OutcomeOf(script), RolloutRecord::Outcome::kReverted);
}

TEST(Bake, WithoutAutoRevertOnlyTheLostWorkerIsReplacedByItsOldOne) {
  RolloutPolicy rollout = Bake(Seconds(60));
  rollout.auto_revert = false;
  Script script = Serving(2, rollout);
  Deploy(script, 7);
  script.Load(3);
  script.Load(4);
  script.Decided();
  script.Die(4, 6);
  const std::vector<std::string> decided = script.Decided();
  EXPECT_THAT(decided, Contains("resume 2"));
  EXPECT_THAT(decided, Contains("TERM 1"));
  EXPECT_THAT(decided, Not(Contains("TERM 3")));
  EXPECT_EQ(script.State(), "running");
}

TEST(Bake, StopEndsBoth) {
  Script script = Serving(1, Bake(Seconds(60)));
  script.Command(Verb::kReload);
  script.Load(2);
  script.Decided();
  script.Command(Verb::kStop);
  EXPECT_THAT(script.Decided(), UnorderedElementsAre("reply 1 ErrorStopping: web was told to stop meanwhile",
                                                     "stop 1", "TERM 1", "stop 2", "TERM 2"));
}

TEST(Bake, OtherCommandsAreRefusedWithTheWayOut) {
  Script script = Serving(1, Bake(Seconds(60)));
  script.Command(Verb::kReload);
  script.Load(2);
  script.Decided();
  script.Command(Verb::kReload);
  EXPECT_THAT(script.Decided(), ElementsAre(HasSubstr("fectl rollout promote")));
  script.Command(Verb::kStart);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 3 ErrorRunning: web is already running"));
}

TEST(Bake, RestartKeepsNobody) {
  Script script = Serving(1, Bake(Seconds(60)));
  script.Command(Verb::kRestart);
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2", "start 2", "stop 1", "TERM 1", "reply 1 Started"));
}

TEST(Bake, TimeThatTheMasterDidNotRunDoesNotCount) {
  Script script = Serving(1, Bake(Seconds(60)));
  script.Command(Verb::kReload);
  script.Load(2);
  script.Decided();
  script.Stall(Seconds(100));
  script.Pass(Seconds(59));
  EXPECT_THAT(script.Decided(), IsEmpty());
}

TEST(Proving, BatchIsWatchedBeforeTheNextOne) {
  Script script = Serving(2, Rolling(1, Seconds(10)));
  script.Command(Verb::kReload);
  script.Load(3);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 3", "start 3", "pause 1"));
  script.Pass(Seconds(10));
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "spawn 4"));
  script.Load(4);
  script.Pass(Seconds(10));
  EXPECT_THAT(script.Decided(), ElementsAre("start 4", "pause 2", "stop 2", "TERM 2", "reply 1 Started"));
}

TEST(Proving, CrashOfAnEarlierBatchEndsTheRollout) {
  Script script = Serving(2, Rolling(1, Seconds(10)));
  Deploy(script, 7);
  script.Load(3);
  script.Pass(Seconds(10));
  script.Decided();
  script.Die(3, 11);  // while the next one starts
  EXPECT_THAT(script.Decided(), Contains("TERM 4"));
  EXPECT_THAT(script.decided(), Not(Contains(HasSubstr("reply"))));
}

TEST(Rolling, FailedBatchBringsEarlierOnesBack) {
  Script script = Serving(3, Rolling(1));
  Deploy(script, 7);
  script.Load(4);
  script.Load(5);
  script.Decided();
  script.Exit(6, 1);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 7"));  // of the first plan, beside 4
  EXPECT_EQ(script.State(), "reloading");
  EXPECT_EQ(script.service().ready(), 3U);
  script.Load(7);
  script.Load(8);
  EXPECT_THAT(script.Decided(),
              ElementsAre("start 7", "stop 4", "TERM 4", "spawn 8", "start 8", "stop 5", "TERM 5",
                          "reply 1 Failed: worker(3) exited with code 1 before it was loaded; the old worker "
                          "keeps serving"));
  EXPECT_EQ(OutcomeOf(script), RolloutRecord::Outcome::kReverted);
}

TEST(Rolling, FailureOfTheWayBackIsTold) {
  Script script = Serving(2, Rolling(1));
  Deploy(script, 7);
  script.Load(3);
  script.Exit(4, 1);
  script.Decided();
  script.Exit(5, 2);
  EXPECT_THAT(script.Decided(),
              ElementsAre(HasSubstr("; going back failed, too: worker(1) exited with code 2")));
  EXPECT_EQ(OutcomeOf(script), RolloutRecord::Outcome::kFailed);
}

// Nothing else is known of the version before than what the plan says.
TEST(Rolling, SameVersionIsNotBroughtBack) {
  Script script = Serving(2, Rolling(1));
  script.Command(Verb::kReload);
  script.Load(3);
  script.Decided();
  script.Exit(4, 1);
  EXPECT_THAT(script.Decided(), ElementsAre(HasSubstr("(1 of 2 workers had been replaced before)")));
}

// Of a place that had been given up nothing is left to come back to.
TEST(Rolling, PlanThatWasDroppedDoesNotComeBack) {
  Script script = Serving(1, Rolling(1));
  script.ConfigError(1, "no such port");
  script.Exit(1, 1);
  script.Decided();
  Deploy(script, 7);
  EXPECT_THAT(script.Decided(), ElementsAre("drop plan 1", "spawn 2 of plan 7"));
  script.Exit(2, 1);
  EXPECT_THAT(script.Decided(),
              UnorderedElementsAre("spawn 3 of plan 7", HasSubstr("reply 1 Failed: worker(1)")));
}

TEST(Unavailable, OldWorkerMakesRoomForTheNewOne) {
  RolloutPolicy rollout;
  rollout.max_unavailable = 1;
  Script script = Serving(2, rollout);
  script.Command(Verb::kReload);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "spawn 3"));
  script.Load(3);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "stop 2", "TERM 2", "spawn 4"));
  script.Load(4);
  EXPECT_THAT(script.Decided(), ElementsAre("start 4", "reply 1 Started"));
}

// What is left to serve is as much as was asked for, whatever else is missing.
TEST(Unavailable, WorkersThatAreMissingAnywayCount) {
  RolloutPolicy rollout;
  rollout.max_unavailable = 1;
  Script script = Serving(2, rollout);
  script.Die(2, 9);
  script.Decided();
  script.Command(Verb::kReload);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 4"));  // beside 1
}

TEST(Unavailable, FailedOneIsBroughtBack) {
  RolloutPolicy rollout;
  rollout.max_unavailable = 1;
  Script script = Serving(2, rollout);
  Deploy(script, 7);
  script.Decided();
  script.Exit(3, 1);
  EXPECT_THAT(script.Decided(), Contains("spawn 5"));
  EXPECT_EQ(script.service().slots()[0].plan(), 1U);
}

TEST(Unavailable, IsRoundedDownAndSurgeUp) {
  EXPECT_EQ(Share::Percent(25).RoundedUp(5), 2U);
  EXPECT_EQ(Share::Percent(25).RoundedDown(5), 1U);
  EXPECT_EQ(Share(3).RoundedUp(5), 3U);
}

TEST(Canary, WaitsForAnOperator) {
  Script script = Serving(3, WithCanary(1));
  script.Command(Verb::kReload);
  script.Load(4);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 4", "start 4", "pause 1"));
  script.Pass(Seconds(900));
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Command(Verb::kPromote);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 2 Done", "stop 1", "TERM 1", "spawn 5", "spawn 6"));
  script.Load(5);
  script.Load(6);
  EXPECT_THAT(script.Decided(), Contains("reply 1 Started"));
}

TEST(Canary, AutoPromotedOneIsFollowedByTheRest) {
  RolloutPolicy rollout = WithCanary(Share::Percent(10));
  rollout.auto_promote = true;
  rollout.min_ready = Seconds(5);
  Script script = Serving(2, rollout);
  script.Command(Verb::kReload);
  script.Load(3);
  script.Decided();
  script.Pass(Seconds(5));
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "spawn 4"));
}

TEST(Canary, AbortBringsTheOldOneBack) {
  Script script = Serving(3, WithCanary(1));
  Deploy(script, 7);
  script.Load(4);
  script.Decided();
  script.Command(Verb::kAbort);
  EXPECT_THAT(script.Decided(),
              ElementsAre("reply 2 Done", "resume 1", "stop 4", "TERM 4",
                          "reply 1 Failed: an operator aborted it; the old workers serve again"));
  EXPECT_EQ(OutcomeOf(script), RolloutRecord::Outcome::kAborted);
}

TEST(Abort, AnswersAStartThatWaited) {
  Script script = Serving(1, {});
  script.Command(Verb::kReload);
  script.Command(Verb::kStart);
  script.Command(Verb::kAbort);
  EXPECT_THAT(script.Decided(), Contains("reply 2 ErrorRunning: web is already running"));
}

TEST(Hold, NoFurtherBatchBegins) {
  Script script = Serving(2, Rolling(1, Seconds(10)));
  script.Command(Verb::kReload);
  script.Command(Verb::kHold);
  script.Load(3);
  script.Pass(Seconds(100));
  EXPECT_THAT(script.Decided(), Not(Contains("spawn 4")));
  script.Command(Verb::kPromote);
  EXPECT_THAT(script.Decided(), Contains("spawn 4"));
}

TEST(Hold, AlsoWhereNothingHasToBeProven) {
  Script script = Serving(2, Rolling(1));
  script.Command(Verb::kReload);
  script.Command(Verb::kHold);
  script.Decided();
  script.Load(3);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "stop 1", "TERM 1"));
  EXPECT_EQ(script.supervisor().Contradiction(), "");
  script.Command(Verb::kPromote);
  EXPECT_THAT(script.Decided(), Contains("spawn 4"));
}

TEST(RolloutVerbs, NeedARollout) {
  Script script = Serving(1, {});
  for (const Verb verb : {Verb::kPromote, Verb::kHold, Verb::kAbort}) script.Command(verb);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 ErrorRunning: web has no rollout under way",
                                            "reply 2 ErrorRunning: web has no rollout under way",
                                            "reply 3 ErrorRunning: web has no rollout under way"));
}

TEST(Progress, RolloutThatDoesNotGoOnFails) {
  RolloutPolicy rollout;
  rollout.progress_deadline = Seconds(20);
  Script script = Serving(2, rollout);  // startup_timeout is 30 s
  script.Command(Verb::kReload);
  script.Pass(Seconds(15));
  script.Load(3);
  script.Pass(Seconds(14));
  script.Decided();
  script.Pass(Seconds(1));
  EXPECT_THAT(script.Decided(), Contains(HasSubstr("worker(2) did not say `loaded` within 30 s")));
  script.Command(Verb::kReload);
  script.Decided();
  script.Pass(Seconds(20));
  EXPECT_THAT(script.Decided(),
              Contains("reply 2 Failed: no worker was loaded for 20 s (progress_deadline); the "
                       "old workers keep serving"));
}

TEST(Record, TellsOfEachNewWorker) {
  Script script = Serving(2, {});
  script.Command(Verb::kReload);
  script.Pass(Seconds(2));
  script.Load(3);
  script.Pass(Seconds(1));
  script.Exit(4, 3);
  const RolloutRecord& record = *script.service().last_rollout();
  EXPECT_EQ(record.outcome, RolloutRecord::Outcome::kFailed);
  ASSERT_EQ(record.workers.size(), 2U);
  EXPECT_EQ(record.workers[0].old_pid, 1);
  EXPECT_EQ(record.workers[0].pid, 3);
  EXPECT_EQ(record.workers[0].loaded - record.workers[0].begun, Seconds(2));
  EXPECT_EQ(record.workers[1].pid, 4);
  EXPECT_EQ(record.workers[1].loaded, kNever);
  EXPECT_EQ(record.workers[1].cause, MakeCause(Cause::Kind::kExited, 3));
}

}  // namespace
}  // namespace fectl::core
