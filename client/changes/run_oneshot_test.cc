#include "client/changes/run_oneshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/testing/captured_run.h"
#include "client/testing/fake_control_server.h"

namespace fectl::client {
namespace {

using proto::Outcome;
using proto::Request;
using proto::Response;
using testing::HasSubstr;

// A master with a service of this type in this state, whose start is answered so.
FakeScript Master(const std::string& type, const std::string& state, const Response& started) {
  return [=](const Request& request) -> std::vector<FakeStep> {
    if (request.verb == Request::Verb::kStart) return {Answer(started)};
    Response inspect{.kind = Response::Kind::kInspect};
    inspect.inspect = {.name = request.service, .state = state, .type = type};
    return {Answer(inspect)};
  };
}

Response Started(Response::Kind kind, int exit_code, const std::string& words = "") {
  return {.kind = kind,
          .text = words,
          .detail = Outcome{.state = "done", .exit_code = exit_code, .took_s = 0.52}};
}

Captured RunWith(const FakeControlServer& server, std::vector<std::string> args) {
  args.insert(args.begin(), {"--sock", server.path()});
  return RunCaptured(args);
}

TEST(RunOneshot, SaysThatItIsDone) {
  FakeControlServer server(Master("oneshot", "done", Started(Response::Kind::kServiceStarted, 0)));
  const Captured run = RunWith(server, {"run", "migrate"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out, "migrate: done in 0.5 s\n");
  EXPECT_EQ(RunWith(server, {"run", "migrate", "--json"}).out,
            "{\"service\":\"migrate\",\"ok\":true,\"exit_code\":0,\"reason\":null}\n");
}

TEST(RunOneshot, ExitsWithTheCodeOfItsProgram) {
  FakeControlServer server(
      Master("oneshot", "stopped", Started(Response::Kind::kServiceFailed, 143, "killed by SIG\033TERM")));
  const Captured run = RunWith(server, {"run", "migrate"});
  EXPECT_EQ(run.exit_code, 143);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err, "fectl: migrate: killed by SIG\\x1bTERM\n");
  const Captured json = RunWith(server, {"--json", "run", "migrate"});
  EXPECT_EQ(json.exit_code, 143);
  EXPECT_THAT(json.out, HasSubstr("\"ok\":false,\"exit_code\":143,\"reason\":\"killed by"));
}

TEST(RunOneshot, OneThatWasNotStartedIsAFailure) {
  FakeControlServer server(
      Master("oneshot", "stopped", Started(Response::Kind::kServiceFailed, -1, "no such program")));
  const Captured run = RunWith(server, {"run", "migrate"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("no such program"));
}

TEST(RunOneshot, OneThatRunsIsNotStartedTwice) {
  FakeControlServer server(Master("oneshot", "running", Started(Response::Kind::kServiceStarted, 0)));
  const Captured run = RunWith(server, {"run", "migrate"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "fectl: migrate is running already: try again when it has ended\n");
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(RunOneshot, OtherServicesAreStarted) {
  FakeControlServer server(Master("", "stopped", Started(Response::Kind::kServiceStarted, -1)));
  const Captured run = RunWith(server, {"run", "web"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.err, "fectl: web is no oneshot, which ends by itself: fectl start web\n");
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(RunOneshot, AnOlderMasterHasNone) {
  FakeControlServer server(Master("", "", {}), FakeControlServer::Hello::kAnswer, 2);
  const Captured run = RunWith(server, {"run", "web"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "fectl: this fectld is too old to have oneshots\n");
}

}  // namespace
}  // namespace fectl::client
