// Starting and losing workers, as scripts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "master/core/basis/limits.h"
#include "master/core/supervisor.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Start, RunsWhenEveryWorkerIsLoaded) {
  Script script({Web(2)});
  script.Boot();
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 1", "spawn 2"));
  EXPECT_EQ(script.State(), "starting");
  script.Load(1);
  EXPECT_THAT(script.Decided(), ElementsAre("start 1"));
  EXPECT_EQ(script.State(), "starting");
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("start 2"));
  EXPECT_EQ(script.State(), "running");
  EXPECT_EQ(script.service().ready(), 2U);
}

TEST(Serve, ADeathForWantOfMemoryIsToldAsSuch) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Step(Exited{.who = script.Who(1), .signaled = true, .number = 9, .out_of_memory = true});
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "was killed by SIGKILL (out of memory)");
}

TEST(Serve, ADeathIsToldWithAllThatIsKnownOfIt) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Step(Exited{
      .who = script.Who(1), .signaled = true, .number = 6, .core_dumped = true, .inside_message = true});
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()),
            "was killed by SIGABRT (core dumped, inside a message)");
}

TEST(Start, WhatIsSaidOfNobodyIsNotHeard) {
  Script script({Web(1)});
  script.Boot();
  for (const Incarnation nobody :
       {Incarnation{.service = 1, .generation = 1}, Incarnation{.slot = 1, .generation = 1}}) {
    script.Step(WorkerLoaded{nobody});
    script.Step(WorkerBeat{nobody});
    script.Step(Exited{.who = nobody});
  }
  EXPECT_EQ(script.service().ready(), 0U);
  EXPECT_EQ(script.service().processes(), 1U);
}

TEST(Start, LoadedTwiceIsLoadedOnce) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Decided();
  script.Load(1);
  EXPECT_THAT(script.Decided(), IsEmpty());
}

TEST(Start, NotLoadedInTimeIsKilledAndGivenUpAfterTheBudget) {
  Script script({Web(1)});
  script.Boot();
  script.Decided();
  script.Pass(Seconds(30));
  EXPECT_THAT(script.Decided(), ElementsAre("examine 1", "spawn 2"));  // the second try is at once
  EXPECT_EQ(script.LastRecord(0), "starting pid 2: started again after a failed start");
  script.Die(1, 9);
  script.Pass(Seconds(30) + kBackoffFirst);
  EXPECT_THAT(script.Decided(), ElementsAre("examine 2", "spawn 3"));
  script.Die(2, 9);
  script.Pass(Seconds(31));
  EXPECT_THAT(script.Decided(), ElementsAre("examine 3"));
  script.Die(3, 9);
  EXPECT_EQ(script.State(), "failed");
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "did not say `loaded` within 30 s");
  // Nothing is left to wait for.
  EXPECT_EQ(script.Deadline(), kNever);
  EXPECT_EQ(script.service().processes(), 0U);
}

TEST(Start, LoadedJustInTimeIsLoaded) {
  Script script({Web(1)});
  script.Boot();
  script.Pass(Span{Seconds(30).ns - 1});
  script.Load(1);
  script.Decided();
  script.Pass(Span{2});
  EXPECT_THAT(script.Decided(), IsEmpty());
  EXPECT_EQ(script.State(), "running");
}

TEST(Start, OneAttemptIsMadeWhereNoneMayFail) {
  for (const uint32_t restarts : {0U, 1U}) {
    ServicePolicy policy = Web(1);
    policy.restarts = restarts;
    Script script({policy});
    script.Boot();
    script.Exit(1, 1);
    EXPECT_EQ(script.State(), "failed");
    EXPECT_EQ(script.Spawns(), 1);
  }
}

TEST(Start, ExitBeforeLoadedCountsAlsoWithCodeZero) {
  Script script({Web(1)});
  script.Boot();
  script.Exit(1, 0);
  script.Exit(2, 0);
  script.Pass(kBackoffFirst);
  script.Exit(3, 0);
  EXPECT_EQ(script.State(), "failed");
  EXPECT_EQ(script.LastRecord(0), "failed: exited with code 0");
  EXPECT_EQ(script.Spawns(), 3);
}

TEST(Start, ConfigurationErrorIsNotTriedAgain) {
  Script script({Web(1)});
  script.Boot();
  script.Decided();
  script.ConfigError(1, "no module named app");
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1"));
  EXPECT_EQ(script.State(), "failed");
  EXPECT_EQ(script.LastRecord(0), "failed: configuration error: no module named app");
  script.Exit(1, 99);
  EXPECT_EQ(script.service().processes(), 0U);
  EXPECT_EQ(script.Spawns(), 1);
}

TEST(Start, WithoutProcessesFailsAfterTheBudgetAndSaysWhy) {
  Script script({Web(1)});
  script.BreakSpawning("cannot execute /x: No such file or directory");
  script.Boot();
  script.Pass(Seconds(2));
  EXPECT_EQ(script.State(), "failed");
  EXPECT_EQ(script.LastRecord(0),
            "failed: could not be started: cannot execute /x: No such file or directory");
}

TEST(Start, F41_ShortageOfTheSystemIsWaitedOut) {
  Script script({Web(1)});
  script.BreakSpawning("cannot fork: Resource temporarily unavailable", StartFailure::kTransient);
  script.Boot();
  script.Pass(Seconds(600));
  EXPECT_EQ(script.State(), "running");  // nobody waits any more for what is still tried
  const auto failed = static_cast<size_t>(
      std::count(script.decided().begin(), script.decided().end(), std::string("spawn fails")));
  EXPECT_GT(failed, 100U);
  EXPECT_LT(failed, 250U);  // with the back-off, not in a circle
  script.MendSpawning();
  script.Pass(kRoomRetryMax);
  script.Load(1);
  EXPECT_EQ(script.State(), "running");
}

TEST(Start, F38_AProcessThatNeverComesToItsProgramIsAFailedStart) {
  Script script({Web(1)});
  script.Boot();
  script.Decided();
  script.Step(SpawnFailed{script.Who(1), "cannot execute /srv/app: Stale file handle"});
  EXPECT_THAT(script.Decided(), testing::ElementsAre("spawn 2"));
  script.Load(2);
  EXPECT_EQ(script.State(), "running");
}

TEST(Start, OneWorkerThatFailsLeavesTheOthersServing) {
  Script script({Web(2)});
  script.Boot();
  script.Load(1);
  script.ConfigError(2, "bad");
  EXPECT_EQ(script.State(), "failed");
  EXPECT_EQ(script.service().ready(), 1U);
  // A start takes up what was given up, and nothing else.
  script.Decided();
  const RequestId start = script.Command(Verb::kStart);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 3"));
  script.Load(3);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "reply " + std::to_string(start) + " Started"));
  EXPECT_EQ(script.State(), "running");
}

TEST(Start, CommandIsAnsweredWithTheFirstFailure) {
  Script script({Web(2)});
  script.Boot();
  script.Decided();
  script.Command(Verb::kStart);  // joins the first start
  script.ConfigError(2, "bad");
  script.Load(1);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 2", "TERM 2", "start 1",
                                            "reply 1 Failed: worker(2) configuration error: bad"));
}

// Also where the one that is given up is none of those that the command started.
TEST(Start, CommandIsNotAnsweredStartedWhileTheServiceHasFailed) {
  Script script({Web(2)});
  script.Boot();
  script.ConfigError(1, "bad");
  script.Load(2);
  script.Exit(2, 1);  // pid 3 comes up by itself
  script.Decided();
  script.Command(Verb::kStart);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 4"));
  script.ConfigError(3, "worse");
  script.Load(4);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 3", "TERM 3", "start 4",
                                            "reply 1 Failed: worker(2) configuration error: worse"));
  EXPECT_EQ(script.State(), "failed");
}

TEST(Serve, CrashedWorkerIsReplacedAtOnceAndTheOtherNeverNotices) {
  Script script({Web(2)});
  script.Boot();
  script.Load(1);
  script.Load(2);
  script.Decided();
  script.Die(1, 11);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 3"));
  EXPECT_EQ(script.State(), "running");
  EXPECT_EQ(script.service().ready(), 1U);
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "was killed by SIGSEGV");
  EXPECT_EQ(script.service().slots()[0].restarts(), 1U);
  script.Load(3);
  EXPECT_EQ(script.service().ready(), 2U);
}

TEST(Serve, CrashLoopIsPacedForEverySeed) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Script script({Web(1)}, seed);
    script.Boot();
    const Instant begin = script.now();
    while (script.now() - begin < Seconds(10)) {
      if (std::holds_alternative<Starting>(script.service().slots()[0].state())) {
        script.Load(script.Spawns());
        script.Exit(script.Spawns(), 1);
      }
      script.Pass(Milliseconds(10));
    }
    EXPECT_LE(script.Spawns(), 10) << seed;
    EXPECT_GE(script.Spawns(), 5) << seed;
    EXPECT_EQ(script.State(), "running");  // it goes on trying
  }
}

// Each crash is followed by a start that fails: that must not make two loops, each with its own patience.
TEST(Serve, CrashesAndFailedStartsInTurnAreOneLoop) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Script script({Web(1)}, seed);
    script.Boot();
    const Instant begin = script.now();
    while (script.now() - begin < Seconds(10)) {
      if (std::holds_alternative<Starting>(script.service().slots()[0].state())) {
        if (script.Spawns() % 2 == 0) script.Load(script.Spawns());
        script.Exit(script.Spawns(), 1);
      }
      script.Pass(Milliseconds(10));
    }
    EXPECT_LE(script.Spawns(), 8) << seed;
    EXPECT_EQ(script.State(), "running");
  }
}

TEST(Serve, CrashAfterALongTimeIsAFirstOne) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Exit(1, 1);
  script.Load(2);
  script.Pass(Seconds(5));
  script.Beat(2);
  script.Pass(kStableAfter + Span{-Seconds(5).ns});
  script.Exit(2, 1);
  EXPECT_EQ(script.Spawns(), 3);  // at once
}

TEST(Serve, SilentWorkerIsKilledAfterTheTimeoutAndNotBefore) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Pass(Seconds(5));
  script.Beat(1);
  script.Decided();
  script.Pass(Span{Seconds(10).ns - 1});
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Span{1});
  EXPECT_THAT(script.Decided(), ElementsAre("examine 1", "spawn 2"));
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "sent no heartbeat for 10 s");
}

TEST(Serve, TimeInWhichTheMasterDidNotRunIsNobodysFault) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Decided();
  script.Stall(Seconds(60));
  script.Pass(Seconds(9));
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Seconds(1));
  EXPECT_THAT(script.Decided(), ElementsAre("examine 1", "spawn 2"));
}

TEST(Serve, WhatBreaksTheProtocolIsAskedToLeaveAndReplaced) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Decided();
  script.Violate(1, "not JSON: \"xx\"");
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "spawn 2"));
  script.Pass(Seconds(20));
  EXPECT_THAT(script.Decided(), testing::Contains("KILL 1"));
}

TEST(Serve, MessageThatNeverEndsIsTheEndOfItsWorker) {
  ServicePolicy patient = Web(1);
  patient.timeout = Seconds(3600);
  Script script({patient});
  script.Boot();
  script.Load(1);
  script.Decided();
  script.BeginMessage(1);
  script.Pass(Seconds(6));
  script.BeginMessage(1);  // more of the same message
  script.Pass(kMessageGrace + Span{-Seconds(6).ns - 1});
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Span{1});
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "spawn 2"));
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()),
            "broke the worker protocol: left a message unfinished");
}

TEST(Serve, MessageThatEndsInTimeIsLikeAnyOther) {
  ServicePolicy patient = Web(1);
  patient.timeout = Seconds(3600);
  Script script({patient});
  script.Boot();
  script.BeginMessage(1);
  script.Pass(Seconds(9));
  script.Load(1);
  script.Decided();
  script.BeginMessage(1);
  script.Pass(Seconds(9));
  script.Beat(1);
  script.BeginMessage(1);  // the next one has its own time
  script.Pass(Seconds(9));
  script.Stall(Seconds(60));
  script.Pass(Span{Seconds(1).ns - 1});
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Span{1});
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "spawn 2"));
}

TEST(Start, MessageThatNeverEndsIsAFailedStart) {
  Script script({Web(1)});
  script.Boot();
  script.Decided();
  script.BeginMessage(1);
  script.Pass(Seconds(5));
  script.Beat(1);  // any whole message
  script.BeginMessage(1);
  script.Pass(kMessageGrace + Span{-1});
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Span{1});
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "spawn 2"));
}

TEST(Serve, EndOfThePipeMeansNothingUntilTheWorkerOutlivesIt) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Decided();
  script.CloseChannel(1);
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Beat(1);  // cannot be, but must not keep it alive
  script.Pass(kChannelGrace);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "spawn 2"));
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "closed its pipe to fectld but lives on");
}

TEST(Serve, DeathBehindTheEndOfThePipeIsAnOrdinaryDeath) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Decided();
  script.CloseChannel(1);
  script.Exit(1, 3);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2"));
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "exited with code 3");
}

TEST(Late, EventsOfOldIncarnationsChangeNothing) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Exit(1, 1);
  script.Load(2);
  script.Decided();
  script.Load(1);
  script.Beat(1);
  script.Ask(1);
  script.ConfigError(1, "late");
  script.Violate(1, "late");
  script.CloseChannel(1);
  script.Exit(1, 1);
  EXPECT_THAT(script.Decided(), IsEmpty());
  EXPECT_EQ(script.State(), "running");
}

TEST(Late, IncarnationsThatNeverWereAreIgnored) {
  Supervisor supervisor(FirstPlans({Web(1)}), 1);
  Effects effects;
  supervisor.Step(WorkerLoaded{{.service = 5, .slot = 0, .generation = 1}}, {}, effects);
  supervisor.Step(WorkerBeat{{.service = 0, .slot = 9, .generation = 1}}, {}, effects);
  supervisor.Step(Exited{.who = {.service = 0, .slot = 0, .generation = 77}}, {}, effects);
  EXPECT_THAT(effects, IsEmpty());
}

TEST(Clock, WallTimeChangesNoDecision) {
  const auto run = [](int64_t wall) {
    Supervisor supervisor(FirstPlans({Web(2)}), 3);
    Effects effects;
    Moment at{Instant{5}, wall};
    supervisor.Boot(at, effects);
    at.wall_seconds = -wall;
    at.now = at.now + Seconds(40);
    supervisor.Step(TimePassed{}, at, effects);
    std::erase_if(effects, [](const Effect& effect) { return std::holds_alternative<Report>(effect); });
    return effects;
  };
  EXPECT_EQ(run(0), run(4'000'000'000));
}

}  // namespace
}  // namespace fectl::core
