#include "client/run_operations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "client/testing/captured_run.h"
#include "client/testing/fake_control_server.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::UnorderedElementsAre;

constexpr char kTook[] = "[0-9.]+ m?s";

Response Overview(const std::vector<std::string>& names) {
  Response overview;
  overview.kind = Response::Kind::kOverview;
  for (const std::string& name : names) {
    overview.overview.services.emplace_back();
    overview.overview.services.back().name = name;
  }
  return overview;
}

Response Inspect(const std::string& name, int workers) {
  Response inspect;
  inspect.kind = Response::Kind::kInspect;
  inspect.inspect.name = name;
  inspect.inspect.num = inspect.inspect.ready = workers;
  return inspect;
}

// A master of web and api, where everything works.
std::vector<FakeStep> AllWell(const Request& request) {
  switch (request.verb) {
    case Request::Verb::kOverview:
      return {Answer(Overview({"web", "api"}))};
    case Request::Verb::kInspect:
      return {Answer(Inspect(request.service, 4))};
    case Request::Verb::kStop:
      return {Answer(Response::Kind::kPong), Answer(Response::Kind::kServiceStopped)};
    case Request::Verb::kPause:
    case Request::Verb::kResume:
      return {Answer(Response::Kind::kDone)};
    default:
      return {Answer(Response::Kind::kPong), Answer(Response::Kind::kServiceStarted)};
  }
}

Captured RunWith(const FakeControlServer& server, std::vector<std::string> args) {
  args.insert(args.begin(), {"--sock", server.path()});
  return RunCaptured(args);
}

std::vector<std::string> AskedServices(const FakeControlServer& server, Request::Verb verb) {
  std::vector<std::string> services;
  for (const Request& request : server.requests()) {
    if (request.verb == verb) services.push_back(request.service);
  }
  return services;
}

TEST(RunOperations, ReloadsOneService) {
  FakeControlServer server(AllWell);
  const Captured run = RunWith(server, {"reload", "web"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, MatchesRegex("web: reloaded \\(4 workers, " + std::string(kTook) + "\\)\n"));
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(server.connections(), 1u);
}

TEST(RunOperations, EveryCommandAsksItsVerb) {
  for (const auto& [command, verb, past] : {std::tuple{"start", Request::Verb::kStart, "started"},
                                            std::tuple{"stop", Request::Verb::kStop, "stopped"},
                                            std::tuple{"reload", Request::Verb::kReload, "reloaded"},
                                            std::tuple{"restart", Request::Verb::kRestart, "restarted"},
                                            std::tuple{"pause", Request::Verb::kPause, "paused"},
                                            std::tuple{"resume", Request::Verb::kResume, "resumed"}}) {
    FakeControlServer server(AllWell);
    const Captured run = RunWith(server, {command, "web"});
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_THAT(run.out, HasSubstr("web: " + std::string(past) + " ("));
    EXPECT_THAT(AskedServices(server, verb), UnorderedElementsAre("web"));
  }
}

// Neither answer comes before both requests have: asked one after the other, this would never end.
TEST(RunOperations, AsksForAllAtTheSameTime) {
  FakeControlServer server([](const Request& request) -> std::vector<FakeStep> {
    std::vector<FakeStep> steps = AllWell(request);
    if (request.verb == Request::Verb::kReload) steps.insert(steps.begin(), HoldUntil(2));
    return steps;
  });
  const Captured run = RunWith(server, {"reload", "web", "api", "web"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, HasSubstr("web: reloaded"));
  EXPECT_THAT(run.out, HasSubstr("api: reloaded"));
  EXPECT_THAT(AskedServices(server, Request::Verb::kReload), UnorderedElementsAre("web", "api"));
}

TEST(RunOperations, AllIsAsManyAsThereAre) {
  std::vector<std::string> names;
  names.reserve(200);
  for (int i = 0; i < 200; ++i) names.push_back("service" + std::to_string(i));
  FakeControlServer server([&](const Request& request) -> std::vector<FakeStep> {
    if (request.verb == Request::Verb::kOverview) return {Answer(Overview(names))};
    return AllWell(request);
  });
  const Captured run = RunWith(server, {"restart", "all"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(std::ranges::count(run.out, '\n'), 200);
  EXPECT_EQ(AskedServices(server, Request::Verb::kRestart).size(), 200u);
  EXPECT_LE(server.connections_max(), 64u);
}

TEST(RunOperations, PatternsAndLabelsStandForServices) {
  FakeControlServer server([](const Request& request) -> std::vector<FakeStep> {
    if (request.verb != Request::Verb::kOverview) return AllWell(request);
    Response overview = Overview({"web-1", "api", "web-2"});
    overview.overview.services[1].labels = {"blue"};
    return {Answer(overview)};
  });
  const Captured run = RunWith(server, {"stop", "web-*", "@blue", "web-1", "--json"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(AskedServices(server, Request::Verb::kStop), UnorderedElementsAre("web-1", "web-2", "api"));
  EXPECT_THAT(run.out, ContainsRegex("\"service\":\"web-1\".*\"service\":\"web-2\".*\"service\":\"api\""));
}

TEST(RunOperations, ASelectorThatStandsForNothingIsAnErrorAndNothingIsDone) {
  FakeControlServer server(AllWell);
  const Captured run = RunWith(server, {"stop", "web", "db-*"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "fectl: db-*: no service has such a name\n");
  EXPECT_THAT(AskedServices(server, Request::Verb::kStop), testing::IsEmpty());
  const Captured json = RunWith(server, {"reload", "@green", "--json"});
  EXPECT_EQ(json.exit_code, 1);
  EXPECT_EQ(json.out, "{\"ok\":false,\"exit_code\":1,\"reason\":\"@green: no service has this label\"}\n");
}

TEST(RunOperations, WhatIsStoppedIsLeftAloneWhereItWasNotNamed) {
  FakeControlServer server([](const Request& request) -> std::vector<FakeStep> {
    if (request.verb == Request::Verb::kReload) return {Answer(Response::Kind::kErrorServiceStopped)};
    return AllWell(request);
  });
  EXPECT_EQ(RunWith(server, {"reload", "w*"}).exit_code, 0);
  EXPECT_EQ(RunWith(server, {"reload", "w*", "web"}).exit_code, 1);
}

TEST(RunOperations, AllOfNothingIsDone) {
  FakeControlServer server([](const Request&) -> std::vector<FakeStep> { return {Answer(Overview({}))}; });
  const Captured run = RunWith(server, {"stop", "all"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out, "");
}

TEST(RunOperations, AFailureIsOnStandardErrorAndTheOthersGoOn) {
  FakeControlServer server([](const Request& request) -> std::vector<FakeStep> {
    if (request.verb == Request::Verb::kReload && request.service == "web") {
      return {Answer(Response::Kind::kServiceFailed,
                     "worker(1): exited with code 3 before it was loaded; the old workers keep serving")};
    }
    return AllWell(request);
  });
  const Captured run = RunWith(server, {"reload", "all"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(
      run.err,
      "fectl: web: reload failed: worker(1): exited with code 3 before it was loaded; the old workers keep "
      "serving\n");
  EXPECT_THAT(run.out, MatchesRegex("api: reloaded \\(4 workers, " + std::string(kTook) + "\\)\n"));
}

TEST(RunOperations, AnUnknownServiceComesWithASuggestion) {
  FakeControlServer server([](const Request& request) -> std::vector<FakeStep> {
    if (request.verb == Request::Verb::kReload) return {Answer(Response::Kind::kErrorUnknownService)};
    return AllWell(request);
  });
  const Captured run = RunWith(server, {"reload", "wbe"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err,
            "fectl: wbe: reload refused: there is no such service; did you mean web? (the services are web, "
            "api)\n");
}

TEST(RunOperations, WordsOfTheMasterCannotFakeALine) {
  FakeControlServer server([](const Request&) -> std::vector<FakeStep> {
    return {Answer(Response::Kind::kServiceFailed, "boom\033[2J\napi: reloaded")};
  });
  const Captured run = RunWith(server, {"reload", "web"});
  EXPECT_EQ(run.err, "fectl: web: reload failed: boom\\x1b[2J\\napi: reloaded\n");
}

TEST(RunOperations, AMasterWhichDiesIsSeen) {
  FakeControlServer server([](const Request&) -> std::vector<FakeStep> { return {Die()}; });
  const Captured run = RunWith(server, {"stop", "web"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err,
            "fectl: web: stop failed: fectld closed the connection before it had answered: it has ended, or "
            "it has no "
            "room for another client (its log says so)\n");
}

TEST(RunOperations, ASilentMasterIsSeen) {
  FakeControlServer server([](const Request&) { return std::vector<FakeStep>(); });
  const Captured run = RunCaptured({"-m", server.path(), "stop", "web", "api"}, {.silence_ms = 100});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err,
              HasSubstr("web: stop failed: fectld does not answer: nothing was heard from it for 100 ms\n"));
  EXPECT_THAT(run.err, HasSubstr("api: stop failed: fectld does not answer"));
}

TEST(RunOperations, TimeoutBoundsTheWaiting) {
  FakeControlServer server([](const Request&) { return std::vector<FakeStep>(); });
  const Captured run = RunWith(server, {"stop", "web", "--timeout", "0.1"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "fectl: web: stop failed: no answer within 100 ms; what was begun goes on in fectld\n");
}

TEST(RunOperations, JsonKeepsTheOrderOfTheCommandLine) {
  FakeControlServer server([](const Request& request) -> std::vector<FakeStep> {
    if (request.service == "web") return {HoldUntil(2), Answer(Response::Kind::kErrorServiceStarting)};
    return AllWell(request);
  });
  const Captured run = RunWith(server, {"--json", "stop", "web", "api"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.out,
              MatchesRegex("\\[\\{\"service\":\"web\",\"ok\":false,\"answer\":\"ErrorServiceStarting\","
                           "\"reason\":\"it is starting\",\"seconds\":[0-9.]+\\},"
                           "\\{\"service\":\"api\",\"ok\":true,\"answer\":\"ServiceStopped\","
                           "\"reason\":null,\"seconds\":[0-9.]+\\}\\]\n"));
  EXPECT_EQ(run.err, "fectl: web: stop refused: it is starting\n");
}

TEST(RunOperations, WorksWithAnOldMaster) {
  FakeControlServer server(
      [](const Request& request) -> std::vector<FakeStep> {
        if (request.verb == Request::Verb::kReload && request.service == "web") {
          return {Answer(Response::Kind::kServiceFailed)};
        }
        if (request.verb == Request::Verb::kStatus) {
          Response status;
          status.kind = Response::Kind::kServiceStatus;
          status.status.workers.resize(1);
          proto::BaseEvent event;
          event.state = proto::BaseState::kReloadFailed;
          event.reason.kind = proto::BaseReason::Kind::kWorkerError;
          event.reason.text = "no module named app";
          status.status.workers[0].events.push_back(event);
          return {Answer(status)};
        }
        return AllWell(request);
      },
      FakeControlServer::Hello::kClose);
  const Captured run = RunWith(server, {"reload", "web", "api"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "fectl: web: reload failed: worker(1): no module named app\n");
  EXPECT_THAT(run.out, MatchesRegex("api: reloaded \\(" + std::string(kTook) + "\\)\n"));
  EXPECT_EQ(RunWith(server, {"reload", "all"}).err,
            "fectl: this fectld is too old to list its services; name the services instead\n");
}

TEST(RunOperations, ProgressIsOnATerminalAndGoesAway) {
  FakeControlServer server([](const Request&) { return std::vector<FakeStep>(); });
  // Nothing answers, so the line is there when the patience ends.
  const Captured run =
      RunCaptured({"-m", server.path(), "stop", "web", "--timeout", "1.2"}, {.err_is_terminal = true});
  EXPECT_THAT(run.err, ContainsRegex("web: stop \\([01] s\\)"));
  EXPECT_THAT(run.err, HasSubstr("\r\033[Kfectl: web: stop failed: no answer within 1.2 s"));
}

TEST(RunOperations, NamesOfThousandsOfLettersAreRefusedHere) {
  FakeControlServer server(AllWell);
  const Captured run = RunWith(server, {"stop", std::string(70000, 'x')});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("stop failed: the name is too long to be a service's\n"));
}

}  // namespace
}  // namespace fectl::client
