// Services that name others in `after` and `require`: starts, waits, and a shutdown in the reverse order, as
// scripts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "master/core/boundary/events.h"
#include "master/core/supervisor.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using Names = std::vector<std::string>;

ServicePolicy Named(const std::string& name, const Names& require = {}, const Names& after = {}) {
  ServicePolicy policy = Web(1);
  policy.name = name;
  policy.restarts = 1;
  policy.require = require;
  policy.after = after;
  return policy;
}

ServicePolicy NotAtBoot(ServicePolicy policy) {
  policy.autostart = false;
  return policy;
}

Script Booted(const std::vector<ServicePolicy>& policies) {
  Script script(policies);
  script.Boot();
  return script;
}

// "waiting: waiting for db"
std::string Shown(const Script& script, ServiceId id) {
  const std::string words = script.service(id).TroubleInWords();
  return std::string(script.service(id).word()) + (words.empty() ? "" : ": " + words);
}

TEST(Dependency, StartsWhenAllWorkersOfTheOtherAreLoaded) {
  ServicePolicy db = Named("db");
  db.num = 2;
  Script script = Booted({Named("web", {"db"}), db});
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 1", "spawn 2"));
  EXPECT_EQ(Shown(script, 0), "waiting: waiting for db");
  script.Load(1);
  EXPECT_THAT(script.Decided(), ElementsAre("start 1"));
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("start 2", "spawn 3"));
  EXPECT_EQ(script.State(0), "starting");
  script.Load(3);
  EXPECT_EQ(Shown(script, 0), "running");
}

TEST(Dependency, WaitsForAllThatItNames) {
  Script script = Booted({Named("db"), Named("cache"), Named("web", {"db"}, {"cache", "db"})});
  EXPECT_EQ(Shown(script, 2), "waiting: waiting for db, cache");
  script.Load(1);
  EXPECT_EQ(Shown(script, 2), "waiting: waiting for cache");
  script.Load(2);
  EXPECT_EQ(script.State(2), "starting");
}

TEST(Dependency, ChainsStartOneAfterTheOther) {
  Script script = Booted({Named("c", {}, {"b"}), Named("b", {"a"}), Named("a")});
  EXPECT_EQ(script.Spawns(), 1);
  script.Load(1);
  EXPECT_EQ(script.Spawns(), 2);
  EXPECT_EQ(Shown(script, 0), "waiting: waiting for b");
  script.Load(2);
  EXPECT_EQ(script.Spawns(), 3);
}

TEST(Dependency, FailedOneBlocksWhoRequiresItUntilItIsReady) {
  Script script = Booted({Named("db"), Named("web", {"db"})});
  script.Exit(1, 3);
  EXPECT_EQ(Shown(script, 1), "waiting: blocked: db failed");
  EXPECT_EQ(script.Spawns(), 1);
  script.Command(Verb::kStart, 0);  // pid 2
  EXPECT_EQ(Shown(script, 1), "waiting: waiting for db");
  script.Decided();
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("start 2", "reply 1 Started", "spawn 3"));
}

TEST(Dependency, BlockedOneBlocksWhoRequiresIt) {
  Script script = Booted({Named("web", {"api"}), Named("api", {"db"}), Named("db")});
  script.Exit(1, 3);
  EXPECT_EQ(Shown(script, 1), "waiting: blocked: db failed");
  EXPECT_EQ(Shown(script, 0), "waiting: blocked: api is blocked");
  script.Command(Verb::kStart, 2);
  script.Load(2);
  script.Load(3);
  EXPECT_EQ(script.State(0), "starting");
}

TEST(Dependency, WhoOnlyComesAfterIsStartedWhereTheOtherIsNotToCome) {
  for (const bool fails : {true, false}) {
    Script script = Booted({Named("db"), Named("web", {}, {"db"})});
    EXPECT_EQ(Shown(script, 1), "waiting: waiting for db");
    if (fails) script.Exit(1, 3);
    if (!fails) script.Command(Verb::kStop, 0);
    EXPECT_EQ(script.State(1), "starting") << fails;
  }
  Script script = Booted({NotAtBoot(Named("db")), Named("web", {}, {"db", "unknown"})});
  EXPECT_EQ(script.State(0), "stopped");
  EXPECT_EQ(script.State(1), "starting");
}

// In one step `db` is started again, so that `job` is blocked no longer, and `web` is asked for.
TEST(Dependency, OneThatIsUnblockedInTheSameStepIsWaitedFor) {
  Script script = Booted({NotAtBoot(Named("all", {"db", "web"})), NotAtBoot(Named("web", {}, {"job"})),
                          Named("job", {"db"}), Named("db")});
  script.Exit(1, 3);
  EXPECT_EQ(Shown(script, 2), "waiting: blocked: db failed");
  script.Decided();
  script.Command(Verb::kStart, 0);  // pid 2, of db
  EXPECT_EQ(Shown(script, 2), "waiting: waiting for db");
  EXPECT_EQ(Shown(script, 1), "waiting: waiting for job");
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2"));
}

// Not even a loss in the middle of its start makes the other one count as failed, or as ready.
TEST(Dependency, TransientLossIsWaitedOut) {
  ServicePolicy db = Named("db");
  db.num = 2;
  db.restarts = 3;
  Script script = Booted({db, Named("web", {"db"})});
  script.Load(1);
  script.Exit(1, 3);  // pid 3
  script.Load(2);
  EXPECT_EQ(Shown(script, 1), "waiting: waiting for db");
  script.Load(3);
  EXPECT_EQ(script.State(1), "starting");
}

TEST(Dependency, LaterLossStopsNobody) {
  Script script = Booted({Named("db"), Named("web", {"db"})});
  script.Load(1);
  script.Load(2);
  script.Command(Verb::kStop, 0);
  script.Exit(1, 0);
  EXPECT_EQ(Shown(script, 1), "running");
  script.Decided();
  script.Exit(2, 1);  // and a worker that is lost is followed by another
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 3"));
}

TEST(Dependency, StartStartsWhatItRequires) {
  Script script = Booted({NotAtBoot(Named("db")), NotAtBoot(Named("api", {"db"}, {"log"})),
                          NotAtBoot(Named("web", {"api"})), NotAtBoot(Named("log"))});
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Command(Verb::kStart, 2);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 1"));
  EXPECT_EQ(script.LastRecord(0, 0), "starting pid 1: required by api");
  script.Load(1);
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("start 1", "spawn 2", "start 2", "spawn 3"));
  script.Load(3);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "reply 1 Started"));
  EXPECT_EQ(script.State(3), "stopped");
}

TEST(Dependency, BootStartsWhatIsRequired) {
  const Script script = Booted({NotAtBoot(Named("db")), Named("web", {"db"})});
  EXPECT_EQ(script.State(0), "starting");
}

TEST(Dependency, StartAloneWaitsForNobody) {
  Script script = Booted({NotAtBoot(Named("db")), NotAtBoot(Named("web", {"db"}))});
  script.Step(Commanded{.request = 7, .service = 1, .verb = Verb::kStart, .alone = true});
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 1"));
  EXPECT_EQ(script.State(0), "stopped");
  EXPECT_EQ(script.State(1), "starting");
}

TEST(Dependency, StartThatIsBlockedIsAnsweredAndGoesOnWaiting) {
  Script script = Booted({Named("db"), NotAtBoot(Named("web", {"db"}))});
  script.Command(Verb::kStart, 1);
  script.Decided();
  script.Exit(1, 3);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 1 Failed: blocked: db failed"));
  // Asked again, the one that has failed is tried again.
  script.Command(Verb::kStart, 1);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2"));
  EXPECT_EQ(script.LastRecord(0, 0), "starting pid 2: required by web");
  script.Exit(2, 3);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 2 Failed: blocked: db failed"));
}

TEST(Dependency, StopOfWhatIsWaitedForBlocks) {
  Script script = Booted({Named("db"), Named("web", {"db"})});
  script.Command(Verb::kStop, 0);
  EXPECT_EQ(Shown(script, 1), "waiting: blocked: db is stopped");
  script.Command(Verb::kStart, 0);  // waits for the stop
  EXPECT_EQ(Shown(script, 1), "waiting: waiting for db");
  script.Exit(1, 0);
  script.Load(2);
  EXPECT_EQ(script.State(1), "starting");
}

TEST(Dependency, RemovedOneIsNoMore) {
  Script script = Booted({Named("db"), Named("web", {"db"}), Named("log", {}, {"db"})});
  script.Step(ServiceRemoved{0});
  EXPECT_EQ(Shown(script, 1), "waiting: blocked: db is not configured");
  EXPECT_EQ(script.State(2), "starting");
  script.Step(ServiceAdded{{7, Named("db")}});
  EXPECT_EQ(Shown(script, 1), "waiting: blocked: db is stopped");
  script.Command(Verb::kStart, 3);
  EXPECT_EQ(Shown(script, 1), "waiting: waiting for db");
}

TEST(Dependency, PlanThatNamesNobodyEndsTheWait) {
  Script script = Booted({Named("db"), Named("web", {"db"})});
  script.Step(PlanChanged{1, {7, Named("web")}});
  EXPECT_EQ(script.State(1), "starting");
}

TEST(Dependency, CommandsToOneThatWaits) {
  Script script = Booted({Named("db"), Named("web", {"db"})});
  script.Decided();
  for (const Verb verb : {Verb::kReload, Verb::kRestart, Verb::kPause, Verb::kResume})
    script.Command(verb, 1);
  for (const std::string& decided : script.Decided()) {
    EXPECT_THAT(decided, testing::HasSubstr("ErrorStarting: web has not started yet, waiting for db"));
  }
  script.Command(Verb::kStart, 1);
  script.Command(Verb::kStart, 1);
  script.Command(Verb::kStop, 1);
  EXPECT_THAT(script.Decided(), ElementsAre("reply 5 ErrorStopping: web was told to stop meanwhile",
                                            "reply 6 ErrorStopping: web was told to stop meanwhile",
                                            "reply 7 Stopped: web is stopped"));
  EXPECT_EQ(script.State(1), "stopped");
  script.Load(1);
  EXPECT_EQ(script.Spawns(), 1);
}

TEST(Dependency, StopAndStartOfOneThatWaitsStartsOnce) {
  Script script = Booted({Named("db"), Named("web", {"db"})});
  script.Command(Verb::kStop, 1);
  script.Command(Verb::kStart, 1);
  script.Command(Verb::kStart, 1);
  script.Decided();
  script.Load(1);
  EXPECT_THAT(script.Decided(), ElementsAre("start 1", "spawn 2"));
  script.Load(2);
  EXPECT_THAT(script.Decided(), ElementsAre("start 2", "reply 2 Started", "reply 3 Started"));
}

// It is completed, not started: its other worker serves.
TEST(Dependency, FailedOneWhoseOtherWorkersServeWaitsForNobody) {
  ServicePolicy web = Named("web", {}, {"db"});
  web.num = 2;
  Script script = Booted({Named("db"), web});
  script.Load(1);
  script.Load(2);
  script.Exit(3, 1);
  EXPECT_EQ(script.State(1), "failed");
  script.Command(Verb::kRestart, 0);  // db is ready as long as its old worker serves
  script.Command(Verb::kStart, 1);
  EXPECT_EQ(script.State(1), "starting");
}

TEST(Dependency, ResizeAndRemovalOfOneThatWaits) {
  Script script = Booted({Named("db"), Named("web", {"db"}), Named("log", {"db"})});
  script.Step(ServiceResized{1, 3});
  script.Step(ServiceRemoved{2});
  EXPECT_EQ(script.Spawns(), 1);
  EXPECT_EQ(script.supervisor().Find(2), nullptr);
  script.Load(1);
  EXPECT_EQ(script.Spawns(), 4);
}

// Both are blocked by the same failure, which ends.
TEST(Dependency, WhoIsBlockedNoLongerIsWaitedFor) {
  ServicePolicy db = Named("db");
  db.num = 2;
  Script script = Booted({Named("web", {"db"}, {"cache"}), Named("cache", {"db"}), db});
  script.Load(1);
  script.Exit(2, 1);
  EXPECT_EQ(Shown(script, 0), "waiting: blocked: db failed");
  script.Decided();
  script.Step(ServiceResized{2, 1});
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 3"));
  EXPECT_EQ(Shown(script, 0), "waiting: waiting for cache");
  EXPECT_EQ(script.State(1), "starting");
}

TEST(ShutdownOrder, IsTheReverseOfTheStarts) {
  Script script = Booted({Named("db"), Named("web", {"db"}), Named("log"), Named("api", {}, {"web"})});
  for (int32_t pid = 1; pid <= 4; ++pid) script.Load(pid);
  script.Decided();
  script.Shutdown(true);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 2", "TERM 2", "stop 4", "TERM 4"));  // log, api
  script.Exit(4, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 3", "TERM 3"));
  script.Exit(3, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1"));
  script.Exit(2, 0);
  script.Exit(1, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("finish"));
}

TEST(ShutdownOrder, HasForEachServiceItsOwnTime) {
  Script script = Booted({Named("db"), Named("web", {"db"})});
  script.Load(1);
  script.Load(2);
  script.Shutdown(true);
  script.Decided();
  for (int second = 0; second < 20; ++second) {
    script.Pass(Seconds(1));
    script.Beat(1);
  }
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 2"));
  script.Die(2, 9);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1"));
  script.Pass(Seconds(20));
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1"));
}

TEST(ShutdownOrder, QuickReachesAllAtOnce) {
  Script script = Booted({Named("db"), Named("web", {"db"})});
  script.Load(1);
  script.Load(2);
  script.Shutdown(true);
  script.Decided();
  script.Shutdown(false);
  EXPECT_THAT(script.Decided(), ElementsAre("QUIT 1", "QUIT 2"));
  script.Shutdown(false);
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1", "KILL 2"));
}

// Its sockets are closed, and it would be told to stop at once.
TEST(ShutdownOrder, WhoIsToldLaterIsNotStartedAgain) {
  ServicePolicy db = Named("db");
  db.num = 2;
  Script script = Booted({db, Named("web", {"db"})});
  for (int32_t pid = 1; pid <= 3; ++pid) script.Load(pid);
  script.Command(Verb::kReload, 0);  // pids 4, 5
  script.Shutdown(true);
  EXPECT_THAT(script.Decided(), Contains("reply 1 ErrorStopping: db was told to stop meanwhile"));
  script.Exit(4, 0);
  script.Exit(5, 0);
  script.Exit(1, 1);
  script.Ask(2);
  script.Pass(Seconds(5));
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Exit(3, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 2", "TERM 2"));
  script.Exit(2, 0);
  EXPECT_THAT(script.Decided(), ElementsAre("finish"));
}

TEST(ShutdownOrder, OneThatWaitsHasNothingToStop) {
  Script script = Booted({Named("db"), Named("web", {"db"})});
  script.Command(Verb::kStart, 1);
  script.Decided();
  script.Shutdown(true);
  EXPECT_THAT(script.Decided(),
              ElementsAre("reply 1 ErrorStopping: web was told to stop meanwhile", "stop 1", "TERM 1"));
}

// The configuration refuses circles; the supervisor comes to an end all the same.
TEST(ShutdownOrder, EndsWhereServicesNameOneAnother) {
  Script script = Booted({Named("a"), Named("b")});
  script.Load(1);
  script.Load(2);
  script.Step(PlanChanged{0, {7, Named("a", {"b"})}});
  script.Step(PlanChanged{1, {8, Named("b", {"a"})}});
  script.Decided();
  script.Shutdown(true);
  EXPECT_THAT(script.Decided(), ElementsAre("stop 1", "TERM 1", "stop 2", "TERM 2"));
}

}  // namespace
}  // namespace fectl::core
