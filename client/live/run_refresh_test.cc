#include "client/live/run_refresh.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/testing/captured_run.h"
#include "client/testing/fake_control_server.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;
using testing::HasSubstr;

TEST(WithoutTimes, LeavesEverythingElse) {
  EXPECT_EQ(WithoutTimes("{\"uptime_s\":12.5,\"num\":2,\"leaving_s\":1e-3}"),
            "{\"uptime_s\":,\"num\":2,\"leaving_s\":}");
  // Text that looks like one is none.
  EXPECT_EQ(WithoutTimes("{\"cause\":\"x_s\\\":5\"}"), "{\"cause\":\"x_s\\\":5\"}");
  EXPECT_EQ(WithoutTimes("\"a_s\":"), "\"a_s\":");
}

// It is shown when it changes, until it cannot be shown any more.
TEST(RunRefresh, ShowsChangesAndTheLastReason) {
  int asked = 0;
  FakeControlServer server([&asked](const Request&) {
    if (++asked > 12)
      return std::vector<FakeStep>{Answer(Response::Kind::kErrorNotPermitted, "user 5 may nothing")};
    Response response{.kind = Response::Kind::kOverview};
    response.overview.uptime_s = asked;
    response.overview.services = {
        {.name = "web", .state = asked < 6 ? "starting" : "running", .uptime_s = 1.0 * asked}};
    return std::vector<FakeStep>{Answer(response)};
  });
  const Captured run = RunCaptured({"--sock", server.path(), "status", "-w", "--json"});
  EXPECT_EQ(run.exit_code, 4);
  EXPECT_THAT(run.err, HasSubstr("user 5 may nothing"));
  std::vector<std::string> states;
  for (size_t at = 0; (at = run.out.find("\"state\":\"", at)) != std::string::npos; ++at)
    states.push_back(run.out.substr(at + 9, run.out.find('"', at + 9) - at - 9));
  EXPECT_THAT(states, testing::ElementsAre("starting", "running"));
}

TEST(RunRefresh, WhatDoesNotBeginIsToldAsUsual) {
  const Captured run = RunCaptured({"--sock", "/nowhere/fectld.sock", "status", "-w"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("/nowhere/fectld.sock"));
}

TEST(RunRefresh, IsForStatusAlone) {
  EXPECT_EQ(RunCaptured({"--sock", "/nowhere/fectld.sock", "ping", "-w"}).exit_code, 2);
}

}  // namespace
}  // namespace fectl::client
