#include "master/runtime/apply/applier.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "master/runtime/apply/test_applier.h"

namespace fectl::runtime {
namespace {

TEST(Applier, ServicesComeChangeAndGo) {
  Fake fake(Of({Service("web"), Service("jobs")}));
  const auto web = fake.On("web");
  EXPECT_EQ(web.size(), 2U);
  ServiceConfig jobs = Service("jobs", 3);
  jobs.command = {"/bin/other"};
  fake.Write(Of({Service("web"), jobs, Service("mail", 1)}));
  const proto::PlanView done = fake.Apply();
  EXPECT_EQ(done.outcome, "done") << done.failure;
  EXPECT_EQ(fake.On("web"), web);
  EXPECT_EQ(fake.CommandsOf("jobs"), std::set<std::string>{"/bin/other"});
  EXPECT_EQ(fake.On("jobs").size(), 3U);
  EXPECT_EQ(fake.On("mail").size(), 1U);
  fake.Write(Of({Service("web")}));
  EXPECT_EQ(fake.Apply().outcome, "done");
  EXPECT_EQ(fake.processes().size(), 2U);
  EXPECT_EQ(fake.supervisor().services().size(), 1U);
  EXPECT_EQ(fake.On("web"), web);
}

TEST(Applier, AReplacementThatFailsIsTakenBack) {
  Fake fake(Of({Service("web"), Service("old")}));
  const auto web = fake.On("web");
  ServiceConfig broken = Service("web");
  broken.command = {"/bin/broken"};
  fake.Write(Of({broken}));
  const proto::PlanView failed = fake.Apply();
  EXPECT_EQ(failed.outcome, "failed");
  EXPECT_NE(failed.failure.find("exited with code 3"), std::string::npos) << failed.failure;
  EXPECT_NE(failed.failure.find("not begun: old"), std::string::npos) << failed.failure;
  EXPECT_EQ(fake.On("web"), web);
  EXPECT_EQ(fake.On("old").size(), 2U);
  EXPECT_NE(fake.applier().TroubleOf("web"), "");
  EXPECT_EQ(fake.applier().running().services.at(0).command.at(0), "/bin/web");
  // What is started now is what ran before.
  fake.Run(core::Commanded{.request = 99, .service = 0, .verb = core::Verb::kReload});
  fake.Settle();
  EXPECT_EQ(fake.CommandsOf("web"), std::set<std::string>{"/bin/web"});
  fake.Write(Of({Service("web")}));
  EXPECT_EQ(fake.Apply().outcome, "done");
  EXPECT_EQ(fake.On("old").size(), 0U);
  EXPECT_EQ(fake.applier().TroubleOf("web"), "");
}

TEST(Applier, WhatWasNotBegunIsNamedOnceAndWhole) {
  Fake fake(Of({Service("web"), Service("web-2"), Service("a")}));
  ServiceConfig broken = Service("a");
  broken.command = {"/bin/broken"};
  fake.Write(Of({broken}));
  EXPECT_NE(fake.Apply().failure.find("not begun: web, web-2"), std::string::npos);
}

// "/bin/two" with two workers.
ServiceConfig Two(int num) {
  ServiceConfig service = Service("web", num);
  service.command = {"/bin/two"};
  return service;
}

TEST(Applier, AGrowthThatFailsIsTakenBack) {
  Fake fake(Of({Two(2)}));
  const auto web = fake.On("web");
  fake.Write(Of({Two(4)}));
  const proto::PlanView failed = fake.Apply();
  EXPECT_EQ(failed.outcome, "failed");
  EXPECT_NE(failed.failure.find("a worker more did not come up: worker(3) exited with code 3"),
            std::string::npos)
      << failed.failure;
  EXPECT_EQ(fake.supervisor().services()[0].policy().num, 2U);
  EXPECT_EQ(fake.On("web"), web);
  // So that nothing is to be done for the file of before.
  fake.Write(Of({Two(2)}));
  EXPECT_TRUE(fake.Apply().changes.empty());
}

TEST(Applier, AnOverrideIsBackWhereAGrowthFails) {
  Fake fake(Of({Two(1)}));
  fake.applier().overrides()["web"] = {2, 1, "user 0", 7};
  fake.Run(core::ServiceResized{0, 2});
  fake.Settle();
  fake.Write(Of({Two(3)}));
  EXPECT_EQ(fake.Apply().outcome, "failed");
  EXPECT_EQ(fake.supervisor().services()[0].policy().num, 2U);
  ASSERT_EQ(fake.applier().overrides().count("web"), 1U);
  EXPECT_EQ(fake.applier().overrides().at("web").num, 2);
}

TEST(Applier, AGrowthThatAnotherNumberOvertakesIsDone) {
  ServiceConfig slow = Service("web", 1);
  slow.command = {"/bin/slow"};
  Fake fake(Of({Service("other")}));
  fake.Write(Of({Service("other"), slow}));
  fake.AskToApply();
  fake.LoadAll();
  ASSERT_EQ(fake.answers().size(), 1U);
  slow.num = 3;
  fake.Write(Of({Service("other"), slow}));
  fake.AskToApply();
  EXPECT_TRUE(fake.answers().empty());
  fake.Run(core::ServiceResized{1, 2});
  fake.Settle();
  EXPECT_EQ(fake.answers().size(), 1U);
}

TEST(Applier, ServicesAreAddedAtOnce) {
  ServiceConfig slow = Service("a");
  slow.command = {"/bin/slow"};
  ServiceConfig behind = Service("b");
  behind.after = {"a"};
  Fake fake(Of({Service("web")}));
  fake.Write(Of({Service("web"), behind, slow, Service("c")}));
  fake.AskToApply();
  EXPECT_TRUE(fake.answers().empty());
  EXPECT_EQ(fake.On("a").size(), 2U);
  EXPECT_EQ(fake.On("c").size(), 2U);
  EXPECT_EQ(fake.On("b").size(), 0U);  // waits for a, which is loading
  fake.LoadAll();
  EXPECT_EQ(fake.On("b").size(), 2U);
  EXPECT_EQ(fake.answers().size(), 1U);
}

TEST(Applier, WhatCannotBeStartedRefusesAllOfIt) {
  Fake fake(Of({Service("web")}));
  const auto web = fake.On("web");
  fake.Write(Of({Service("web", 3), Service("impossible")}));
  EXPECT_EQ(fake.Apply().refused, "nothing was changed: it is impossible");
  EXPECT_EQ(fake.On("web"), web);
  EXPECT_EQ(fake.supervisor().services().size(), 1U);
}

TEST(Applier, AnEndWhileAConfigurationIsLoadedAnswersAndIsTheEnd) {
  Fake fake(Of({Service("web")}));
  fake.BeginToLoad();
  fake.End();
  ASSERT_EQ(fake.answers().size(), 1U);
  EXPECT_EQ(fake.answers()[0].text, "fectld is stopping");
  fake.Settle();
  EXPECT_EQ(fake.Apply().refused, "fectld is stopping");
}

TEST(Applier, AStoppedServiceStaysStoppedAndStartsAsConfigured) {
  Fake fake(Of({Service("web")}));
  fake.Run(core::Commanded{.request = 98, .service = 0, .verb = core::Verb::kStop});
  fake.Settle();
  ServiceConfig other = Service("web", 3);
  other.command = {"/bin/other"};
  fake.Write(Of({other}));
  EXPECT_EQ(fake.Apply().outcome, "done");
  EXPECT_TRUE(fake.On("web").empty());
  fake.Run(core::Commanded{.request = 99, .service = 0, .verb = core::Verb::kStart});
  fake.Settle();
  EXPECT_EQ(fake.CommandsOf("web"), std::set<std::string>{"/bin/other"});
  EXPECT_EQ(fake.On("web").size(), 3U);
}

}  // namespace
}  // namespace fectl::runtime
