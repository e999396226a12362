// Stopping services and the master, and the table of commands and states, as scripts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "master/core/basis/limits.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Stop, IsDoneWhenNoProcessIsLeft) {
  Script script = AllServing(2);
  script.Command(Verb::kStop);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "stop 2", "TERM 2"));
  EXPECT_EQ(script.State(), "stopping");
  script.Exit(1, 0);
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Exit(2, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 Stopped: web is stopped"));
  EXPECT_EQ(script.State(), "stopped");
  EXPECT_EQ(script.Deadline(), kNever);
}

TEST(Stop, KillsWhatDoesNotLeaveInTime) {
  Script script = AllServing(1);
  script.Command(Verb::kStop);
  script.Decided();
  script.Pass(Span{Seconds(20).ns - 1});
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Span{1});
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1"));
  EXPECT_EQ(script.LastRecord(0), "stopping pid 1: did not exit within 20 s after it was told to");
  script.Die(1, 9);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 Stopped: web is stopped"));
}

TEST(Stop, WaitsForOldWorkersOfAReloadToo) {
  Script script = AllServing(1);
  script.Command(Verb::kReload);
  script.Load(2);
  script.Command(Verb::kStop);
  script.Exit(2, 0);
  script.Decided();
  EXPECT_EQ(script.State(), "stopping");
  script.Exit(1, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 2 Stopped: web is stopped"));
}

TEST(Stop, EndsAReloadAndTellsWhoWaitsForIt) {
  Script script = AllServing(1);
  script.Command(Verb::kReload);
  script.Decided();
  script.Command(Verb::kStop);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 ErrorStopping: web was told to stop meanwhile", "stop 2",
                                            "TERM 2", "stop 1", "TERM 1"));
  script.Load(2);  // too late
  EXPECT_THAT(script.Decided(), IsEmpty());
}

TEST(Stop, EndsTheWaitForTheNextAttempt) {
  Script script({Web(1)});
  script.Boot();
  script.Exit(1, 1);
  script.Exit(2, 1);  // waits now
  script.Decided();
  script.Command(Verb::kStop);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 Stopped: web is stopped"));
  EXPECT_EQ(script.LastRecord(0), "stopped: asked for by an operator");
  script.Pass(Seconds(60));
  EXPECT_EQ(script.Spawns(), 2);
}

TEST(Stop, WhatOutlivesSigkillIsNotWaitedFor) {
  Script script = AllServing(1);
  script.Command(Verb::kStop);
  script.Pass(Seconds(20) + kUnkillableAfter);
  EXPECT_THAT(script.Decided(), testing::Contains("reply 1 Stopped: web is stopped"));
  script.Command(Verb::kStart);
  script.Load(2);
  EXPECT_EQ(script.State(), "running");
  script.Die(1, 9);  // at last
  EXPECT_EQ(script.State(), "running");
}

TEST(Stop, StoppedServiceStartsAfresh) {
  Script script = AllServing(1);
  script.Command(Verb::kStop);
  script.Exit(1, 0);
  script.Decided();
  script.Command(Verb::kStart);
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2", "start 2", "reply 2 Started"));
}

TEST(Stop, EndsThePause) {
  Script script = AllServing(1);
  script.Command(Verb::kPause);
  script.Command(Verb::kStop);
  script.Exit(1, 0);
  EXPECT_FALSE(script.service().paused());
  script.Command(Verb::kStart);
  script.Decided();
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("start 2", "reply 3 Started"));
  EXPECT_EQ(script.State(), "running");
}

TEST(Stop, ForgetsTheReloadThatWaits) {
  Script script = AllServing(1);
  script.Command(Verb::kReload);
  script.Command(Verb::kReload);
  script.Decided();
  script.Command(Verb::kStop);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 ErrorStopping: web was told to stop meanwhile",
                                            "reply 2 ErrorStopping: web was told to stop meanwhile", "stop 2",
                                            "TERM 2", "stop 1", "TERM 1"));
  script.Exit(1, 0);
  script.Exit(2, 0);
  script.Command(Verb::kStart);
  script.Decided();
  script.Load(3);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "reply 4 Started"));  // and no further process
}

TEST(Commands, RefusedWhereTheStateDoesNotAllowThem) {
  Script stopped = AllServing(1);
  stopped.Command(Verb::kStop);
  stopped.Exit(1, 0);
  stopped.Decided();
  for (const Verb verb : {Verb::kStop, Verb::kReload, Verb::kRestart, Verb::kPause, Verb::kResume}) {
    stopped.Command(verb);
  }
  EXPECT_THAT(stopped.Decided(),
              ElementsAre("reply 2 ErrorStopped: web is stopped", "reply 3 ErrorStopped: web is stopped",
                          "reply 4 ErrorStopped: web is stopped", "reply 5 ErrorStopped: web is stopped",
                          "reply 6 ErrorStopped: web is stopped"));

  Script running = AllServing(1);
  running.Command(Verb::kStart);
  EXPECT_THAT(running.Decided(), ElementsAre("reply 1 ErrorRunning: web is already running"));

  Script starting({Web(1)});
  starting.Boot();
  starting.Decided();
  for (const Verb verb : {Verb::kReload, Verb::kRestart, Verb::kPause, Verb::kResume}) starting.Command(verb);
  EXPECT_THAT(starting.Decided(), testing::Each(testing::HasSubstr("ErrorStarting")));

  Script stopping = AllServing(1);
  stopping.Command(Verb::kStop);
  stopping.Decided();
  for (const Verb verb : {Verb::kReload, Verb::kPause}) stopping.Command(verb);
  EXPECT_THAT(stopping.Decided(), testing::Each(testing::HasSubstr("ErrorStopping")));

  Script reloading = AllServing(1);
  reloading.Command(Verb::kReload);
  reloading.Decided();
  for (const Verb verb : {Verb::kPause, Verb::kResume}) reloading.Command(verb);
  EXPECT_THAT(reloading.Decided(), testing::Each(testing::HasSubstr("ErrorReloading")));

  Script failed({Web(1)});
  failed.Boot();
  failed.ConfigError(1, "bad");
  failed.Decided();
  failed.Command(Verb::kPause);
  EXPECT_THAT(failed.Decided(), ElementsAre("reply 1 ErrorFailed: web has failed: no worker serves"));
}

TEST(Commands, OfAnUnknownServiceAreAnswered) {
  Script script = AllServing(1);
  script.Command(Verb::kStart, 7);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 ErrorUnknown: there is no such service"));
}

TEST(Shutdown, GracefulStopsEverythingAndFinishes) {
  ServicePolicy api = Web(1);
  api.name = "api";
  Script script({Web(1), api});
  script.Boot();
  script.Load(1);
  script.Load(2);
  script.Decided();
  script.Shutdown(true);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "stop 2", "TERM 2"));
  script.Exit(2, 0);
  script.Command(Verb::kStart, 1);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 ErrorStopping: fectld is stopping"));
  script.Exit(1, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("finish"));
}

TEST(Shutdown, EachSignalIsMoreUrgentThanTheOneBefore) {
  Script script = AllServing(2);
  script.Shutdown(true);
  script.Shutdown(true);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "stop 2", "TERM 2", "QUIT 1", "QUIT 2"));
  script.Shutdown(true);
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1", "KILL 2"));
  script.Die(1, 9);
  script.Die(2, 9);
  EXPECT_THAT(script.Decided(), ElementsAre("finish"));
}

TEST(Shutdown, QuickKillsAfterASecond) {
  Script script = AllServing(1);
  script.Shutdown(false);
  EXPECT_THAT(script.Decided(), ElementsAre("QUIT 1"));
  script.Pass(kQuickGrace);
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1"));
}

TEST(Shutdown, QuickAfterGracefulLeavesASecond) {
  Script script = AllServing(1);
  script.Shutdown(true);
  script.Shutdown(false);
  script.Decided();
  script.Pass(kQuickGrace);
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1"));
  EXPECT_EQ(script.LastRecord(0), "stopping pid 1: did not exit within 1 s after it was told to");
}

TEST(Shutdown, WithNothingRunningIsDoneAtOnce) {
  Script script = AllServing(1);
  script.Command(Verb::kStop);
  script.Exit(1, 0);
  script.Decided();
  script.Shutdown(true);
  EXPECT_THAT(script.Decided(), ElementsAre("finish"));
}

TEST(Shutdown, DoesNotWaitForWhatOutlivesSigkill) {
  Script script = AllServing(1);
  script.Shutdown(true);
  script.Pass(Seconds(20));
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "KILL 1"));
  script.Pass(kUnkillableAfter);
  EXPECT_THAT(script.Decided(), ElementsAre("finish"));
}

TEST(Shutdown, NothingIsStartedAfterwards) {
  Script script = AllServing(2);
  script.Shutdown(true);
  script.Decided();
  script.Exit(1, 1);
  script.Pass(Seconds(60));
  EXPECT_EQ(script.Spawns(), 2);
}

}  // namespace
}  // namespace fectl::core
