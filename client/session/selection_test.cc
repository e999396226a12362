#include "client/session/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/testing/fake_control_server.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;
using testing::ElementsAre;

std::vector<FakeStep> Services(const Request&) {
  Response overview{.kind = Response::Kind::kOverview};
  overview.overview.services = {
      {.name = "web-1", .labels = {"blue"}}, {.name = "api"}, {.name = "web-2", .labels = {"blue", "slow"}}};
  return {Answer(overview)};
}

class Selection : public testing::Test {
 protected:
  Session Connected() { return *Session::Open(server_.path(), {}, Session::Hello::kAsk); }

  std::vector<SelectedService> Of(const std::vector<std::string>& words) {
    Session session = Connected();
    return *Select(session, words);
  }
  std::string ErrorOf(const std::vector<std::string>& words) {
    Session session = Connected();
    return std::string(Select(session, words).status().message());
  }

  FakeControlServer server_{Services};
};

TEST(Selects, APatternIsComparedWithTheWholeName) {
  const auto fits = [](const char* pattern, const char* name) { return Selects(pattern, {.name = name}); };
  for (const char* pattern : {"web-*", "*", "web-?", "w*1", "*-*", "**", "web-1*", "?eb-1", "*w*e*b*1*"})
    EXPECT_TRUE(fits(pattern, "web-1")) << pattern;
  for (const char* pattern : {"web", "web-", "eb*", "*web", "web-??", "?", "w?1", "web-1?", "WEB*", ""})
    EXPECT_FALSE(fits(pattern, "web-1")) << pattern;
  EXPECT_TRUE(fits("a*b*c", "a-b-b-c"));
  EXPECT_TRUE(fits("*aab", "aaaab"));
  // A pattern of many stars against a long name takes no time.
  std::string stars;
  for (int i = 0; i < 200; ++i) stars += "a*";
  EXPECT_FALSE(Selects(stars + "b", {.name = std::string(5000, 'a')}));
}

TEST(Selects, ALabelIsMeantAsAWhole) {
  const proto::ServiceView service{.name = "web", .labels = {"blue", "slow"}};
  EXPECT_TRUE(Selects("@blue", service));
  EXPECT_TRUE(Selects("@slow", service));
  for (const char* selector : {"@", "@blu", "@web", "@bl*", "@blue "})
    EXPECT_FALSE(Selects(selector, service)) << selector;
}

TEST(IsSelector, NamesAreNone) {
  for (const char* word : {"web", "web-1", "a.b_c", "all", "", "web@blue"})
    EXPECT_FALSE(IsSelector(word)) << word;
  for (const char* word : {"web-*", "w?b", "@blue", "*", "@"}) EXPECT_TRUE(IsSelector(word)) << word;
}

TEST_F(Selection, NamesCostNoRequest) {
  EXPECT_THAT(Of({"web-1", "nonsense"}),
              ElementsAre(SelectedService{"web-1", true}, SelectedService{"nonsense", true}));
  EXPECT_EQ(server_.requests().size(), 0u);
}

TEST_F(Selection, EachServiceOnceAndTheListIsAskedForOnce) {
  EXPECT_THAT(Of({"@blue", "api", "*", "web-2"}),
              ElementsAre(SelectedService{"web-1", false}, SelectedService{"web-2", true},
                          SelectedService{"api", true}));
  EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(Selection, WhatStandsForNothingIsNamed) {
  EXPECT_EQ(ErrorOf({"web-*", "db-*"}), "db-*: no service has such a name");
  EXPECT_EQ(ErrorOf({"@green"}), "@green: no service has this label");
}

TEST_F(Selection, OneIsOne) {
  Session session = Connected();
  EXPECT_EQ(*SelectOne(session, "@slow", "spid"), "web-2");
  EXPECT_EQ(*SelectOne(session, "nonsense", "spid"), "nonsense");
  EXPECT_EQ(SelectOne(session, "web-*", "spid").status().message(),
            "web-* stands for web-1, web-2, and spid takes one service");
}

TEST(SelectionAtTheBaseLevel, AnOldMasterCannotTell) {
  FakeControlServer server(Services, FakeControlServer::Hello::kClose);
  Session session = *Session::Open(server.path(), {}, Session::Hello::kAsk);
  EXPECT_TRUE(absl::IsFailedPrecondition(Select(session, {"web-*"}).status()));
  EXPECT_TRUE(Select(session, {"web"}).ok());
}

}  // namespace
}  // namespace fectl::client
