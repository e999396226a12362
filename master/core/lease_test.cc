// What workers say that they are busy with, as scripts.

#include "master/core/slot/lease.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "master/core/boundary/events.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Web has 10 s of silence, 30 s to start, and, here, a minute for a lease.
ServicePolicy Policy() {
  ServicePolicy policy = Web(1);
  policy.max_lease = Seconds(60);
  return policy;
}

Script Starting() {
  Script script({Policy()});
  script.Boot();
  script.Decided();
  return script;
}

Script Serving() {
  Script script = Starting();
  script.Load(1);
  script.Decided();
  return script;
}

void Lease(Script& script, Span length, int64_t progress = 0, const std::string& why = "model load",
           int32_t pid = 1) {
  script.Step(WorkerLeased{script.Who(pid), length, progress, why});
}

// How long worker 1 may still be busy; 0: it is not.
Span Left(const Script& script) {
  const core::Lease* lease = script.service().slots()[0].lease(script.now());
  return lease == nullptr ? Span{} : lease->until - script.now();
}

TEST(Leases, WhoIsBusyMayBeSilent) {
  Script script = Serving();
  Lease(script, Seconds(40));
  script.Pass(Seconds(39));
  EXPECT_THAT(script.Decided(), IsEmpty());
  EXPECT_EQ(Left(script), Seconds(1));
  EXPECT_EQ(script.service().slots()[0].lease(script.now())->why, "model load");
  script.Beat(1);
  EXPECT_EQ(Left(script), Seconds(1)) << "a heartbeat does not end it";
  script.Pass(Seconds(9));
  EXPECT_EQ(Left(script), Span{});
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Seconds(1));
  EXPECT_THAT(script.Decided(), ElementsAre("examine 1", "spawn 2"));
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "sent no heartbeat for 10 s");
}

TEST(Leases, OneThatRunsOutIsToldAsThat) {
  Script script = Serving();
  Lease(script, Milliseconds(40'500));
  script.Pass(Milliseconds(40'499));
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Milliseconds(1));
  EXPECT_THAT(script.Decided(), ElementsAre("examine 1", "spawn 2"));
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()),
            "let its lease of 40.5 s run out, busy with: model load");
  EXPECT_EQ(Left(script), Span{}) << "its successor is not busy";
}

TEST(Leases, AShortOneTakesNothingAway) {
  Script script = Serving();
  Lease(script, Seconds(1));
  script.Pass(Milliseconds(9'999));
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Milliseconds(1));
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "sent no heartbeat for 10 s");
}

TEST(Leases, MaxLeaseBoundsIt) {
  Script script = Serving();
  Lease(script, Seconds(1'000'000'000), 0, "");
  EXPECT_EQ(Left(script), Seconds(60));
  script.Pass(Seconds(60));
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "let its lease of 60 s run out");
}

TEST(Leases, ItIsRenewedOnlyWhereTheWorkGoesOn) {
  Script script = Serving();
  Lease(script, Seconds(20), 5);
  script.Pass(Seconds(10));
  Lease(script, Seconds(20), 5, "the same");
  EXPECT_EQ(Left(script), Seconds(10)) << "no progress";
  Lease(script, Seconds(20), 4, "less");
  EXPECT_EQ(Left(script), Seconds(10));
  Lease(script, Seconds(20), 6, "more");
  EXPECT_EQ(Left(script), Seconds(20));
  EXPECT_EQ(script.service().slots()[0].lease(script.now())->why, "more");
  Lease(script, Seconds(1), 7, "nearly done");
  EXPECT_EQ(Left(script), Seconds(20)) << "it is never made shorter";
  script.Pass(Seconds(20));
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()),
            "let its lease of 20 s run out, busy with: nearly done");
}

// Only the loop's own word says that it does not hang: a lease may come from another thread.
TEST(Leases, SayingItAgainIsNoSignOfLife) {
  Script script = Serving();
  for (int i = 0; i < 4; ++i) {
    Lease(script, Seconds(12));
    script.Pass(Seconds(3));
  }
  EXPECT_THAT(script.Decided(), ElementsAre("examine 1", "spawn 2"));
}

TEST(Leases, OverBecauseItSaysSoTheWorkerIsJudgedByItsHeartbeats) {
  Script script = Serving();
  Lease(script, Seconds(60));
  script.Pass(Seconds(30));
  Lease(script, Span{});
  EXPECT_EQ(Left(script), Span{});
  script.Pass(Milliseconds(9'999));
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Milliseconds(1));
  EXPECT_THAT(script.Decided(), ElementsAre("examine 1", "spawn 2"));
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "sent no heartbeat for 10 s");
}

TEST(Leases, AfterOneThatIsOverAnotherNeedsNoProgress) {
  Script script = Serving();
  Lease(script, Seconds(20), 5);
  Lease(script, Span{});
  Lease(script, Seconds(20), 5);
  EXPECT_EQ(Left(script), Seconds(20));
  script.Pass(Seconds(15));
  script.Beat(1);
  script.Pass(Seconds(6));
  Lease(script, Seconds(20));
  EXPECT_EQ(Left(script), Seconds(20)) << "the time of the one before was over";
}

TEST(Leases, AfterOneALongerTimeoutHoldsToo) {
  Script script = Serving();
  Lease(script, Seconds(20));
  script.Pass(Seconds(9));
  script.Beat(1);
  ServicePolicy policy = Policy();
  policy.timeout = Seconds(30);
  script.Step(PlanChanged{.service = 0, .plan = {2, policy}});
  script.Decided();
  script.Pass(Milliseconds(29'999));
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Milliseconds(1));
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "sent no heartbeat for 30 s");
}

TEST(Leases, TheStartMayTakeLonger) {
  Script script = Starting();
  script.Pass(Seconds(20));
  Lease(script, Seconds(50));
  script.Pass(Seconds(45));
  EXPECT_THAT(script.Decided(), IsEmpty());
  Lease(script, Span{});
  script.Pass(Milliseconds(9'999));
  EXPECT_THAT(script.Decided(), IsEmpty()) << "what was left of startup_timeout is left";
  script.Pass(Milliseconds(1));
  EXPECT_THAT(script.Decided(), ElementsAre("examine 1", "spawn 2"));
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "did not say `loaded` within 30 s");
}

TEST(Leases, AStartThatLetsOneRunOutHasFailed) {
  Script script = Starting();
  Lease(script, Seconds(50));
  script.Pass(Seconds(50));
  EXPECT_THAT(script.Decided(), ElementsAre("examine 1", "spawn 2"));
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()),
            "let its lease of 50 s run out, busy with: model load");
}

TEST(Leases, LoadedEndsIt) {
  Script script = Starting();
  Lease(script, Seconds(50));
  script.Load(1);
  EXPECT_EQ(Left(script), Span{});
  script.Decided();
  script.Pass(Seconds(10));
  EXPECT_THAT(script.Decided(), ElementsAre("examine 1", "spawn 2"));
}

TEST(Leases, EachProcessOfAReplacementHasItsOwn) {
  Script script = Serving();
  script.Command(Verb::kReload);
  Lease(script, Seconds(40), 0, "new", 2);
  EXPECT_EQ(Left(script), Seconds(40));
  Lease(script, Seconds(30), 0, "old", 1);
  EXPECT_EQ(Left(script), Seconds(30)) << "of the one that serves";
  script.Load(2);
  script.Decided();
  EXPECT_EQ(Left(script), Span{}) << "the new one is loaded, the old one is to leave";
  script.Beat(2);
  script.Pass(Seconds(9));
  EXPECT_THAT(script.Decided(), IsEmpty());
}

TEST(Leases, OneThatIsBusyStillHasToLeaveInTime) {
  Script script = Serving();
  Lease(script, Seconds(60));
  script.Command(Verb::kStop);
  script.Decided();
  script.Pass(Seconds(20));
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1"));
  Lease(script, Seconds(60), 1);
  EXPECT_EQ(Left(script), Span{});
}

TEST(Leases, OneWhosePipeHasEndedHasNone) {
  Script script = Serving();
  Lease(script, Seconds(60));
  script.CloseChannel(1);
  EXPECT_EQ(Left(script), Span{});
  script.Pass(Seconds(1));
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "closed its pipe to fectld but lives on");
}

TEST(Leases, AOneshotHasItsTimeout) {
  ServicePolicy policy = Policy();
  policy.oneshot = true;
  Script script({policy});
  script.Boot();
  script.Decided();
  Lease(script, Seconds(60));
  EXPECT_EQ(Left(script), Span{});
  script.Pass(Seconds(10));
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "ran for longer than 10 s");
}

TEST(Leases, AStallIsNotCounted) {
  Script script = Serving();
  Lease(script, Seconds(20));
  script.Stall(Seconds(100));
  EXPECT_EQ(Left(script), Seconds(20));
  script.Pass(Milliseconds(19'999));
  EXPECT_THAT(script.Decided(), IsEmpty());
}

TEST(Leases, ALongerTimeoutDoesNotMoveItsEnd) {
  Script script = Serving();
  Lease(script, Seconds(20));
  ServicePolicy policy = Policy();
  policy.timeout = Seconds(15);
  script.Step(PlanChanged{0, {2, policy}});
  script.Pass(Seconds(20));
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()),
            "let its lease of 20 s run out, busy with: model load");
}

}  // namespace
}  // namespace fectl::core
