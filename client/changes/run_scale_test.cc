#include "client/changes/run_scale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "client/testing/captured_run.h"
#include "client/testing/fake_control_server.h"

namespace fectl::client {
namespace {

using proto::Outcome;
using proto::Request;
using proto::Response;
using proto::ScaleRequest;
using testing::HasSubstr;

FakeScript Answers(const Response& response) {
  return [response](const Request&) { return std::vector<FakeStep>{Answer(response)}; };
}

Response Done(int num, int ready, const std::string& state = "running") {
  return {.kind = Response::Kind::kDone, .detail = Outcome{.state = state, .num = num, .ready = ready}};
}

Captured RunWith(const FakeControlServer& server, std::vector<std::string> args) {
  args.insert(args.begin(), {"--sock", server.path()});
  return RunCaptured(args);
}

TEST(RunScale, AsksForANumberADifferenceOrTheFilesNumber) {
  for (const auto& [word, wanted] : std::vector<std::pair<std::string, ScaleRequest>>{
           {"8", {.to = 8}}, {"+2", {.by = 2}}, {"-1", {.by = -1}}, {"--reset", {.reset = true}}}) {
    FakeControlServer server(Answers(Done(8, 8)));
    const Captured run = RunWith(server, {"scale", "web", word});
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_EQ(run.out, "web: 8 workers serve\n");
    ASSERT_EQ(server.requests().size(), 1u);
    EXPECT_EQ(server.requests()[0].verb, Request::Verb::kScale);
    EXPECT_EQ(server.requests()[0].service, "web");
    EXPECT_EQ(std::get<ScaleRequest>(server.requests()[0].arguments), wanted);
  }
}

TEST(RunScale, SaysWhatHasBecomeOfIt) {
  FakeControlServer one(Answers(Done(1, 1)));
  EXPECT_EQ(RunWith(one, {"scale", "web", "1"}).out, "web: 1 worker serves\n");
  FakeControlServer stopped(Answers(Done(3, 0, "stopped")));
  EXPECT_EQ(RunWith(stopped, {"scale", "web", "3"}).out, "web: 3 wanted, 0 serve (stopped)\n");
  EXPECT_EQ(RunWith(stopped, {"scale", "web", "3", "--json"}).out,
            "{\"service\":\"web\",\"ok\":true,\"num\":3,\"ready\":0}\n");
}

TEST(RunScale, WorkersThatDoNotComeUpAreAFailure) {
  FakeControlServer server(Answers({.kind = Response::Kind::kServiceFailed,
                                    .text = "worker(2): exit code 1",
                                    .detail = Outcome{.state = "degraded", .num = 2, .ready = 1}}));
  const Captured run = RunWith(server, {"scale", "web", "2"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "fectl: web: not all of the new workers came up: worker(2): exit code 1\n");
}

TEST(RunScale, ARefusalIsToldInItsWords) {
  FakeControlServer server([](const Request&) {
    return std::vector<FakeStep>{Answer(Response::Kind::kError, "web is being removed")};
  });
  const Captured run = RunWith(server, {"scale", "web", "2", "--json"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "fectl: web is being removed\n");
  EXPECT_EQ(run.out, "{\"ok\":false,\"exit_code\":1,\"reason\":\"web is being removed\"}\n");
}

TEST(RunScale, AnUnknownServiceIsToldWithASuggestion) {
  FakeControlServer server([](const Request& request) {
    if (request.verb == Request::Verb::kScale)
      return std::vector<FakeStep>{Answer(Response::Kind::kErrorUnknownService)};
    Response overview{.kind = Response::Kind::kOverview};
    overview.overview.services.push_back({.name = "web"});
    return std::vector<FakeStep>{Answer(overview)};
  });
  const Captured run = RunWith(server, {"scale", "wbe", "2"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("did you mean web?"));
}

TEST(RunScale, AnOlderMasterCannot) {
  FakeControlServer server(Answers(Done(1, 1)), FakeControlServer::Hello::kAnswer, 2);
  const Captured run = RunWith(server, {"scale", "web", "2"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "fectl: this fectld is too old to change a number of workers\n");
}

}  // namespace
}  // namespace fectl::client
