#include "client/changes/plan_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fectl::client {
namespace {

using testing::HasSubstr;
using testing::Not;

proto::PlanView Plan() {
  proto::PlanView plan;
  plan.id = "7f3c91a";
  plan.file = "/etc/fectl/fectld.toml";
  plan.version = 7;
  plan.untouched = 2;
  plan.changes = {
      {.section = "service",
       .name = "web",
       .kind = "roll",
       .words = "4 workers, 1 at a time",
       .keys = {{"command", "\"a\"", "\"b\""}, {"environ: DB_HOST", "", ""}, {"uid", "", "\"www\""}}},
      {.section = "service", .name = "mail", .kind = "add", .words = "2 workers"},
      {.section = "service", .name = "old", .kind = "remove", .words = "1 worker, drains up to 30 s"},
      {.section = "socket",
       .name = "admin",
       .kind = "rebind",
       .keys = {{"port", "80", ""}},
       .rolls = {"web"}},
      {.section = "socket", .name = "http", .kind = "roll", .words = "same queue", .rolls = {"web", "api"}},
  };
  return plan;
}

TEST(PlanText, TellsEachChangeWithItsKeys) {
  EXPECT_EQ(PlanText(Plan(), false),
            "/etc/fectl/fectld.toml, against version 7\n"
            "  ~ service web   roll     4 workers, 1 at a time\n"
            "      command: \"a\" -> \"b\"\n"
            "      environ: DB_HOST\n"
            "      uid: (not set) -> \"www\"\n"
            "  + service mail  add      2 workers\n"
            "  - service old   remove   1 worker, drains up to 30 s\n"
            "  ~ socket admin  rebind   rolls web\n"
            "      port: 80 -> (not set)\n"
            "  ~ socket http   roll     same queue; rolls web, api\n"
            "  = 2 untouched\n");
}

TEST(PlanText, TellsWhatIsAppliedAndWhatTheWayBackIs) {
  proto::PlanView plan = Plan();
  plan.changes.resize(2);
  plan.untouched = 0;
  plan.outcome = "started";
  EXPECT_THAT(PlanText(plan, false), HasSubstr("/etc/fectl/fectld.toml, as version 7\n"));
  EXPECT_THAT(PlanText(plan, false), Not(HasSubstr("untouched")));
  plan.outcome.clear();
  plan.file.clear();
  EXPECT_THAT(PlanText(plan, false), HasSubstr("what ran before the last apply, against version 7\n"));
}

TEST(PlanText, NothingToDo) {
  proto::PlanView plan;
  plan.file = "/etc/fectl.toml";
  plan.version = 3;
  plan.untouched = 5;
  EXPECT_EQ(PlanText(plan, false), "/etc/fectl.toml, against version 3\nnothing to do\n");
}

TEST(PlanText, ASectionThatNeedsARestartHasNoName) {
  proto::PlanView plan;
  plan.changes = {{.section = "logging",
                   .kind = "restart",
                   .words = "needs a restart of fectld",
                   .keys = {{"level", "", "\"debug\""}}}};
  EXPECT_THAT(PlanText(plan, false), HasSubstr("  ! logging   restart  needs a restart of fectld\n"
                                               "      level: (not set) -> \"debug\"\n"));
}

TEST(PlanText, ColoursOnlyWhenOn) {
  EXPECT_THAT(PlanText(Plan(), true), HasSubstr("\033["));
  EXPECT_THAT(PlanText(Plan(), false), Not(HasSubstr("\033[")));
}

TEST(PlanText, EscapesWhatOthersSaid) {
  proto::PlanView plan;
  plan.file = "a\033[31m";
  plan.changes = {{.section = "service\033",
                   .name = "w\neb",
                   .kind = "ro\033ll",
                   .words = "\033]0;x",
                   .keys = {{"k\033", "b\n", "\233"}},
                   .rolls = {"r\033"}}};
  const std::string text = PlanText(plan, false);
  EXPECT_THAT(text, Not(HasSubstr("\033")));
  EXPECT_THAT(text, Not(HasSubstr("\233")));
  EXPECT_THAT(text, HasSubstr("w\\neb"));
  EXPECT_THAT(PlanJson(plan, 0), Not(HasSubstr("\033")));
}

TEST(PlanText, JsonHasAllMembers) {
  proto::PlanView plan;
  plan.id = "7f3c91a";
  plan.file = "/a.toml";
  plan.version = 7;
  plan.changes = {{.section = "service", .name = "web", .kind = "scale", .keys = {{"num", "1", "2"}}}};
  EXPECT_EQ(
      PlanJson(plan, 5),
      "{\"ok\":true,\"exit_code\":5,\"id\":\"7f3c91a\",\"file\":\"/a.toml\",\"version\":7,\"changes\":[{"
      "\"section\":\"service\",\"name\":\"web\",\"kind\":\"scale\",\"words\":\"\",\"keys\":[{\"key\":"
      "\"num\",\"before\":\"1\",\"after\":\"2\"}],\"rolls\":[]}],\"untouched\":0,\"refused\":\"\","
      "\"warnings\":\"\",\"outcome\":\"\",\"failure\":\"\"}\n");
  EXPECT_THAT(PlanJson(plan, 0), HasSubstr("\"ok\":true,\"exit_code\":0"));
  EXPECT_THAT(PlanJson(plan, 1), HasSubstr("\"ok\":false,\"exit_code\":1"));
}

}  // namespace
}  // namespace fectl::client
