#include "master/config/rollout/rollout_section.h"

#include <gtest/gtest.h>

#include <string>

#include "master/config/parse.h"
#include "master/config/print_toml.h"

namespace fectl::config {
namespace {

LoadResult Read(const std::string& sections, const std::string& of_service = "") {
  return Parse("[[service]]\nname = \"web\"\nnum = 8\ncommand = \"x\"\n" + of_service + sections,
               "fectld.toml");
}

std::string ProblemOf(const std::string& sections, const std::string& of_service = "") {
  return Read(sections, of_service).Describe();
}

TEST(RolloutSection, EveryKey) {
  const LoadResult loaded = Read(R"([service.rollout]
strategy = "rolling"
max_surge = "25%"
max_unavailable = 1
min_ready_seconds = 2.5
bake_time = "10m"
canary = "10%"
auto_promote = true
progress_deadline = 90
auto_revert = false
max_old_generations = 2
bounds = { errors = 5, "latency.ms" = 0.5 }

[service.recycle]
max_requests = 1000
max_age = "12h"
max_rss = "400MiB"
jitter = 0.25
)");
  ASSERT_TRUE(loaded.ok()) << loaded.Describe();
  const RolloutConfig& rollout = loaded.config.services[0].rollout;
  EXPECT_EQ(rollout.strategy, RolloutStrategy::kRolling);
  EXPECT_EQ(rollout.max_surge, (Portion{25, true}));
  EXPECT_EQ(rollout.max_unavailable, (Portion{1, false}));
  EXPECT_EQ(rollout.min_ready_ms, 2500);
  EXPECT_EQ(rollout.bake_ms, 600'000);
  EXPECT_EQ(rollout.canary, (Portion{10, true}));
  EXPECT_TRUE(rollout.auto_promote);
  EXPECT_EQ(rollout.progress_deadline_s, 90);
  EXPECT_FALSE(rollout.auto_revert);
  EXPECT_EQ(rollout.max_old_generations, 2);
  ASSERT_EQ(rollout.bounds.size(), 2U);
  const RecycleConfig& recycle = loaded.config.services[0].recycle;
  EXPECT_EQ(recycle.max_requests, 1000);
  EXPECT_EQ(recycle.max_age_s, 43'200);
  EXPECT_EQ(recycle.max_rss, 400 << 20);
  EXPECT_EQ(recycle.jitter_permille, 250);
  const LoadResult again = Parse(PrintToml(loaded.config), "printed");
  ASSERT_TRUE(again.ok()) << again.Describe();
  EXPECT_EQ(again.config, loaded.config);
}

TEST(RolloutSection, WithoutItNothingIsKept) {
  const LoadResult loaded = Read("");
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.config.services[0].rollout, RolloutConfig());
  EXPECT_EQ(loaded.config.services[0].recycle, RecycleConfig());
}

TEST(RolloutSection, RollingAloneMeansAQuarter) {
  const LoadResult loaded = Read("[service.rollout]\nstrategy = \"rolling\"\n");
  ASSERT_TRUE(loaded.ok()) << loaded.Describe();
  EXPECT_EQ(loaded.config.services[0].rollout.max_surge, (Portion{25, true}));
}

TEST(RolloutSection, WhatDoesNotGoTogetherIsRefused) {
  const auto refuses = [](const std::string& keys, const std::string& words) {
    EXPECT_NE(ProblemOf("[service.rollout]\n" + keys).find(words), std::string::npos)
        << ProblemOf("[service.rollout]\n" + keys);
  };
  refuses("max_surge = 0\n", "must not be 0 where max_unavailable is: nothing could be replaced");
  refuses("strategy = \"generation\"\ncanary = 1\n", "replaces all workers together");
  refuses("auto_promote = true\n", "means nothing without canary");
  refuses("canary = 1\nauto_promote = true\n", "needs min_ready_seconds, or the canary would prove nothing");
  refuses("bounds = { errors = 1 }\n", "set min_ready_seconds, bake_time or canary");
  refuses("bake_time = 5\nbounds = { errors = \"x\" }\n", "a number for the gauge errors");
  refuses("bake_time = \"5 parsecs\"\n", "seconds, or a time such as");
  refuses("canary = \"120%\"\n", "a number of workers, or a part of them");
  refuses("max_old_generations = 9\n", "8");
  refuses("bake = 5\n", "use bake_time");
  refuses("canari = 5\n", "did you mean \"canary\"?");
}

// That of the section goes before the key of the service, and before [defaults].
TEST(RolloutSection, SurgeOfTheSectionGoesBefore) {
  for (const std::string text :
       {"[defaults]\nmax_surge = 2\n[[service]]\n", "[[service]]\nmax_surge = 2\n"}) {
    const LoadResult loaded = Parse(text +
                                        "name = \"web\"\nnum = 8\ncommand = \"x\"\n"
                                        "[service.rollout]\nmax_surge = 1\n",
                                    "fectld.toml");
    ASSERT_TRUE(loaded.ok()) << loaded.Describe();
    EXPECT_EQ(loaded.config.services[0].rollout.max_surge, (Portion{1, false}));
    EXPECT_EQ(loaded.config.services[0].max_surge, 0);
  }
  EXPECT_NE(
      ProblemOf("[service.rollout]\nstrategy = \"generation\"\n", "max_surge = 2\n").find("is not for the"),
      std::string::npos);
}

TEST(RecycleSection, WhatIsNoBoundIsRefused) {
  EXPECT_NE(ProblemOf("[service.recycle]\nmax_rss = 4096\n").find("a size from \"1MiB\" on"),
            std::string::npos);
  EXPECT_NE(ProblemOf("[service.recycle]\njitter = 2\n").find("a part from 0 to 0.9"), std::string::npos);
  EXPECT_NE(ProblemOf("[service.recycle]\nmax_age = -1\n").find("seconds, or a time"), std::string::npos);
}

TEST(RolloutSection, OneshotHasNone) {
  const LoadResult oneshot = Parse(
      "[[service]]\nname = \"m\"\ntype = \"oneshot\"\ncommand = \"x\"\n[service.rollout]\nbake_time = 1\n",
      "f");
  EXPECT_NE(oneshot.Describe().find("is not for a oneshot"), std::string::npos) << oneshot.Describe();
}

}  // namespace
}  // namespace fectl::config
