// Processes that were told to leave: what they started, how many there may be, and how they are counted.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "master/core/basis/limits.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The process ends, what it started lives on.
void EndAlone(Script& script, int32_t pid, int32_t code) {
  script.Step(Exited{.who = script.Who(pid), .number = code, .group_left = true});
}
void DieAlone(Script& script, int32_t pid, int32_t signal) {
  script.Step(Exited{.who = script.Who(pid), .signaled = true, .number = signal, .group_left = true});
}

// One worker, whose successor serves, and which was told to leave: pid 1.
Script OneLeaves() {
  Script script = AllServing(1);
  script.Command(Verb::kReload);
  script.Load(2);
  script.Decided();
  return script;
}

Undrained Counted(const Script& script) {
  return script.service().slots()[0].undrained();
}

// All records of the first slot: "stopped pid 1: exited with code 0".
std::vector<std::string> Records(const Script& script) {
  std::vector<std::string> lines;
  for (const Record& record : script.service().slots()[0].history().records()) {
    lines.push_back(std::string(ToWord(record.milestone)) + " pid " + std::to_string(record.pid) + ": " +
                    ToWords(record.cause));
  }
  return lines;
}

TEST(Leaving, HELPER_WhatItStartedHasTheRestOfTheTime) {
  Script script = OneLeaves();
  script.Pass(Seconds(5));
  script.Beat(2);
  EndAlone(script, 1, 0);
  EXPECT_THAT(script.Decided(), IsEmpty());
  EXPECT_EQ(script.service().slots()[0].leaving().size(), 1U);
  for (int i = 0; i < 14; ++i) {
    script.Beat(2);
    script.Pass(Seconds(1));
  }
  script.Beat(2);
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Seconds(1));
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1"));
  script.Step(GroupEnded{script.Who(1)});
  EXPECT_THAT(script.service().slots()[0].leaving(), IsEmpty());
  EXPECT_EQ(script.LastRecord(0), "stopped pid 1: the last process that it had started has ended");
  EXPECT_EQ(Counted(script), Undrained{}) << "the worker itself had finished";
}

TEST(Leaving, HELPER_AProcessHasOneNumber) {
  Script script = OneLeaves();
  EndAlone(script, 1, 0);
  script.Step(Spawned{script.Who(1), 7});
  script.Step(GroupEnded{script.Who(1)});
  EXPECT_EQ(script.LastRecord(0), "stopped pid 1: the last process that it had started has ended");
}

TEST(Leaving, HELPER_AStopWaitsForWhatWorkersStarted) {
  Script script = AllServing(1);
  script.Command(Verb::kStop);
  script.Decided();
  EndAlone(script, 1, 0);
  EXPECT_THAT(script.Decided(), IsEmpty());
  EXPECT_EQ(script.State(), "stopping");
  script.Step(GroupEnded{script.Who(1)});
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 Stopped: web is stopped"));
}

TEST(Leaving, HELPER_AShutdownWaitsForItTooAndHurriesItLikeTheRest) {
  Script script = AllServing(1);
  script.Shutdown(true);
  EndAlone(script, 1, 0);
  script.Decided();
  script.Shutdown(true);  // the quick way: there is no process that could take SIGQUIT
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(kQuickGrace);
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1"));
  script.Step(GroupEnded{script.Who(1)});
  EXPECT_THAT(script.Decided(), ElementsAre("finish"));
}

TEST(Leaving, HELPER_OfOneThatCrashesItIsKilledAtOnce) {
  Script script = AllServing(1);
  DieAlone(script, 1, 11);
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1", "spawn 2"));
  EXPECT_THAT(Records(script), Contains(HasSubstr("lost pid 1: was killed by SIGSEGV (processes that it had "
                                                  "started are left)")));
  script.Load(2);
  script.Step(GroupEnded{script.Who(1)});
  EXPECT_EQ(script.service().processes(), 1U);
  EXPECT_EQ(Counted(script), Undrained{});
}

TEST(Leaving, HELPER_AnEndOfAGroupThatNobodyKnowsChangesNothing) {
  Script script = OneLeaves();
  script.Step(GroupEnded{script.Who(1)});  // its process lives
  script.Step(GroupEnded{script.Who(2)});
  script.Step(GroupEnded{.who = {.service = 0, .slot = 0, .generation = 77}});
  EXPECT_EQ(script.service().processes(), 2U);
  script.Exit(1, 0);
  script.Step(GroupEnded{script.Who(1)});
  EXPECT_EQ(script.service().processes(), 1U);
  EXPECT_THAT(script.Decided(), IsEmpty());
}

TEST(Leaving, WRAPPER_AShellThatEndsBySigtermLeavesTimeToItsProgram) {
  Script script = OneLeaves();
  DieAlone(script, 1, 15);
  EXPECT_THAT(script.Decided(), IsEmpty());
  const std::vector<std::string> records = Records(script);
  EXPECT_THAT(records.back(),
              HasSubstr("cut short pid 1: was killed by SIGTERM (processes that it had started "
                        "are left, "));
  EXPECT_THAT(records.back(), HasSubstr("write `exec` before the program"));
  EXPECT_EQ(Counted(script), Undrained{}) << "what it started may still finish";
  script.Step(GroupEnded{script.Who(1)});
  EXPECT_EQ(Counted(script), Undrained{});
}

TEST(Leaving, WRAPPER_AProgramBehindAShellThatIsKilledAtItsDeadlineDidNotDrain) {
  Script script = OneLeaves();
  DieAlone(script, 1, 15);
  for (int i = 0; i < 20; ++i) {
    script.Beat(2);
    script.Pass(Seconds(1));
  }
  EXPECT_THAT(script.Decided(), Contains("KILL 1"));
  script.Step(GroupEnded{script.Who(1)});
  EXPECT_EQ(Counted(script), (Undrained{.all = 1}));
}

TEST(Leaving, UNCOOPERATIVE_EndsBySignalsAreCountedUntilTheNextCommand) {
  Script script = AllServing(3);
  script.Command(Verb::kReload);
  for (const int32_t pid : {4, 5, 6}) script.Load(pid);
  script.Die(1, 15);
  script.Exit(2, 0);
  for (int i = 0; i < 20; ++i) {
    for (const int32_t pid : {4, 5, 6}) script.Beat(pid);
    script.Pass(Seconds(1));
  }
  script.Die(3, 9);
  const auto count = [&script](uint32_t slot) { return script.service().slots()[slot].undrained(); };
  EXPECT_EQ(count(0), (Undrained{.all = 1, .by_sigterm = 1}));
  EXPECT_EQ(count(1), Undrained{});
  EXPECT_EQ(count(2), (Undrained{.all = 1}));
  script.Command(Verb::kReload);
  EXPECT_EQ(count(0), Undrained{});
  EXPECT_EQ(count(2), Undrained{});
}

TEST(Leaving, UNCOOPERATIVE_ABatchCountsForTheWholeReload) {
  Script script = AllServing(2, 1);
  script.Command(Verb::kReload);
  script.Load(3);
  script.Die(1, 15);
  script.Load(4);
  EXPECT_EQ(Counted(script), (Undrained{.all = 1, .by_sigterm = 1}));
}

// What nobody asked to finish has nothing to drain.
TEST(Leaving, UNCOOPERATIVE_StartsAndHurriedEndsAreNotCounted) {
  Script script({Web(1)});
  script.Boot();
  script.Command(Verb::kStop);
  script.Die(1, 15);
  EXPECT_EQ(Counted(script), Undrained{});
  EXPECT_EQ(script.LastRecord(0), "stopped pid 1: was killed by SIGTERM");
  Script quick = AllServing(1);
  quick.Shutdown(true);
  quick.Shutdown(false);
  quick.Die(1, 3);
  EXPECT_EQ(Counted(quick), Undrained{});
}

TEST(Leaving, RESTART_TIME_ARestartGivesWhatWasPromised) {
  Script script = AllServing(1);
  script.Command(Verb::kRestart);
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2", "start 2", "stop 1", "TERM 1", "reply 1 Started"));
  for (int i = 0; i < 19; ++i) {
    script.Beat(2);
    script.Pass(Seconds(1));
  }
  script.Beat(2);
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Seconds(1));
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1"));
}

TEST(Leaving, RESTART_TIME_AWorkersOwnRestartHurriesNobody) {
  Script script = OneLeaves();
  script.Ask(2, Urgency::kRestart);
  script.Load(3);
  script.Decided();
  script.Pass(kHurriedGrace);
  EXPECT_THAT(script.Decided(), IsEmpty());
}

TEST(Leaving, LEAVING_PILE_ARestartHurriesWhatLeavesSinceEarlier) {
  Script script = OneLeaves();
  script.Command(Verb::kRestart);
  EXPECT_THAT(Records(script), Contains("stopping pid 1: has 5 s left, since the service is restarted"));
  script.Load(3);
  script.Decided();
  script.Pass(kHurriedGrace);
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1"));
  EXPECT_EQ(script.LastRecord(0), "stopping pid 1: did not exit within 5 s after it was told to");
}

TEST(Leaving, LEAVING_PILE_WhoHasLessTimeKeepsThat) {
  Script script = OneLeaves();
  for (int i = 0; i < 17; ++i) {
    script.Beat(2);
    script.Pass(Seconds(1));
  }
  script.Command(Verb::kRestart);
  script.Load(3);
  script.Decided();
  script.Pass(Seconds(3));
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1"));
}

TEST(Leaving, LEAVING_PILE_OfTooManyTheOldestIsEndedFirst) {
  Script script = AllServing(1);
  const auto reload = [&script] {
    script.Command(Verb::kReload);
    script.Load(script.Spawns());
  };
  for (size_t i = 0; i < kLeavingMax; ++i) reload();
  EXPECT_EQ(std::ranges::count(script.Decided(), "KILL 1"), 0);
  reload();
  EXPECT_THAT(script.decided(), Contains("KILL 1"));
  EXPECT_THAT(Records(script),
              Contains("stopping pid 1: is ended before its time: more than 8 processes of this "
                       "worker were leaving"));
  script.Decided();
  reload();  // pid 1 has not ended yet, and counts no more
  EXPECT_THAT(script.decided(), Contains("KILL 2"));
  EXPECT_EQ(std::ranges::count(script.Decided(), "KILL 3"), 0);
}

TEST(Leaving, OPERATOR_WORDS_AReloadThatAStopEndsWasNotAFailure) {
  Script script = AllServing(1);
  script.Command(Verb::kReload);
  script.Command(Verb::kStop);
  EXPECT_THAT(Records(script), Contains("reload given up pid 2: the service is to stop"));
  Script quit = AllServing(1);
  quit.Command(Verb::kRestart);
  quit.Shutdown(true);
  EXPECT_THAT(Records(quit), Contains("restart given up pid 2: fectld stops"));
}

// One worker, pid 1; so many processes of its place may be leaving.
Script ServingWithOldGenerations(uint32_t max) {
  ServicePolicy policy = Web(1);
  policy.rollout.max_old_generations = max;
  Script script({policy});
  script.Boot();
  script.Load(1);
  script.Decided();
  return script;
}

TEST(OldGenerations, MoreThanMayLeaveAreKilled) {
  Script script = ServingWithOldGenerations(1);
  script.Command(Verb::kReload);
  script.Load(2);
  script.Command(Verb::kReload);
  script.Decided();
  script.Load(3);
  EXPECT_THAT(script.Decided(), Contains("KILL 1"));
}

TEST(OldGenerations, AreKilledWhereFewerMayLeaveThanBefore) {
  Script script = ServingWithOldGenerations(kLeavingMax);
  for (int pid = 2; pid <= 4; ++pid) {
    script.Command(Verb::kReload);
    script.Load(pid);
  }
  ServicePolicy policy = script.service().policy();
  policy.rollout.max_old_generations = 1;
  script.Step(PlanChanged{0, {1, policy}});
  script.Command(Verb::kReload);
  script.Decided();
  script.Load(5);
  EXPECT_THAT(script.Decided(),
              ElementsAre("start 5", "stop 4", "TERM 4", "KILL 1", "KILL 2", "KILL 3", "reply 4 Started"));
}

}  // namespace
}  // namespace fectl::core
