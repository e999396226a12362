#include "client/messages/run_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "client/testing/captured_run.h"
#include "client/testing/fake_control_server.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;
using testing::HasSubstr;

constexpr auto kAnswerHello = FakeControlServer::Hello::kAnswer;

Response Sent(int taken, int refused) {
  return {.kind = Response::Kind::kSent, .detail = proto::SentCounts{taken, refused}};
}

Captured Fectl(FakeControlServer& server, std::vector<std::string> args) {
  args.insert(args.begin(), {"--sock", server.path()});
  return RunCaptured(args);
}

TEST(RunSend, SendsToAllOrToOne) {
  FakeControlServer server([](const Request&) { return std::vector<FakeStep>{Answer(Sent(2, 0))}; });
  const Captured all = Fectl(server, {"send", "web", "{\"a\": 1}"});
  EXPECT_EQ(all.exit_code, 0) << all.err;
  EXPECT_EQ(all.out, "web: 2 workers took it\n");
  Fectl(server, {"send", "web/2", "[]"});
  ASSERT_EQ(server.requests().size(), 2U);
  EXPECT_EQ(server.requests()[0].service, "web");
  EXPECT_EQ(server.requests()[0].arguments, proto::RequestDetail(proto::MessageToSend{0, "{\"a\": 1}"}));
  EXPECT_EQ(server.requests()[1].arguments, proto::RequestDetail(proto::MessageToSend{2, "[]"}));
}

TEST(RunSend, WorkersThatCouldNotTakeItAreAFailure) {
  FakeControlServer server([](const Request&) { return std::vector<FakeStep>{Answer(Sent(1, 1))}; });
  const Captured run = Fectl(server, {"send", "web", "1"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "web: 1 worker took it\n");
  EXPECT_THAT(run.err, HasSubstr("web: 1 worker could not take it"));
  EXPECT_EQ(Fectl(server, {"--json", "send", "web", "1"}).out,
            "{\"service\":\"web\",\"ok\":false,\"taken\":1,\"refused\":1}\n");
}

TEST(RunSend, WhatIsNoMessageIsWrongUsage) {
  for (const char* target : {"web/", "web/0", "web/x", "web/1/2", "/1", "web/-1"}) {
    EXPECT_EQ(RunCaptured({"--sock", "/nowhere", "send", target, "1"}).exit_code, 2) << target;
  }
  EXPECT_EQ(RunCaptured({"--sock", "/nowhere", "send", "web", "{"}).exit_code, 2);
  EXPECT_EQ(RunCaptured({"--sock", "/nowhere", "send", "web", "1"}).exit_code, 3);
}

// Each byte of it takes two on the wire.
TEST(RunSend, AMessageMayNeedALongFrame) {
  FakeControlServer server([](const Request&) { return std::vector<FakeStep>{Answer(Sent(1, 0))}; });
  std::string json = "\"";
  for (int i = 0; i < 30'000; ++i) json += "\\\\";
  json += "\"";
  EXPECT_EQ(Fectl(server, {"send", "web", json}).exit_code, 0);
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].arguments, proto::RequestDetail(proto::MessageToSend{0, json}));
}

TEST(RunMessages, AMasterOfAnEarlierLevelIsTooOld) {
  FakeControlServer server([](const Request&) { return std::vector<FakeStep>{}; }, kAnswerHello, 2);
  for (const auto& args : std::vector<std::vector<std::string>>{{"send", "web", "1"}, {"listen", "web"}}) {
    const Captured run = Fectl(server, args);
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(run.err, "fectl: this fectld is too old to pass on messages\n");
  }
}

TEST(RunListen, PrintsMessagesAndGapsUntilTheEnd) {
  const Response subscribed{.kind = Response::Kind::kSubscribed, .detail = proto::SubscriptionId{1}};
  const Response message{.kind = Response::Kind::kMessage,
                         .detail = proto::MessageRecord{1, "web", 2, 4711, "{\n\t\"a\": \"\\n\"}"}};
  const Response gap{.kind = Response::Kind::kGap, .detail = proto::GapRecord{1, 3}};
  const Response ended{
      .kind = Response::Kind::kEnded, .text = "fectld ends", .detail = proto::SubscriptionId{1}};
  FakeControlServer server([&](const Request&) {
    return std::vector<FakeStep>{Answer(subscribed), Answer(message), Answer(Response::Kind::kPong),
                                 Answer(gap), Answer(ended)};
  });
  const Captured run = Fectl(server, {"listen", "web"});
  EXPECT_EQ(run.out,
            "{\"service\":\"web\",\"worker\":2,\"pid\":4711,\"message\":{  \"a\": \"\\n\"}}\n"
            "{\"service\":\"web\",\"lost\":3}\n");
  EXPECT_EQ(run.err, "fectl: listening to web; Ctrl-C ends it\nfectl: fectld ends\n");
  EXPECT_EQ(run.exit_code, 3);
}

TEST(RunListen, RefusalsAreTold) {
  FakeControlServer server(
      [](const Request&) { return std::vector<FakeStep>{Answer(Response::Kind::kErrorUnknownService)}; });
  const Captured run = Fectl(server, {"listen", "web"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("web: there is no such service"));
}

}  // namespace
}  // namespace fectl::client
