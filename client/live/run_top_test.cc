#include "client/live/run_top.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "client/testing/captured_run.h"
#include "client/testing/fake_control_server.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;
using testing::HasSubstr;

std::vector<FakeStep> Workers(const Request& request) {
  EXPECT_EQ(request.verb, Request::Verb::kWorkers);
  proto::WorkerView worker{.index = 1, .state = "running", .pid = getpid(), .uptime_s = 5};
  worker.gauges = {{"http.active", 2}};
  worker.beat_age_s = 0.5;
  Response response{.kind = Response::Kind::kOverview};
  response.overview = {.pid = 4711, .version = "1.0.0", .uptime_s = 5};
  response.overview.services = {
      {.name = "web", .state = "running", .num = 1, .ready = 1, .workers = {worker}}};
  return {Answer(response)};
}

// The fake's pid is not that of the process at the other end of the socket, as in another pid namespace.
TEST(RunTop, IsShownOnceInAPipeAndLooksAtNoStrangers) {
  FakeControlServer server(Workers);
  const Captured run = RunCaptured({"--sock", server.path(), "top"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(server.requests().size(), 2U);
  EXPECT_THAT(run.out, HasSubstr("fectld 1.0.0, pid 4711, up 5s: 1 service, 1/1 workers serve"));
  EXPECT_THAT(run.out, testing::ContainsRegex("web +1 +[0-9]+ +running +5s +- +- +0[.]5s +2 +0 +-\n"));
}

TEST(RunTop, GivesJson) {
  FakeControlServer server(Workers);
  const Captured run = RunCaptured({"--sock", server.path(), "top", "--json", "--sort", "memory"});
  EXPECT_THAT(run.out,
              HasSubstr("\"cpu_percent\":null,\"memory_bytes\":null,\"beat_age_s\":0.500,\"open\":2"));
}

TEST(RunTop, RefusalsAreTold) {
  FakeControlServer server([](const Request&) {
    return std::vector<FakeStep>{Answer(Response::Kind::kErrorNotPermitted, "user 5 may nothing")};
  });
  const Captured run = RunCaptured({"--sock", server.path(), "top"});
  EXPECT_EQ(run.exit_code, 4);
  EXPECT_EQ(RunCaptured({"--sock", server.path(), "top", "--sort", "beauty"}).exit_code, 2);
}

TEST(RunTop, AnOldMasterCannotTell) {
  FakeControlServer server(Workers, FakeControlServer::Hello::kAnswer, 2);
  EXPECT_THAT(RunCaptured({"--sock", server.path(), "top"}).err, HasSubstr("too old to tell of all workers"));
}

}  // namespace
}  // namespace fectl::client
