#include "client/http/readiness.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::http {
namespace {

using testing::HasSubstr;

proto::ServiceView Service(std::string name, std::string state, int num, int ready, std::string type = "") {
  proto::ServiceView service;
  service.name = std::move(name);
  service.state = std::move(state);
  service.num = num;
  service.ready = ready;
  service.type = std::move(type);
  return service;
}

proto::MasterView ViewOf(std::vector<proto::ServiceView> services) {
  proto::MasterView view;
  view.services = std::move(services);
  return view;
}

TEST(Readiness, AllThatIsToServeServes) {
  const auto view = ViewOf({Service("web", "running", 4, 4), Service("old", "stopped", 2, 0),
                            Service("migrate", "failed", 1, 0, "oneshot")});
  const Readiness found = ReadinessOf(view, {}, "");
  EXPECT_TRUE(found.ready);
  EXPECT_EQ(found.json, R"({"ready":true,"reasons":[]})");
}

TEST(Readiness, SaysWhatIsMissing) {
  auto web = Service("web", "degraded", 4, 3);
  web.cause = "worker(2) was killed by SIGKILL";
  const Readiness found = ReadinessOf(ViewOf({web, Service("api", "running", 1, 1)}), {}, "");
  EXPECT_FALSE(found.ready);
  EXPECT_EQ(found.json,
            R"j({"ready":false,"reasons":[{"service":"web","state":"degraded","ready":3,"wanted":4,)j"
            R"j("reason":"web is degraded: 3 of 4 workers serve (worker(2) was killed by SIGKILL)"}]})j");
}

TEST(Readiness, SomeMayBeMissingButNeverAll) {
  ReadinessRule rule;
  rule.missing = *ParseMissing("25%");
  EXPECT_TRUE(ReadinessOf(ViewOf({Service("web", "degraded", 4, 3)}), rule, "").ready);
  EXPECT_FALSE(ReadinessOf(ViewOf({Service("web", "degraded", 4, 2)}), rule, "").ready);
  EXPECT_FALSE(ReadinessOf(ViewOf({Service("web", "degraded", 3, 2)}), rule, "").ready);
  rule.missing = *ParseMissing("9");
  EXPECT_TRUE(ReadinessOf(ViewOf({Service("web", "degraded", 4, 1)}), rule, "").ready);
  const Readiness none = ReadinessOf(ViewOf({Service("web", "crashing", 4, 0)}), rule, "");
  EXPECT_FALSE(none.ready);
  EXPECT_THAT(none.json, HasSubstr("web is crashing: 0 of 4 workers serve, 1 must"));
}

TEST(Readiness, EssentialServicesAreJudgedAndNoOthers) {
  ReadinessRule rule;
  rule.essential = {"web", "migrate"};
  const auto broken = Service("jobs", "failed", 2, 0);
  EXPECT_TRUE(ReadinessOf(ViewOf({Service("web", "running", 1, 1),
                                  Service("migrate", "done", 1, 0, "oneshot"), broken}),
                          rule, "")
                  .ready);
  const Readiness stopped = ReadinessOf(ViewOf({Service("web", "stopped", 1, 0)}), rule, "");
  EXPECT_FALSE(stopped.ready);
  EXPECT_THAT(stopped.json, HasSubstr("web is stopped: 0 of 1 workers serve"));
  EXPECT_THAT(stopped.json, HasSubstr("there is no service migrate"));
}

TEST(Readiness, OfOneService) {
  const auto view = ViewOf({Service("web", "running", 2, 2), Service("old", "stopped", 2, 0),
                            Service("seed", "running", 1, 1, "oneshot"), Service("p", "paused", 1, 0)});
  EXPECT_TRUE(ReadinessOf(view, {}, "web").ready);
  EXPECT_FALSE(ReadinessOf(view, {}, "old").ready);
  EXPECT_FALSE(ReadinessOf(view, {}, "p").ready);
  EXPECT_THAT(ReadinessOf(view, {}, "seed").json, HasSubstr("seed is running, not done"));
  const Readiness unknown = ReadinessOf(view, {}, "nope");
  EXPECT_FALSE(unknown.known);
  EXPECT_FALSE(unknown.ready);
  EXPECT_EQ(unknown.json, R"({"ready":false,"reasons":[{"reason":"there is no service nope"}]})");
}

TEST(Readiness, NothingThatRunsIsNotReady) {
  EXPECT_THAT(ReadinessOf(ViewOf({Service("old", "stopped", 2, 0)}), {}, "").json,
              HasSubstr("no service runs"));
  EXPECT_FALSE(ReadinessOf({}, {}, "").ready);
  EXPECT_FALSE(ReadinessOf(ViewOf({Service("web", "stopping", 2, 0)}), {}, "").ready);
}

TEST(ParseMissing, TakesNumbersAndShares) {
  EXPECT_EQ(*ParseMissing("0"), Missing());
  EXPECT_EQ(*ParseMissing("3"), (Missing{3, false}));
  EXPECT_EQ(*ParseMissing("100%"), (Missing{100, true}));
  for (const char* text : {"", "%", "-1", "101%", "10001", "1.5", "2 ", "99999999999"}) {
    EXPECT_FALSE(ParseMissing(text).ok()) << text;
  }
}

}  // namespace
}  // namespace fectl::http
