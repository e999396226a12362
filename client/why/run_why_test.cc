#include "client/why/run_why.h"

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

FakeStep Why() {
  return Answer(Response{.kind = Response::Kind::kWhy,
                         .detail = proto::WhyView{.service = "web", .what = "web runs."}});
}

Captured Fectl(FakeControlServer& server, const std::string& target) {
  return RunCaptured({"--sock", server.path(), "why", target});
}

TEST(RunWhy, AsksAboutAServiceOrOneWorker) {
  FakeControlServer server([](const Request&) { return std::vector<FakeStep>{Why()}; });
  const Captured run = Fectl(server, "web");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "web runs.\n");
  Fectl(server, "web/2");
  Fectl(server, "web[3]");
  ASSERT_EQ(server.requests().size(), 3U);
  for (int i = 0; i < 3; ++i) {
    const Request request = server.requests()[static_cast<size_t>(i)];
    EXPECT_EQ(request.service, "web");
    EXPECT_EQ(request.arguments, proto::RequestDetail(proto::WorkerNumber{i == 0 ? 0 : i + 1}));
  }
}

TEST(RunWhy, TellsWhatIsWrong) {
  FakeControlServer server([](const Request& request) {
    return std::vector<FakeStep>{request.service == "web"
                                     ? Answer(Response::Kind::kError, "there is no worker 9 of web")
                                     : Answer(Response::Kind::kErrorUnknownService)};
  });
  EXPECT_EQ(Fectl(server, "web/9").err, "fectl: there is no worker 9 of web\n");
  const Captured run = Fectl(server, "wob");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("wob: there is no such service"));
  EXPECT_EQ(Fectl(server, "web/0").exit_code, 2);
}

TEST(RunWhy, AnOldMasterCannotTell) {
  FakeControlServer server([](const Request&) { return std::vector<FakeStep>{}; },
                           FakeControlServer::Hello::kAnswer, 2);
  EXPECT_THAT(Fectl(server, "web").err, HasSubstr("too old to explain itself"));
}

}  // namespace
}  // namespace fectl::client
