// Applications from each of many configurations to another.

#include <glog/logging.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "master/runtime/apply/test_applier.h"

namespace fectl::runtime {
namespace {

// A configuration of up to six services, each of which may be broken one time in `broken_of`.
Config Random(std::mt19937* random, int broken_of) {
  const auto draw = [random](int n) { return static_cast<int>((*random)() % static_cast<unsigned>(n)); };
  Config config;
  for (int i = 0; i < 6; ++i) {
    if (draw(3) == 0) continue;
    ServiceConfig service = Service("s" + std::to_string(i), 1 + draw(4));
    service.command = {"/bin/v" + std::to_string(draw(3))};
    if (broken_of > 0 && draw(broken_of) == 0) service.command = {"/bin/broken"};
    service.restarts = 1 + draw(2);
    service.max_surge = draw(3);
    service.autostart = draw(5) != 0;
    if (!config.services.empty() && draw(3) == 0)
      service.after = {
          config.services[static_cast<size_t>(draw(static_cast<int>(config.services.size())))].name};
    config.services.push_back(std::move(service));
  }
  if (config.services.empty()) config.services.push_back(Service("s0", 1));
  return config;
}

// FECTL_PAIRS=10000 (--test_env) draws so many.
int Pairs() {
  FLAGS_minloglevel = google::FATAL;
  const char* const pairs = std::getenv("FECTL_PAIRS");
  return pairs == nullptr ? 1000 : std::atoi(pairs);
}

// What is to be seen of a service from outside.
struct Seen {
  std::string command;
  int num = 0;
  core::ServicePolicy policy;
  bool operator==(const Seen&) const = default;
};
std::map<std::string, Seen> See(const Fake& fake) {
  std::map<std::string, Seen> seen;
  for (const core::Service& service : fake.supervisor().services()) {
    const std::set<std::string> commands = fake.CommandsOf(service.policy().name);
    EXPECT_LE(commands.size(), 1U) << service.policy().name << " has workers of two versions";
    seen[service.policy().name] = {commands.empty() ? "" : *commands.begin(),
                                   static_cast<int>(fake.On(service.policy().name).size()), service.policy()};
  }
  return seen;
}

TEST(Applier, RandomPairsOfConfigurations) {
  std::mt19937 random(7);
  for (int pair = 0, pairs = Pairs(); pair < pairs; ++pair) {
    const Config a = Random(&random, 0);
    const Config b = Random(&random, 0);
    Fake fake(a);
    const auto seen_a = See(fake);
    const auto before = fake.processes();
    const apply::Difference difference = apply::Compare(a, b);
    fake.Write(b);
    ASSERT_EQ(fake.Apply().outcome, "done") << pair;
    // Nobody was touched whose service does not change, or only in how it is supervised or by growing.
    for (const auto& [generation, process] : before) {
      const std::string& name = fake.supervisor().Find(process.who.service) == nullptr
                                    ? ""
                                    : fake.supervisor().Find(process.who.service)->policy().name;
      bool touched = name.empty();
      for (const apply::ServiceStep& step : difference.services)
        touched = touched || (step.name == name && (step.roll || step.num_after < step.num_before));
      ASSERT_TRUE(touched || fake.processes().contains(generation)) << pair << " " << name;
    }
    // Twice is once.
    const auto seen_b = See(fake);
    const auto there = fake.processes();
    ASSERT_TRUE(fake.Apply().changes.empty()) << pair;
    ASSERT_EQ(fake.processes(), there) << pair;
    // And back again. (What is not started by itself and was not running stays so.)
    fake.Write(a);
    ASSERT_EQ(fake.Apply().outcome, "done") << pair;
    ASSERT_EQ(See(fake), seen_a) << pair;
    fake.Write(b);
    ASSERT_EQ(fake.Apply().outcome, "done") << pair;
    ASSERT_EQ(See(fake), seen_b) << pair;
    ASSERT_LE(fake.plans(), fake.supervisor().services().size())
        << pair << ": plans that nobody has are kept";
  }
}

TEST(Applier, RandomPairsWithBrokenOnes) {
  std::mt19937 random(8);
  int failures = 0;
  for (int pair = 0, pairs = Pairs(); pair < pairs; ++pair) {
    const Config a = Random(&random, 0);
    Fake fake(a);
    fake.Write(Random(&random, 4));
    const auto before = See(fake);
    const proto::PlanView done = fake.Apply();
    failures += done.outcome == "failed" ? 1 : 0;
    // What fails has taken nothing away: each service of before that still is wanted so serves.
    for (const auto& [name, seen] : before) {
      if (done.outcome != "failed") continue;
      ASSERT_GE(static_cast<int>(fake.On(name).size()), std::min(seen.num, 1)) << pair << " " << name;
    }
    // From there a good one is reached, whatever was half done.
    const Config good = Random(&random, 0);
    fake.Write(good);
    ASSERT_EQ(fake.Apply().outcome, "done") << pair;
    ASSERT_EQ(fake.supervisor().services().size(), good.services.size()) << pair;
    for (const ServiceConfig& service : good.services) {
      for (const std::string& command : fake.CommandsOf(service.name))
        ASSERT_EQ(command, service.command[0]) << pair;
    }
  }
  EXPECT_GT(failures, Pairs() / 30);
}

}  // namespace
}  // namespace fectl::runtime
