#include "client/text/nearest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fectl::client {
namespace {

const std::vector<std::string>& Commands() {
  static const std::vector<std::string> commands = {"status", "start", "stop", "reload", "restart", "pid"};
  return commands;
}

TEST(Nearest, FindsOneSlipOfTheFinger) {
  EXPECT_EQ(Nearest("relod", Commands()), "reload");
  EXPECT_EQ(Nearest("rleoad", Commands()), "reload");
  EXPECT_EQ(Nearest("STATUS", Commands()), "status");
  EXPECT_EQ(Nearest("statsu", Commands()), "status");
  EXPECT_EQ(Nearest("pd", Commands()), "pid");
}

TEST(Nearest, PrefersTheFewestMistakes) {
  EXPECT_EQ(Nearest("strt", Commands()), "start");
  EXPECT_EQ(Nearest("stp", Commands()), "stop");
}

TEST(Nearest, SaysNothingWhereNothingIsClose) {
  EXPECT_EQ(Nearest("explode", Commands()), "");
  EXPECT_EQ(Nearest("x", {"a", "b"}), "");
  EXPECT_EQ(Nearest("", Commands()), "");
  EXPECT_EQ(Nearest("status", {}), "");
  EXPECT_EQ(Nearest(std::string(100000, 's'), Commands()), "");
}

TEST(WhichService, NamesTheNearestAndTheFew) {
  EXPECT_EQ(WhichService("wbe", {"web", "api"}), "; did you mean web? (the services are web, api)");
  EXPECT_EQ(WhichService("x", {"web"}), " (the only service is web)");
  EXPECT_EQ(WhichService("x", {}), "; fectld has no services");
}

TEST(WhichService, ListsNoCrowd) {
  const std::vector<std::string> crowd(9, "web");
  EXPECT_EQ(WhichService("x", crowd), "; fectl status lists all");
  EXPECT_EQ(WhichService("wbe", crowd), "; did you mean web?");
}

}  // namespace
}  // namespace fectl::client
