// The rules of order bite: a real supervisor takes steps, and the rules believe that services name others
// that its policies do not name, or are shown a state that is not so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "master/core/supervisor.h"
#include "master/core/testing/member.h"
#include "master/sim/rules/checks.h"
#include "master/sim/rules/marks.h"

namespace fectl::sim {
namespace {

using testing::HasSubstr;

core::ServicePolicy Named(const std::string& name) {
  core::ServicePolicy policy;
  policy.name = name;
  return policy;
}

// db and web, number 0 and 1.
class OrderRulesTest : public testing::Test {
 protected:
  // What the supervisor has of web, and what the rules are told of it.
  void Boot(const core::ServicePolicy& real, const core::ServicePolicy& told,
            const core::ServicePolicy& other = Named("db")) {
    supervisor_ = core::Supervisor(core::FirstPlans({other, real}), 1);
    checks_.emplace(std::vector{other, told}, &marks_);
    core::Effects effects;
    supervisor_.Boot(at_, effects);
    checks_->After(supervisor_, nullptr, at_, effects);
  }
  void Step(const core::Event& event) {
    core::Effects effects;
    checks_->Before(supervisor_, event);
    supervisor_.Step(event, at_, effects);
    checks_->After(supervisor_, &event, at_, effects);
  }
  void Load(core::ServiceId service, core::Generation generation) {
    const core::Incarnation who{service, 0, generation};
    Step(core::Spawned{who, static_cast<int32_t>(100 + generation)});
    Step(core::WorkerLoaded{who});
  }
  std::string Broken() const { return checks_->broken().value_or(""); }

  Marks marks_;
  core::Supervisor supervisor_{{}, 1};
  std::optional<Checks> checks_;
  core::Moment at_{core::Instant{1'000'000'000}, 0};
};

core::ServicePolicy Requiring() {
  core::ServicePolicy web = Named("web");
  web.require = {"db"};
  return web;
}

core::ServicePolicy After() {
  core::ServicePolicy web = Named("web");
  web.after = {"db"};
  return web;
}

TEST_F(OrderRulesTest, AreSilentWhereAllIsInOrder) {
  Boot(Requiring(), Requiring());
  Load(0, 1);
  Load(1, 2);
  Step(core::ShutdownAsked{});
  EXPECT_EQ(Broken(), "");
}

TEST_F(OrderRulesTest, StartComesBehindWhatItRequires) {
  Boot(Named("web"), Requiring());
  EXPECT_THAT(Broken(), HasSubstr("a start comes behind what it requires (I38)"));
}

TEST_F(OrderRulesTest, StartComesBehindWhatItNames) {
  Boot(Named("web"), After());
  EXPECT_THAT(Broken(), HasSubstr("a start comes behind what it names (I38)"));
}

TEST_F(OrderRulesTest, WaitHasAReason) {
  Boot(Requiring(), Requiring());
  constexpr uint8_t kServices = 1;
  constexpr uint8_t kOperation = 10;  // in Service::Fields
  core::WithMember<kServices>(supervisor_, [](std::vector<core::Service>& services) {
    core::WithMember<kOperation>(services[1], [](core::Operation& operation) {
      std::get<core::WaitOperation>(operation).blocked = true;
    });
  });
  const core::Event event = core::TimePassed{};  // which would mend it
  checks_->Before(supervisor_, event);
  checks_->After(supervisor_, &event, at_, {});
  EXPECT_THAT(Broken(), HasSubstr("a wait has a reason (I39)"));
}

TEST_F(OrderRulesTest, ShutdownStopsAServiceBehindThoseThatNameIt) {
  // web comes up by itself, so that no start of it is out of order.
  Boot(Requiring(), Requiring());
  Load(0, 1);
  Load(1, 2);
  const Checks before = *checks_;
  Step(core::PlanChanged{1, {2, Named("web")}});
  checks_ = before;
  Step(core::ShutdownAsked{});
  EXPECT_THAT(Broken(), HasSubstr("a shutdown stops a service behind those that name it (I40)"));
}

TEST_F(OrderRulesTest, NothingIsReplacedBeforeTheOneshotIsOver) {
  core::ServicePolicy oneshot = Named("migrate");
  oneshot.oneshot = true;
  oneshot.autostart = false;
  core::ServicePolicy rolled = Named("web");
  rolled.before_roll = "migrate";
  Boot(Named("web"), rolled, oneshot);
  Load(1, 1);
  Step(core::Commanded{.request = 1, .service = 1, .verb = core::Verb::kReload});
  Load(1, 2);
  EXPECT_THAT(Broken(), HasSubstr("answers are true (I20)"));
}

}  // namespace
}  // namespace fectl::sim
