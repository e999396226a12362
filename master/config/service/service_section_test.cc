#include "master/config/service/service_section.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "master/config/load_result.h"
#include "master/config/parse.h"
#include "master/config/print_toml.h"

namespace fectl::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

LoadResult With(const std::string& keys) {
  return Parse("[[service]]\nname = 'web'\ncommand = 'run'\n" + keys +
                   "\n[[service]]\nname = 'db'\nnum = 1\ncommand = 'run'\n"
                   "[[service]]\nname = 'migrate'\ntype = 'oneshot'\ncommand = 'run'\n",
               "f");
}

TEST(ServiceSection, OrderKindAndLabels) {
  const LoadResult result = With(
      "num = 2\nafter = 'db'\nrequires = ['db']\nautostart = false\nbefore_roll = 'migrate'\n"
      "renamed_from = 'site'\nlabels = ['web', 'blue']");
  ASSERT_EQ(result.Describe(), "");
  const ServiceConfig& service = result.config.services[0];
  EXPECT_THAT(service.after, ElementsAre("db"));
  EXPECT_THAT(service.require, ElementsAre("db"));
  EXPECT_FALSE(service.autostart);
  EXPECT_EQ(service.type, ServiceType::kService);
  EXPECT_EQ(service.before_roll, "migrate");
  EXPECT_EQ(service.renamed_from, "site");
  EXPECT_THAT(service.labels, ElementsAre("web", "blue"));
}

TEST(ServiceSection, AOneshotIsOneProcessThatMayRunForAnHour) {
  const LoadResult result = With("num = 2");
  ASSERT_EQ(result.Describe(), "");
  const ServiceConfig& oneshot = result.config.services[2];
  EXPECT_EQ(oneshot.type, ServiceType::kOneshot);
  EXPECT_EQ(oneshot.num, 1);
  EXPECT_EQ(oneshot.timeout_ms, 3'600'000);
  EXPECT_TRUE(oneshot.autostart);
  EXPECT_FALSE(oneshot.foreign());
}

TEST(ServiceSection, WhatIsNotForAOneshotDoesNotReachIt) {
  const LoadResult result = With("type = 'oneshot'\nnum = 3\nready = 'notify'\nmax_surge = 2");
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.config.services[0].num, 1);
  EXPECT_FALSE(result.config.services[0].foreign());
  EXPECT_EQ(result.config.services[0].max_surge, 0);
}

TEST(ServiceSection, NumIsRequiredOfServicesAlone) {
  EXPECT_EQ(With("").Describe(),
            "f:1: service.web.num: is required: an integer from 1 to 10000, or \"auto\"\n");
  EXPECT_EQ(With("type = 'oneshot'").Describe(), "");
}

TEST(ServiceSection, PrintsWhatIsNotTheDefaultAndReadsItBack) {
  const LoadResult result = With("num = 2\nafter = 'db'\nlabels = 'blue'\nautostart = false");
  ASSERT_EQ(result.Describe(), "");
  const std::string printed = PrintToml(result.config);
  EXPECT_THAT(printed, HasSubstr("after = [\"db\"]\nautostart = false\nlabels = [\"blue\"]\n"));
  EXPECT_THAT(printed, Not(HasSubstr("requires")));
  EXPECT_THAT(printed, Not(HasSubstr("before_roll")));
  EXPECT_THAT(printed, HasSubstr("name = \"migrate\"\ntype = \"oneshot\"\nnum = 1\n"));
  const LoadResult again = Parse(printed, "printed");
  EXPECT_EQ(again.Describe(), "");
  EXPECT_EQ(again.config, result.config);
}

TEST(ServiceSection, NumMayBeFoundOut) {
  const LoadResult result = With("num = 'auto'");
  ASSERT_EQ(result.Describe(), "");
  EXPECT_TRUE(result.config.services[0].num_auto);
  EXPECT_EQ(result.config.services[0].num, 1);  // until the system is asked
  EXPECT_FALSE(result.config.services[1].num_auto);
  EXPECT_THAT(PrintToml(result.config), HasSubstr("num = \"auto\"  # 1 here\n"));
  EXPECT_THAT(With("num = 'Auto'").Describe(), HasSubstr("or \"auto\", not \"Auto\""));
  EXPECT_THAT(With("type = 'oneshot'\nnum = 'auto'").Describe(), HasSubstr("must be 1 for a oneshot"));
}

TEST(ServiceSection, FilesOfVariables) {
  EXPECT_THAT(With("num = 1\nenv_file = 'web.env'").config.services[0].env_files, ElementsAre("web.env"));
  const LoadResult result = With("num = 1\nenv_file = ['a.env', '/b.env']");
  EXPECT_THAT(result.config.services[0].env_files, ElementsAre("a.env", "/b.env"));
  EXPECT_THAT(PrintToml(result.config), HasSubstr("env_file = [\"a.env\", \"/b.env\"]\n"));
  for (const char* bad : {"''", "['a', '']", "'folder/'", "7", "[7]"}) {
    EXPECT_THAT(With(std::string("num = 1\nenv_file = ") + bad).Describe(),
                HasSubstr("f:5: service.web.env_file: must"))
        << bad;
  }
}

LoadResult WithDefaults(const std::string& defaults, const std::string& services) {
  return Parse("[defaults]\n" + defaults + "\n" + services, "f");
}

constexpr char kTwo[] =
    "[[service]]\nname = 'web'\ncommand = 'run'\n[[service]]\nname = 'db'\ncommand = 'run'\ntimeout = 5\n";

TEST(Defaults, FillInWhatAServiceDoesNotSay) {
  const LoadResult result = WithDefaults(
      "num = 3\ntimeout = 20\nuid = 'www'\nready = 'notify'\nlabels = ['a']\nautostart = false\nenv_file = "
      "'a.env'",
      std::string(kTwo) + "uid = 7\nautostart = true\nlabels = []\nenv_file = 'b.env'\n");
  ASSERT_EQ(result.Describe(), "");
  const ServiceConfig& web = result.config.services[0];
  EXPECT_EQ(web.num, 3);
  EXPECT_EQ(web.timeout_ms, 20'000);
  EXPECT_EQ(web.uid->name, "www");
  EXPECT_EQ(web.ready, "notify");
  EXPECT_THAT(web.labels, ElementsAre("a"));
  EXPECT_FALSE(web.autostart);
  EXPECT_THAT(web.env_files, ElementsAre("a.env"));
  const ServiceConfig& db = result.config.services[1];
  EXPECT_EQ(db.num, 3);
  EXPECT_EQ(db.timeout_ms, 5'000);
  EXPECT_EQ(db.uid->id, 7U);
  EXPECT_TRUE(db.labels.empty());
  EXPECT_TRUE(db.autostart);
  EXPECT_THAT(db.env_files, ElementsAre("b.env"));
}

TEST(Defaults, VariablesOfBothCount) {
  const LoadResult result = WithDefaults("num = 1\nenviron = ['A=1', 'B=2', 'TZ', 'C']",
                                         "[[service]]\nname = 'web'\ncommand = 'run'\n"
                                         "environ = ['B=3', 'TZ=UTC', 'D=4']\n");
  ASSERT_EQ(result.Describe(), "");
  using Variable = std::pair<std::string, std::string>;
  EXPECT_THAT(result.config.services[0].environ,
              ElementsAre(Variable("A", "1"), Variable("B", "3"), Variable("TZ", "UTC"), Variable("D", "4")));
  EXPECT_THAT(result.config.services[0].environ_passed, ElementsAre("C"));
}

TEST(Defaults, ABadValueIsToldOnceAtItsLine) {
  EXPECT_EQ(
      WithDefaults("num = 0\ntimeout = 'long'", kTwo).Describe(),
      "f:2: defaults.num: must be an integer from 1 to 10000, or \"auto\", not 0\n"
      "f:3: defaults.timeout: must be a number of seconds from 0.1 to 2592000 (30 days), not \"long\"\n");
}

TEST(Defaults, WhatDoesNotFitAServiceIsToldAtTheLineOfTheDefault) {
  EXPECT_EQ(WithDefaults("num = 1\nbefore_roll = 'migrate'", kTwo).Describe(),
            "f:3: service.web.before_roll: there is no service \"migrate\"\n"
            "f:3: service.db.before_roll: there is no service \"migrate\"\n");
}

TEST(Defaults, WhatASingleServiceIsStandsInIt) {
  EXPECT_EQ(
      WithDefaults("num = 1\ncommand = 'run'\ntype = 'oneshot'", kTwo).Describe(),
      "f:3: defaults.command: unknown key: it says what a single service is, and must stand in [[service]] "
      "itself\n"
      "f:4: defaults.type: unknown key: it says what a single service is, and must stand in [[service]] "
      "itself\n");
}

TEST(Defaults, AOneshotTakesWhatMeansTheSameForIt) {
  const LoadResult result = WithDefaults(
      "num = 3\ntimeout = 20\nstartup_timeout = 9\nmax_lease = 8\nmax_surge = 1\nready = 'notify'\nrestarts "
      "= 7\nlabels = "
      "'a'",
      "[[service]]\nname = 'migrate'\ntype = 'oneshot'\ncommand = 'run'\n");
  ASSERT_EQ(result.Describe(), "");
  const ServiceConfig& oneshot = result.config.services[0];
  EXPECT_EQ(oneshot.num, 1);
  EXPECT_EQ(oneshot.timeout_ms, 3'600'000);
  EXPECT_EQ(oneshot.max_surge, 0);
  EXPECT_EQ(oneshot.max_lease_ms, 300'000);
  EXPECT_FALSE(oneshot.foreign());
  EXPECT_EQ(oneshot.restarts, 7);
  EXPECT_THAT(oneshot.labels, ElementsAre("a"));
}

TEST(Defaults, NoServiceFollowsItselfByThem) {
  const LoadResult result = WithDefaults("num = 1\nafter = ['db']", kTwo);
  ASSERT_EQ(result.Describe(), "");
  EXPECT_THAT(result.config.services[0].after, ElementsAre("db"));
  EXPECT_TRUE(result.config.services[1].after.empty());
}

}  // namespace
}  // namespace fectl::config
