// What a service tells of itself, what a command makes it forget, and pauses, as scripts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "master/core/basis/limits.h"
#include "master/core/boundary/cause.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

Script Booted(uint32_t num) {
  Script script({Web(num)});
  script.Boot();
  return script;
}

void FailForGood(Script& script, int32_t pid) {
  script.ConfigError(pid, "bad");
  script.Exit(pid, 99);
}

// The slot (from 0) and its trouble in words; "" where there is none.
std::string Trouble(const Script& script) {
  const auto trouble = script.service().trouble();
  if (!trouble.has_value()) return "";
  return std::to_string(trouble->first) + " " + ToWords(trouble->second);
}

TEST(Trouble, IsOfTheFirstSlotThatIsNotReady) {
  Script script = Booted(3);
  EXPECT_EQ(Trouble(script), "");  // not ready, but nothing happened
  script.Exit(3, 3);
  EXPECT_EQ(Trouble(script), "2 exited with code 3");
  script.Exit(2, 2);
  EXPECT_EQ(Trouble(script), "1 exited with code 2");
}

TEST(Trouble, OfAWorkerThatServesAgainIsOver) {
  Script script = Booted(1);
  script.Exit(1, 3);
  EXPECT_EQ(Trouble(script), "0 exited with code 3");
  script.Load(2);
  EXPECT_EQ(Trouble(script), "");
}

TEST(Trouble, OfASlotThatWasGivenUpComesFirst) {
  Script script = Booted(2);
  script.Exit(1, 3);
  FailForGood(script, 2);
  EXPECT_EQ(Trouble(script), "1 configuration error: bad");
}

TEST(Trouble, IsNoneWhereTheServiceIsStopped) {
  Script script = Booted(1);
  script.Exit(1, 3);
  script.Command(Verb::kStop);
  EXPECT_EQ(Trouble(script), "");
}

TEST(UpSince, IsTheStartThatMadeTheServiceRun) {
  Script script = Booted(1);
  const Instant boot = script.now();
  script.Pass(Seconds(5));
  EXPECT_EQ(script.service().up_since(), boot);
  FailForGood(script, 1);
  script.Command(Verb::kStart);  // it was to run all the time
  EXPECT_EQ(script.service().up_since(), boot);
  script.Command(Verb::kStop);
  EXPECT_EQ(script.service().up_since(), kNever);
  script.Exit(2, 0);
  script.Command(Verb::kStart);
  EXPECT_EQ(script.service().up_since(), boot + Seconds(5));
}

TEST(Pause, TellsWorkersAndResumeTellsThemAgain) {
  Script script({Web(2)});
  script.Boot();
  script.Load(1);
  script.Load(2);
  script.Decided();
  script.Command(Verb::kPause);
  EXPECT_THAT(script.Decided(), ElementsAre("pause 1", "pause 2", "reply 1 Done"));
  EXPECT_EQ(script.State(), "paused");
  script.Command(Verb::kPause);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 2 Done"));
  script.Command(Verb::kResume);
  EXPECT_THAT(script.Decided(), ElementsAre("resume 1", "resume 2", "reply 3 Done"));
  EXPECT_EQ(script.State(), "running");
}

TEST(Pause, WorkerThatIsReplacedMeanwhileComesUpPaused) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Command(Verb::kPause);
  script.Decided();
  script.Exit(1, 1);
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2"));  // no start
  EXPECT_EQ(script.State(), "paused");
  EXPECT_EQ(script.LastRecord(0), "paused pid 2");
  script.Command(Verb::kReload);
  script.Exit(3, 1);
  EXPECT_EQ(script.LastRecord(0), "paused pid 2: goes on as before, since its replacement failed");
  script.Decided();
  script.Command(Verb::kResume);
  EXPECT_THAT(script.Decided(), ElementsAre("start 2", "reply 3 Done"));
}

TEST(Resume, WhoBecomesReadyAfterwardsIsToldToStart) {
  Script script = Booted(1);
  script.Load(1);
  script.Command(Verb::kPause);
  script.Exit(1, 1);
  script.Command(Verb::kResume);
  script.Decided();
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("start 2"));
}

// The reload of an operator waits for the replacement that a worker asked for; the start takes that one's
// place.
TEST(Command, ReloadThatWaitsFollowsAStart) {
  Script script = Booted(2);
  FailForGood(script, 1);
  script.Load(2);
  script.Ask(2);  // pid 3
  script.Command(Verb::kReload);
  script.Command(Verb::kStart);  // pid 4
  script.Decided();
  script.Load(4);
  EXPECT_THAT(script.Decided(), ElementsAre("start 4", "reply 2 Started", "spawn 5", "spawn 6"));
}

Script StoppedAndStarted(Script script) {
  script.Command(Verb::kStop);
  for (int32_t pid = 1; pid <= script.Spawns(); ++pid) script.Exit(pid, 0);
  script.Command(Verb::kStart);
  script.Decided();
  return script;
}

TEST(Command, StartForgetsEarlierCrashes) {
  Script script = Booted(1);
  for (int32_t pid = 1; pid <= 2; ++pid) {
    script.Load(pid);
    script.Exit(pid, 1);
  }
  script.Decided();
  EXPECT_EQ(script.Spawns(), 2);  // the second crash waits
  script = StoppedAndStarted(script);
  script.Load(3);
  script.Exit(3, 1);
  EXPECT_THAT(script.Decided(), Contains("spawn 4"));  // at once
}

TEST(Command, StartForgetsEarlierRequestsOfWorkers) {
  Script script = Booted(1);
  script.Load(1);
  script.Ask(1);
  script.Load(2);
  script.Decided();
  script.Ask(2);
  EXPECT_THAT(script.Decided(), IsEmpty());  // the second one waits
  script = StoppedAndStarted(script);
  script.Load(3);
  script.Ask(3);
  EXPECT_THAT(script.Decided(), Contains("spawn 4"));  // at once
}

// Nobody waits for the reload that was given up, neither does the start.
TEST(Command, StartIsAnsweredForItsOwnSlots) {
  Script script = Booted(2);
  script.Load(1);
  script.Load(2);
  script.Command(Verb::kReload);  // pids 3 and 4
  script.Exit(4, 1);
  FailForGood(script, 2);
  script.Command(Verb::kStart);  // pid 5
  script.Exit(1, 1);
  script.Decided();
  script.Load(6);  // the successor of pid 1
  EXPECT_THAT(script.Decided(), ElementsAre("start 6"));
  script.Load(5);
  EXPECT_THAT(script.Decided(), ElementsAre("start 5", "reply 2 Started"));
}

TEST(Command, StartForgetsEarlierFailedStarts) {
  Script script = Booted(1);
  for (int32_t pid = 1; pid <= 2; ++pid) {
    script.Exit(pid, 1);
    script.Pass(kBackoffFirst);
  }
  script = StoppedAndStarted(script);
  script.Exit(script.Spawns(), 1);
  EXPECT_EQ(script.State(), "starting");  // the first of three
}

TEST(NewSockets, AreForWorkersThatGoOnServing) {
  using enum ServiceState;
  for (const ServiceState state : {kStarting, kRunning, kPaused, kReloading}) {
    EXPECT_TRUE(ReloadsForNewSockets(state, /*oneshot=*/false)) << ToWord(state);
    EXPECT_FALSE(ReloadsForNewSockets(state, /*oneshot=*/true)) << ToWord(state);  // it would run once more
  }
  for (const ServiceState state : {kWaiting, kStopping, kStopped, kFailed, kDone})
    EXPECT_FALSE(ReloadsForNewSockets(state, /*oneshot=*/false)) << ToWord(state);
}

}  // namespace
}  // namespace fectl::core
