#include "master/config/service/order_check.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "master/config/load_result.h"
#include "master/config/parse.h"

namespace fectl::config {
namespace {

// "web: after=db requires=cache" for each service; a name that begins with "once" is a oneshot.
LoadResult WithOrder(const std::vector<std::pair<std::string, std::string>>& services) {
  std::string text;
  for (const auto& [name, keys] : services) {
    text += "[[service]]\nname = '" + name + "'\ncommand = 'run'\n" +
            (name.starts_with("once") ? "type = 'oneshot'\n" : "num = 1\n") + keys + "\n";
  }
  return Parse(text, "f");
}

std::string Loop(const std::string& place, const std::string& names) {
  return "f:" + place + ": makes a loop in which each service waits for the next: " + names +
         "; remove one of these from after, requires or before_roll\n";
}

TEST(CheckOrder, NothingToSayOfWhatComesToAnEnd) {
  EXPECT_EQ(WithOrder({{"web", "after = ['db', 'cache']\nbefore_roll = 'once'"},
                       {"db", ""},
                       {"cache", "requires = 'db'"},
                       {"once", "after = 'db'"},
                       {"jobs", "after = ['web', 'db', 'cache', 'once']\nrequires = ['web']"}})
                .Describe(),
            "");
}

TEST(CheckOrder, ALoopIsNamedFromTheServiceThatStandsFirst) {
  EXPECT_EQ(WithOrder({{"web", "requires = 'db'"}, {"db", "after = 'web'"}}).Describe(),
            Loop("5: service.web.requires", "web -> db -> web"));
  EXPECT_EQ(
      WithOrder({{"x", "after = 'c'"}, {"a", "after = 'b'"}, {"b", "requires = 'c'"}, {"c", "after = 'a'"}})
          .Describe(),
      Loop("10: service.a.after", "a -> b -> c -> a"));
}

TEST(CheckOrder, BeforeRollIsWaitedForToo) {
  EXPECT_EQ(WithOrder({{"web", "before_roll = 'once'"}, {"once", "requires = 'db'"}, {"db", "after = 'web'"}})
                .Describe(),
            Loop("5: service.web.before_roll", "web -> once -> db -> web"));
}

TEST(CheckOrder, EachLoopIsToldOnce) {
  const LoadResult result = WithOrder(
      {{"a", "after = 'b'"}, {"b", "after = 'a'"}, {"c", "after = ['a', 'd']"}, {"d", "after = ['c', 'b']"}});
  EXPECT_EQ(result.Describe(),
            Loop("5: service.a.after", "a -> b -> a") + Loop("15: service.c.after", "c -> d -> c"));
}

TEST(CheckOrder, LongChainsAndManyLoopsTakeLittle) {
  LoadResult result;
  result.file = "f";
  for (int i = 0; i < 20'000; ++i) {
    ServiceConfig service;
    service.name = "s" + std::to_string(i);
    service.after = {"s" + std::to_string((i + 1) % 20'000), "s" + std::to_string(i / 2)};
    if (i == 0) service.after.pop_back();
    result.config.services.push_back(service);
    result.service_labels.push_back("service." + service.name);
  }
  CheckOrder(&result);
  EXPECT_FALSE(result.ok());
  EXPECT_LE(result.problems.size(), 10U);
  EXPECT_LE(result.Describe().size(), 10'000U);
}

}  // namespace
}  // namespace fectl::config
