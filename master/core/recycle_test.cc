// Workers that are replaced though they are well.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "master/core/boundary/events.h"
#include "master/core/supervisor.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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

TEST(Recycling, OneAtATimeWithItsSuccessorFirst) {
  Script script = Serving(3, {});
  script.Pass(Seconds(60));
  for (const int pid : {1, 2, 3}) script.WearOut(pid, "memory 412 MiB is above max_rss (400 MiB)");
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 4"));
  EXPECT_EQ(script.State(), "running");
  script.Load(4);
  EXPECT_THAT(script.Decided(), ElementsAre("start 4", "stop 1", "TERM 1", "spawn 5"));
  script.Load(5);
  script.Load(6);
  EXPECT_EQ(script.service().ready(), 3U);
  EXPECT_THAT(script.LastRecord(1), HasSubstr("recycled: memory 412 MiB is above max_rss (400 MiB)"));
}

TEST(Recycling, WaitsUntilAllServe) {
  Script script = Serving(2, {});
  script.Pass(Seconds(60));
  script.Die(2, 9);
  script.Decided();
  script.WearOut(1, "old");
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Load(3);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "spawn 4"));
}

TEST(Recycling, WaitsForTheEndOfARollout) {
  RolloutPolicy rollout;
  rollout.bake = Seconds(60);
  Script script = Serving(2, rollout);
  script.Command(Verb::kReload);
  script.Load(3);
  script.Load(4);
  script.Decided();
  script.WearOut(3, "old");
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Seconds(60));
  EXPECT_THAT(script.Decided(), Contains("spawn 5"));
}

TEST(Recycling, AgeComesWithItsJitter) {
  ServicePolicy policy = Web(1);
  policy.timeout = Seconds(100000);
  policy.recycle.max_age = Seconds(3600);
  Script script({policy});
  script.Boot();
  script.Load(1);
  script.Decided();
  script.Pass(Seconds(3239));
  EXPECT_THAT(script.Decided(), IsEmpty());
  const Instant end = script.now() + Seconds(361);
  while (script.Spawns() == 1 && script.now() < end) script.Pass(script.Deadline() - script.now());
  EXPECT_LE(script.now(), end);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 2"));
  EXPECT_THAT(script.LastRecord(0), HasSubstr("recycled: older than max_age (1 h)"));
  script.Exit(2, 1);  // it is tried again after a while
  script.Pass(Seconds(59));
  EXPECT_EQ(script.Spawns(), 2);
  script.Pass(Seconds(1));
  EXPECT_EQ(script.Spawns(), 3);
}

TEST(Recycling, TakesNoWorkerAwayBeforeItsSuccessorIsThere) {
  RolloutPolicy rollout;
  rollout.max_unavailable = 1;
  Script script = Serving(2, rollout);
  script.Pass(Seconds(60));
  script.WearOut(1, "old");
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 3"));
  script.Load(3);
  EXPECT_THAT(script.Decided(), ElementsAre("start 3", "stop 1", "TERM 1"));
}

TEST(Recycling, DoesNotWaitForWorkersThatAreNotWantedAnyMore) {
  Script script = Serving(2, {});
  script.Pass(Seconds(60));
  script.Die(2, 9);
  script.WearOut(1, "old");
  script.Decided();
  script.Step(ServiceResized{0, 1});
  EXPECT_THAT(script.Decided(), Contains("spawn 4"));
}

TEST(Recycling, DoesNotHoldBackWhatTheWorkerAsksFor) {
  Script script = Serving(2, {});
  script.Pass(Seconds(60));
  script.Die(2, 9);
  script.WearOut(1, "old");
  script.Decided();
  script.Ask(1);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 4"));
}

TEST(Recycling, HealthOfTheOneBeforeCounts) {
  Script script = Serving(1, {});
  script.Die(1, 9);
  script.Load(2);
  script.Pass(Seconds(60));
  script.WearOut(2, "old");
  script.Load(3);
  script.Decided();
  script.Die(3, 9);
  EXPECT_THAT(script.Decided(), ElementsAre("spawn 4"));  // at once
}

TEST(Recycling, IsNothingForOneThatLeaves) {
  ServicePolicy policy = Web(1);
  policy.recycle.max_age = Seconds(3600);
  Script script({policy});
  script.Boot();
  script.Load(1);
  script.Command(Verb::kStop);
  const Supervisor before = script.supervisor();
  script.WearOut(1, "old");
  EXPECT_TRUE(before == script.supervisor());
}

}  // namespace
}  // namespace fectl::core
