// Processes that outlive SIGKILL, as scripts. (That nobody waits for them: stop_test.cc.)

#include <gtest/gtest.h>

#include <variant>

#include "master/core/basis/limits.h"
#include "master/core/boundary/events.h"
#include "master/core/supervisor.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

TEST(Unkillable, WorkerThatLivesOnAfterSigkillIsToldOfOnce) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Pass(Seconds(10));
  script.Load(2);
  for (int i = 0; i < 30; ++i) {
    script.Beat(2);
    script.Pass(Seconds(1));
  }
  int alarms = 0;
  for (const Record& record : script.service().slots()[0].history().records()) {
    if (record.milestone == Milestone::kAlarm) ++alarms;
  }
  EXPECT_EQ(alarms, 1);
  EXPECT_EQ(script.service().processes(), 1U);  // it is not waited for any more
  EXPECT_EQ(script.service().ready(), 1U);
}

TEST(Unkillable, WhereAProcessCannotBeKilledNothingIsStartedByItself) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Pass(Seconds(10));  // lost for its silence, and replaced at once, as nobody knows yet
  script.Step(Examined{script.Who(1), ""});
  script.Load(2);
  script.Pass(Seconds(10));  // the same; and the first one cannot be killed
  script.Step(Examined{script.Who(2), ""});
  script.Pass(kBackoffFirst);
  EXPECT_EQ(script.Spawns(), 2);
  EXPECT_TRUE(std::holds_alternative<Waiting>(script.service().slots()[0].state()));
  script.Pass(Seconds(3600));
  EXPECT_EQ(script.Spawns(), 2);
  EXPECT_EQ(script.Deadline(), kNever);
  script.Die(2, 9);
  script.Pass(Seconds(60));
  EXPECT_EQ(script.Spawns(), 2) << "the other one is still there";
  script.Die(1, 9);
  script.Pass(Span{1});
  EXPECT_EQ(script.Spawns(), 3);
  script.Load(3);
  EXPECT_EQ(script.State(), "running");
}

TEST(Unkillable, AnOperatorMayStartBesideWhatCannotBeKilled) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Pass(Seconds(10));
  script.Step(Examined{script.Who(1), ""});
  script.Load(2);
  script.Pass(Seconds(10));
  script.Step(Examined{script.Who(2), ""});
  script.Pass(Seconds(3600));
  EXPECT_EQ(script.Spawns(), 2);
  script.Command(Verb::kReload);
  EXPECT_EQ(script.Spawns(), 3);
  script.Load(3);
  EXPECT_EQ(script.State(), "running");
  script.Die(2, 9);
  script.Die(1, 9);
  EXPECT_EQ(script.Spawns(), 3);
}

TEST(Unkillable, AWaitThatIsNotForADeathIsNotEndedByOne) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Pass(Seconds(10));
  script.Exit(2, 1);  // a second loss: there is a wait now
  script.Die(1, 9);
  EXPECT_EQ(script.Spawns(), 2);
  script.Pass(kBackoffFirst);
  EXPECT_EQ(script.Spawns(), 3);
}

}  // namespace
}  // namespace fectl::core
