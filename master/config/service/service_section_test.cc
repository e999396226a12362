#include "master/config/service/service_section.h"

#include <string>

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
  EXPECT_EQ(With("").Describe(), "f:1: service.web.num: is required: an integer from 1 to 10000\n");
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

}  // namespace
}  // namespace fectl::config
