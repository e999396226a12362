#include "client/run_quit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/testing/captured_run.h"
#include "client/testing/fake_control_server.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;
using testing::HasSubstr;
using testing::MatchesRegex;

Captured Quit(std::vector<FakeStep> steps, std::vector<std::string> more = {},
              FakeControlServer::Hello hello = FakeControlServer::Hello::kAnswer) {
  FakeControlServer server([&](const Request&) { return steps; }, hello);
  more.insert(more.begin(), {"--sock", server.path(), "quit"});
  return RunCaptured(more);
}

TEST(RunQuit, WaitsUntilTheMasterHasGone) {
  const Captured run = Quit({Answer(Response::Kind::kDone), Answer(Response::Kind::kPong), Die()});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, MatchesRegex("fectld has ended \\([0-9.]+ m?s\\)\n"));
}

TEST(RunQuit, AnEndWithoutDoneIsAnEndToo) {
  EXPECT_EQ(Quit({Die()}).exit_code, 0);
}

TEST(RunQuit, QUIT_LIES_AClosedConnectionIsNoEnd) {
  const Captured run = Quit({Close()});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err,
            "fectl: fectld closed the connection without an answer, and it is still there: it has no room "
            "for another "
            "client (its log says so); nothing was stopped\n");
}

TEST(RunQuit, WorksWithAnOldMaster) {
  EXPECT_EQ(Quit({Answer(Response::Kind::kDone), Die()}, {}, FakeControlServer::Hello::kClose).exit_code, 0);
}

TEST(RunQuit, TimeoutBoundsTheWaiting) {
  const Captured run = Quit({Answer(Response::Kind::kDone)}, {"--timeout", "0.1"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "fectl: no answer within 100 ms; what was begun goes on in fectld\n");
}

TEST(RunQuit, TellsARefusal) {
  const Captured run = Quit({Answer(Response::Kind::kErrorNotReady)});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "fectl: quit refused: fectld is not ready\n");
}

TEST(RunQuit, Json) {
  EXPECT_THAT(Quit({Answer(Response::Kind::kDone), Die()}, {"--json"}).out,
              HasSubstr("{\"ok\":true,\"seconds\":"));
}

}  // namespace
}  // namespace fectl::client
