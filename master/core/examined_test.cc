// Workers that hang and are looked into beside their successors, as scripts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "master/core/basis/limits.h"
#include "master/core/boundary/events.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kFound[] = "hung in `spin` guest.cc:88 (incident 17)";

// Worker 1 has been silent for too long, and its successor loads.
Script Hung() {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Pass(Seconds(10));
  script.Decided();
  script.Load(2);
  script.Decided();
  return script;
}

TEST(Examined, TheSuccessorWaitsForNothing) {
  Script script({Web(1)});
  script.Boot();
  script.Load(1);
  script.Decided();
  script.Pass(Seconds(10));
  EXPECT_THAT(script.Decided(), ElementsAre("examine 1", "spawn 2"));
  script.Load(2);
  EXPECT_EQ(script.State(), "running");
  EXPECT_EQ(script.service().ready(), 1U);
}

TEST(Examined, ItIsKilledAsSoonAsThatIsDone) {
  Script script = Hung();
  script.Pass(Milliseconds(300));
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Step(Examined{script.Who(1), kFound});
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1"));
  script.Step(Examined{script.Who(1), kFound});
  script.Pass(Seconds(3));
  script.Beat(2);
  EXPECT_THAT(script.Decided(), IsEmpty()) << "one SIGKILL is enough";
}

TEST(Examined, ItIsKilledAtTheLatestAfterItsTime) {
  Script script = Hung();
  script.Pass(Span{kExaminationMax.ns - 1'000'000});
  EXPECT_THAT(script.Decided(), IsEmpty());
  script.Pass(Milliseconds(1));
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1"));
}

TEST(Examined, WhereItHangsIsToldAndKept) {
  Script script = Hung();
  script.Step(Examined{script.Who(1), kFound});
  const Slot& slot = script.service().slots()[0];
  EXPECT_EQ(ToWords(slot.last_trouble()), std::string("sent no heartbeat for 10 s: ") + kFound);
  const Record& record = slot.history().records().back();
  EXPECT_EQ(record.milestone, Milestone::kExamined);
  EXPECT_EQ(ToWords(record.cause), kFound);
  EXPECT_EQ(record.pid, 1);
}

TEST(Examined, AlsoWhatComesAfterTheKill) {
  Script script = Hung();
  script.Pass(kExaminationMax);
  script.Step(Examined{script.Who(1), kFound});
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()),
            std::string("sent no heartbeat for 10 s: ") + kFound);
}

TEST(Examined, WhereNothingWasFoundNothingIsTold) {
  Script script = Hung();
  const size_t records = script.service().slots()[0].history().records().size();
  script.Step(Examined{script.Who(1), ""});
  EXPECT_THAT(script.Decided(), ElementsAre("KILL 1"));
  EXPECT_EQ(script.service().slots()[0].history().records().size(), records);
  EXPECT_EQ(ToWords(script.service().slots()[0].last_trouble()), "sent no heartbeat for 10 s");
}

TEST(Examined, ANewerTroubleIsNotMixedWithIt) {
  Script script = Hung();
  script.Die(2, 11);
  const Cause newer = script.service().slots()[0].last_trouble();
  script.Step(Examined{script.Who(1), kFound});
  EXPECT_EQ(script.service().slots()[0].last_trouble(), newer);
}

TEST(Examined, WhoDoesNotHangIsNotKilledForAWord) {
  Script script = Hung();
  script.Step(Examined{script.Who(2), kFound});
  EXPECT_THAT(script.Decided(), IsEmpty());
}

}  // namespace
}  // namespace fectl::core
