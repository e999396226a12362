#include "client/run_queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "client/testing/captured_run.h"
#include "client/testing/fake_control_server.h"
#include "proto_spec/version.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

proto::ServiceView Web() {
  proto::ServiceView web;
  web.name = "web";
  web.state = "running";
  web.num = web.ready = 2;
  web.workers.resize(1);
  web.workers[0].pid = 4321;
  web.workers[0].state = "running";
  return web;
}

std::vector<FakeStep> Master(const Request& request) {
  Response response;
  switch (request.verb) {
    case Request::Verb::kOverview:
      response.kind = Response::Kind::kOverview;
      response.overview.pid = 4711;
      response.overview.services = {Web()};
      return {Answer(response)};
    case Request::Verb::kInspect:
      if (request.service != "web") return {Answer(Response::Kind::kErrorUnknownService)};
      response.kind = Response::Kind::kInspect;
      response.inspect = Web();
      return {Answer(response)};
    case Request::Verb::kStatus:
      if (request.service != "web") return {Answer(Response::Kind::kErrorUnknownService)};
      response.kind = Response::Kind::kServiceStatus;
      response.status.state = proto::BaseServiceState::kRunning;
      response.status.workers.resize(1);
      return {Answer(response)};
    case Request::Verb::kSPid:
      if (request.service != "web") return {Answer(Response::Kind::kErrorUnknownService)};
      response.kind = Response::Kind::kServiceWorkerPids;
      response.pids = {"12", "34"};
      return {Answer(response)};
    case Request::Verb::kPid:
      return {Answer(Response::Kind::kPid, "4711")};
    case Request::Verb::kVersion:
      return {Answer(Response::Kind::kVersion, proto::kServerName)};
    case Request::Verb::kPing:
      return {Answer(Response::Kind::kPong)};
    default:
      return {Close()};
  }
}

Captured RunWith(const FakeControlServer& server, std::vector<std::string> args) {
  args.insert(args.begin(), {"--sock", server.path()});
  return RunCaptured(args);
}

TEST(RunQueries, StatusOfAllIsATable) {
  FakeControlServer server(Master);
  const Captured run = RunWith(server, {"status"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, StartsWith("SERVICE  STATE    READY"));
  EXPECT_THAT(run.out, HasSubstr("\nweb      running    2/2"));
  EXPECT_EQ(RunWith(server, {"status", "all"}).out, run.out);
}

TEST(RunQueries, StatusAsJsonIsTheView) {
  FakeControlServer server(Master);
  const Captured all = RunWith(server, {"status", "--json"});
  EXPECT_EQ(all.exit_code, 0);
  proto::MasterView master;
  master.pid = 4711;
  master.services = {Web()};
  EXPECT_EQ(all.out, proto::EncodeMasterView(master) + "\n");
  const Captured one = RunWith(server, {"status", "--json", "web"});
  EXPECT_EQ(one.out, proto::EncodeServiceView(Web()) + "\n");
}

TEST(RunQueries, StatusOfOne) {
  FakeControlServer server(Master);
  const Captured run = RunWith(server, {"status", "web"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, StartsWith("Service     web\nState       running, 2 of 2 workers serve\n"));
  EXPECT_THAT(run.out, HasSubstr("4321"));
}

TEST(RunQueries, StatusOfSeveralIsOneAfterTheOther) {
  FakeControlServer server([](const Request& request) -> std::vector<FakeStep> {
    Response response;
    response.kind =
        request.verb == Request::Verb::kOverview ? Response::Kind::kOverview : Response::Kind::kInspect;
    response.inspect = Web();
    response.inspect.name = request.service;
    response.overview.services = {Web(), Web()};
    response.overview.services[1].name = "web-2";
    return {Answer(response)};
  });
  const Captured run = RunWith(server, {"status", "web*"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, StartsWith("Service     web\n"));
  EXPECT_THAT(run.out, HasSubstr("\n\nService     web-2\n"));
  proto::ServiceView second = Web();
  second.name = "web-2";
  EXPECT_EQ(RunWith(server, {"status", "web*", "--json"}).out,
            proto::EncodeServiceView(Web()) + "\n" + proto::EncodeServiceView(second) + "\n");
  EXPECT_EQ(RunWith(server, {"status", "*-2", "--json"}).out, proto::EncodeServiceView(second) + "\n");
  EXPECT_EQ(RunWith(server, {"status", "--check", "web*"}).exit_code, 0);
}

TEST(RunQueries, OneServiceIsNotSeveral) {
  FakeControlServer server([](const Request& request) -> std::vector<FakeStep> {
    if (request.verb != Request::Verb::kOverview) return Master(request);
    Response response{.kind = Response::Kind::kOverview};
    response.overview.services = {Web(), Web()};
    response.overview.services[0].labels = {"blue"};
    response.overview.services[1].name = "web-2";
    return {Answer(response)};
  });
  EXPECT_EQ(RunWith(server, {"spid", "@blue"}).out, "12\n34\n");
  const Captured run = RunWith(server, {"spid", "web*"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "fectl: web* stands for web, web-2, and spid takes one service\n");
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{{"listen", "web*"},
                                                                                    {"send", "web*/1", "1"},
                                                                                    {"scale", "web*", "2"},
                                                                                    {"run", "web*"},
                                                                                    {"watch", "web*"}}) {
    const Captured refused = RunWith(server, args);
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_EQ(refused.err, "fectl: web* stands for web, web-2, and " + args[0] + " takes one service\n");
  }
}

TEST(RunQueries, ASelectorOfNothingIsNamed) {
  FakeControlServer server(Master);
  for (const char* command : {"status", "spid"}) {
    const Captured run = RunWith(server, {command, "db-?"});
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(run.err, "fectl: db-?: no service has such a name\n");
  }
}

TEST(RunQueries, UnknownServicesComeWithASuggestion) {
  FakeControlServer server(Master);
  for (const char* command : {"status", "spid"}) {
    const Captured run = RunWith(server, {command, "wbe"});
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(run.err, "fectl: wbe: there is no such service; did you mean web? (the only service is web)\n");
  }
}

TEST(RunQueries, StatusOfAnOldMaster) {
  FakeControlServer server(Master, FakeControlServer::Hello::kClose);
  const Captured run = RunWith(server, {"status", "web"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, HasSubstr("State       running, 0 of 1 worker serves\n"));
  EXPECT_THAT(RunWith(server, {"status", "web", "--json"}).out,
              StartsWith("{\"name\":\"web\",\"state\":\"running\""));
  const Captured all = RunWith(server, {"status"});
  EXPECT_EQ(all.exit_code, 1);
  EXPECT_EQ(all.err, "fectl: this fectld is too old to list its services: fectl status SERVICE\n");
  const Captured unknown = RunWith(server, {"status", "wbe"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_EQ(unknown.err, "fectl: wbe: there is no such service\n");
}

// A master with `web`, which serves, and `api`, which does not.
std::vector<FakeStep> MasterInTrouble(const Request& request) {
  proto::ServiceView api = Web();
  api.name = "api";
  api.state = "crashing";
  api.ready = 1;
  api.cause = "worker(1) exited with code 3";
  Response response;
  if (request.verb == Request::Verb::kOverview) {
    response.kind = Response::Kind::kOverview;
    response.overview.services = {Web(), api};
    return {Answer(response)};
  }
  if (request.verb != Request::Verb::kInspect || request.service != "api") return Master(request);
  response.kind = Response::Kind::kInspect;
  response.inspect = api;
  return {Answer(response)};
}

TEST(RunQueries, CRASHLOOP_CheckTellsWhatIsNotWellAndExitsWith1) {
  FakeControlServer server(MasterInTrouble);
  for (const std::vector<std::string>& args : {std::vector<std::string>{"status", "--check"},
                                               {"status", "api", "--check"},
                                               {"status", "--check", "web", "api"}}) {
    const Captured run = RunWith(server, args);
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(run.out, "api: crashing, 1 of 2 workers serve: worker(1) exited with code 3\n");
    EXPECT_EQ(run.err, "");
  }
  const Captured well = RunWith(server, {"status", "--check", "web"});
  EXPECT_EQ(well.exit_code, 0);
  EXPECT_EQ(well.out, "");
  const Captured unknown = RunWith(server, {"status", "--check", "web", "wbe"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("wbe: there is no such service"));
}

TEST(RunQueries, CRASHLOOP_CheckAsJson) {
  FakeControlServer server(MasterInTrouble);
  const Captured run = RunWith(server, {"status", "--check", "--json"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out,
            "[{\"service\":\"web\",\"ok\":true,\"state\":\"running\",\"reason\":null},"
            "{\"service\":\"api\",\"ok\":false,\"state\":\"crashing\",\"reason\":\"api: crashing, 1 of 2 "
            "workers serve: "
            "worker(1) exited with code 3\"}]\n");
}

TEST(RunQueries, TOO_OLD_AMasterThatClosesWithoutAnAnswerIsNotCalledOld) {
  FakeControlServer server([](const Request&) { return std::vector<FakeStep>{Close()}; },
                           FakeControlServer::Hello::kClose);
  for (const std::vector<std::string>& args : {std::vector<std::string>{"status"}, {"status", "--check"}}) {
    const Captured run = RunWith(server, args);
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(run.err,
              "fectl: fectld closed the connection before it had answered: it has ended, or it has no room "
              "for another "
              "client (its log says so)\n");
  }
}

TEST(RunQueries, PidsAreOneALine) {
  FakeControlServer server(Master);
  EXPECT_EQ(RunWith(server, {"spid", "web"}).out, "12\n34\n");
  EXPECT_EQ(RunWith(server, {"spid", "web", "--json"}).out, "{\"service\":\"web\",\"pids\":[12,34]}\n");
  EXPECT_EQ(RunWith(server, {"pid"}).out, "4711\n");
  EXPECT_EQ(RunWith(server, {"pid", "--json"}).out, "{\"pid\":4711}\n");
}

TEST(RunQueries, Versions) {
  FakeControlServer server(Master);
  EXPECT_EQ(RunWith(server, {"version"}).out, std::string(proto::kServerName) + "\n");
  const Captured same = RunWith(server, {"version-check"});
  EXPECT_EQ(same.exit_code, 0);
  EXPECT_EQ(same.out, "both are " + std::string(proto::kServerName) + "\n");
  EXPECT_THAT(RunWith(server, {"version-check", "--json"}).out, HasSubstr("\"match\":true"));
}

TEST(RunQueries, VersionsMayDiffer) {
  FakeControlServer server([](const Request&) -> std::vector<FakeStep> {
    return {Answer(Response::Kind::kVersion, "fectl 0.1.0")};
  });
  const Captured run = RunWith(server, {"version-check"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err, "fectl: versions differ: this program is " + std::string(proto::kServerName) +
                         ", the fectld which is running is fectl 0.1.0\n");
  const Captured json = RunWith(server, {"version-check", "--json"});
  EXPECT_EQ(json.exit_code, 1);
  EXPECT_THAT(json.out, HasSubstr("\"server\":\"fectl 0.1.0\",\"match\":false"));
}

TEST(RunQueries, Ping) {
  FakeControlServer server(Master);
  const Captured run = RunWith(server, {"ping"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out, "pong\n");
  EXPECT_THAT(RunWith(server, {"ping", "--json"}).out,
              MatchesRegex("\\{\"ok\":true,\"seconds\":[0-9.]+\\}\n"));
}

TEST(RunQueries, WhatIsNoFectldIsSaidToBeNone) {
  FakeControlServer server([](const Request&) -> std::vector<FakeStep> {
    return {Bytes("HTTP/1.1 400 Bad Request\r\n\r\n" + std::string(20000, ' '))};
  });
  const Captured run = RunWith(server, {"ping"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, StartsWith("fectl: what listens there does not talk like fectld"));
  EXPECT_THAT(run.err, Not(HasSubstr("\r")));
}

TEST(RunQueries, TheMastersErrorIsShown) {
  FakeControlServer server([](const Request&) -> std::vector<FakeStep> {
    return {Answer(Response::Kind::kError, "out of \033memory")};
  });
  const Captured run = RunWith(server, {"status", "--json"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "{\"ok\":false,\"exit_code\":1,\"reason\":\"out of \\u001bmemory\"}\n");
  EXPECT_EQ(run.err, "fectl: out of \\x1bmemory\n");
}

TEST(RunQueries, ManyServicesNeedALongFrame) {
  FakeControlServer server([](const Request&) -> std::vector<FakeStep> {
    Response overview;
    overview.kind = Response::Kind::kOverview;
    for (int i = 0; i < 2000; ++i) {
      overview.overview.services.push_back(Web());
      overview.overview.services.back().cause = std::string(100, 'x');
    }
    return {Answer(overview)};
  });
  const Captured run = RunWith(server, {"status"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(std::count(run.out.begin(), run.out.end(), '\n'), 2001);
}

}  // namespace
}  // namespace fectl::client
