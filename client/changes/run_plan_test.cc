#include "client/changes/run_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "client/testing/captured_run.h"
#include "client/testing/fake_control_server.h"

namespace fectl::client {
namespace {

using proto::PlanRequest;
using proto::Request;
using proto::Response;
using testing::HasSubstr;
using testing::Not;

proto::PlanView ScaledPlan() {
  proto::PlanView plan;
  plan.id = "7f3c91a";
  plan.file = "/etc/fectl.toml";
  plan.version = 7;
  plan.changes = {{.section = "service", .name = "web", .kind = "scale", .keys = {{"num", "1", "2"}}}};
  return plan;
}

FakeScript Answers(Response::Kind kind, const proto::PlanView& plan) {
  return [kind, plan](const Request&) {
    return std::vector<FakeStep>{Answer(Response{.kind = kind, .detail = plan})};
  };
}

Captured RunWith(const FakeControlServer& server, std::vector<std::string> args,
                 const Surroundings& surroundings = {}) {
  args.insert(args.begin(), {"--sock", server.path()});
  return RunCaptured(args, surroundings);
}

PlanRequest Asked(const FakeControlServer& server, Request::Verb verb) {
  if (server.requests().size() != 1 || server.requests()[0].verb != verb) {
    ADD_FAILURE() << "not asked once";
    return {};
  }
  return std::get<PlanRequest>(server.requests()[0].arguments);
}

TEST(RunPlan, ChangesAreShownWithThePlansIdAndACodeOfTheirOwn) {
  FakeControlServer server(Answers(Response::Kind::kPlan, ScaledPlan()));
  const Captured run = RunWith(server, {"plan"});
  EXPECT_EQ(run.exit_code, 5);
  EXPECT_EQ(run.out,
            "/etc/fectl.toml, against version 7\n"
            "  ~ service web  scale\n"
            "      num: 1 -> 2\n"
            "plan 7f3c91a; fectl apply 7f3c91a does it\n");
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(Asked(server, Request::Verb::kPlan), PlanRequest{});
}

TEST(RunPlan, NothingToDoIsDone) {
  proto::PlanView plan = ScaledPlan();
  plan.changes.clear();
  FakeControlServer server(Answers(Response::Kind::kPlan, plan));
  const Captured run = RunWith(server, {"plan"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out, "/etc/fectl.toml, against version 7\nnothing to do\n");
}

TEST(RunPlan, WhatCannotBeAppliedFailsAndIsShownAllTheSame) {
  proto::PlanView plan = ScaledPlan();
  plan.refused = "only a restart of fectld can change logging.level";
  FakeControlServer server(Answers(Response::Kind::kPlan, plan));
  const Captured run = RunWith(server, {"plan"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.out, HasSubstr("num: 1 -> 2"));
  EXPECT_THAT(run.out, Not(HasSubstr("fectl apply")));
  EXPECT_EQ(run.err, "fectl: this cannot be applied: only a restart of fectld can change logging.level\n");
}

TEST(RunPlan, WarningsAreLinesOnStandardError) {
  proto::PlanView plan = ScaledPlan();
  plan.warnings = "a.toml:1: one\na.toml:2: t\033wo";
  FakeControlServer server(Answers(Response::Kind::kPlan, plan));
  EXPECT_EQ(RunWith(server, {"plan"}).err, "a.toml:1: one\na.toml:2: t\\x1bwo\n");
}

TEST(RunPlan, WhatIsWrongWithAConfigurationStaysLines) {
  FakeControlServer server([](const Request&) {
    return std::vector<FakeStep>{Answer(
        Response::Kind::kError, "the configuration is not valid, nothing was changed:\na.toml:3: \033")};
  });
  const Captured run = RunWith(server, {"apply"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "fectl: the configuration is not valid, nothing was changed:\na.toml:3: \\x1b\n");
  EXPECT_EQ(run.out, "");
  const Captured json = RunWith(server, {"plan", "--json"});
  EXPECT_EQ(json.exit_code, 1);
  EXPECT_EQ(json.out,
            "{\"ok\":false,\"exit_code\":1,\"reason\":\"the configuration is not valid, nothing was "
            "changed:\\na.toml:3: \\u001b\"}\n");
}

TEST(RunPlan, JsonIsThePlan) {
  FakeControlServer server(Answers(Response::Kind::kPlan, ScaledPlan()));
  const Captured run = RunWith(server, {"plan", "--json"});
  EXPECT_EQ(run.exit_code, 5);
  EXPECT_THAT(run.out, HasSubstr("{\"ok\":true,\"exit_code\":5,\"id\":\"7f3c91a\""));
}

TEST(RunPlan, AFileIsNamedByItsWholePath) {
  for (const auto& [given, asked] :
       std::vector<std::pair<std::string, std::string>>{{"/etc/new.toml", "/etc/new.toml"},
                                                        {"new.toml", "/home/bob/new.toml"},
                                                        {"../a.toml", "/home/a.toml"}}) {
    FakeControlServer server(Answers(Response::Kind::kPlan, ScaledPlan()));
    Surroundings surroundings;
    surroundings.caller_directory = "/home/bob";
    RunWith(server, {"plan", "-c", given}, surroundings);
    EXPECT_EQ(Asked(server, Request::Verb::kPlan).file, asked);
  }
}

TEST(RunPlan, RevertTakesNoFile) {
  FakeControlServer server(Answers(Response::Kind::kPlan, ScaledPlan()));
  const Captured run = RunWith(server, {"apply", "--revert", "-c", "a.toml"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.err, "fectl: --revert goes back to what ran; it takes no --config\n");
  EXPECT_EQ(server.requests().size(), 0u);
}

TEST(RunPlan, AnOlderMasterCannot) {
  FakeControlServer server(Answers(Response::Kind::kPlan, ScaledPlan()), FakeControlServer::Hello::kAnswer,
                           2);
  const Captured run = RunWith(server, {"plan"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "fectl: this fectld is too old to change its configuration without a restart\n");
}

TEST(RunPlan, WhoMayNotIsToldSo) {
  FakeControlServer server([](const Request&) {
    return std::vector<FakeStep>{Answer(Response::Kind::kErrorNotPermitted, "user bob may not")};
  });
  const Captured run = RunWith(server, {"apply", "-c", "/a.toml"});
  EXPECT_EQ(run.exit_code, 4);
  EXPECT_THAT(run.err, HasSubstr("user bob may not"));
}

TEST(RunApply, SaysWhatHasBegun) {
  proto::PlanView plan = ScaledPlan();
  plan.outcome = "started";
  plan.version = 8;
  FakeControlServer server(Answers(Response::Kind::kApplied, plan));
  const Captured run = RunWith(server, {"apply", "7f3c91a"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, HasSubstr("/etc/fectl.toml, as version 8\n"));
  EXPECT_THAT(run.out, HasSubstr("\nversion 8 is being applied; fectl status shows what became of it\n"));
  EXPECT_EQ(Asked(server, Request::Verb::kApply), PlanRequest{.id = "7f3c91a"});
}

TEST(RunApply, SaysWhatIsDone) {
  proto::PlanView plan = ScaledPlan();
  plan.outcome = "done";
  plan.version = 8;
  FakeControlServer server(Answers(Response::Kind::kApplied, plan));
  const Captured run = RunWith(server, {"apply", "--wait", "--revert"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, HasSubstr("\nversion 8 runs\n"));
  EXPECT_EQ(Asked(server, Request::Verb::kApply), (PlanRequest{.revert = true, .wait = true}));
}

TEST(RunApply, NothingToDoIsDone) {
  proto::PlanView plan = ScaledPlan();
  plan.outcome = "done";
  plan.changes.clear();
  FakeControlServer server(Answers(Response::Kind::kApplied, plan));
  const Captured run = RunWith(server, {"apply"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out, "/etc/fectl.toml, as version 7\nnothing to do\n");
}

TEST(RunApply, AFailureSaysWhatFailedAndWhatToDo) {
  proto::PlanView plan = ScaledPlan();
  plan.outcome = "failed";
  plan.version = 8;
  plan.failure = "web: worker(1): exit code 1; not begun: old";
  FakeControlServer server(Answers(Response::Kind::kApplied, plan));
  const Captured run = RunWith(server, {"apply", "--wait"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err,
            "fectl: version 8 was not applied as a whole: web: worker(1): exit code 1; not begun: old\n"
            "fectl apply tries again, fectl apply --revert goes back\n");
  const Captured json = RunWith(server, {"apply", "--wait", "--json"});
  EXPECT_EQ(json.exit_code, 1);
  EXPECT_THAT(json.out, HasSubstr("{\"ok\":false,\"exit_code\":1,"));
  EXPECT_THAT(json.out, HasSubstr("\"failure\":\"web: worker(1)"));
}

}  // namespace
}  // namespace fectl::client
