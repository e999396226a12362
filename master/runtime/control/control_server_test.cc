// The server and its clients over a real socket. The clients of the test are plain descriptors.

#include "master/runtime/control/control_server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "master/core/basis/time.h"
#include "master/runtime/control/test_control_server.h"
#include "master/runtime/limits.h"
#include "proto_spec/control_messages.h"
#include "proto_spec/frame.h"

namespace fectl::runtime {
namespace {

using Kind = proto::Response::Kind;

// Answers what it is told to, or keeps the request.
class FakeRequests : public ControlRequests {
 public:
  void OnRefused(const Peer& /*who*/, const std::string& /*request*/, uint64_t /*count*/) override {}
  void OnControlRequest(ClientId client, const Peer& /*who*/, const proto::Request& request) override {
    asked.push_back({client, request});
    if (answer.has_value()) server->Answer(client, *answer);
  }
  ControlServer* server = nullptr;
  std::optional<proto::Response> answer;
  std::vector<std::pair<ClientId, proto::Request>> asked;
};

using Client = TestControlClient;

class ControlServerTest : public ControlServerFixture<FakeRequests> {
 protected:
  void Pass(core::Span time) {
    now_ = now_ + time;
    Settle();
  }
};

TEST_F(ControlServerTest, EndsWithOpenClients) {
  Client idle(path_);
  Client waiting(path_);
  waiting.Ask(proto::Request::Verb::kStop, "a");
  Settle();
  EXPECT_EQ(server_->clients(), 2U);
  server_.reset();
  idle.Heard();
  EXPECT_TRUE(idle.ended());
  waiting.Heard();
  EXPECT_TRUE(waiting.ended());
}

TEST_F(ControlServerTest, AnswersAndGoesOn) {
  requests_.answer = proto::Response{.kind = Kind::kDone};
  Client client(path_);
  client.Ask(proto::Request::Verb::kPause, "web");
  client.Ask(proto::Request::Verb::kResume, "web");
  Settle();
  EXPECT_EQ(client.Heard(), (std::vector<Kind>{Kind::kDone, Kind::kDone}));
  ASSERT_EQ(requests_.asked.size(), 2U);
  EXPECT_EQ(requests_.asked[1].second.service, "web");
}

TEST_F(ControlServerTest, OneRequestAtATime) {
  Client client(path_);
  client.Ask(proto::Request::Verb::kStop, "a");
  client.Ask(proto::Request::Verb::kStart, "a");
  Settle();
  ASSERT_EQ(requests_.asked.size(), 1U);
  server_->Answer(requests_.asked[0].first, {.kind = Kind::kServiceStopped});
  Settle();
  ASSERT_EQ(requests_.asked.size(), 2U);
  EXPECT_EQ(client.Heard(), (std::vector<Kind>{Kind::kServiceStopped}));
}

TEST_F(ControlServerTest, WaitingClientHearsAPongEachSecond) {
  Client client(path_);
  client.Ask(proto::Request::Verb::kStop, "a");
  Settle();
  EXPECT_EQ(client.Heard(), (std::vector<Kind>{}));
  Pass(kPongInterval);
  Pass(kPongInterval);
  EXPECT_EQ(client.Heard(), (std::vector<Kind>{Kind::kPong, Kind::kPong}));
}

TEST_F(ControlServerTest, IdleClientOfTheBaseLevelHearsPongsAndOneOfLevelTwoDoesNot) {
  Client silent(path_);
  Settle();
  Pass(kPongInterval);
  Pass(kPongInterval);
  EXPECT_EQ(silent.Heard(), (std::vector<Kind>{Kind::kPong, Kind::kPong}));
  Client level_two(path_);
  requests_.answer = proto::Response{.kind = Kind::kHello, .version = 2};
  level_two.Ask(proto::Request::Verb::kHello, "", 2);
  Settle();
  Pass(kPongInterval);
  Pass(kPongInterval);
  EXPECT_EQ(level_two.Heard(), (std::vector<Kind>{Kind::kHello}));
}

TEST_F(ControlServerTest, AHelloThatNamesALaterVersionIsSpokenToAtOurs) {
  Client client(path_);
  requests_.answer = proto::Response{.kind = Kind::kHello, .version = proto::kControlVersion};
  client.Ask(proto::Request::Verb::kHello, "", proto::kControlVersion + 1);
  Settle();
  requests_.answer = proto::Response{.kind = Kind::kOverview};
  client.Ask(proto::Request::Verb::kOverview);
  Settle();
  EXPECT_EQ(client.Heard(), (std::vector<Kind>{Kind::kHello, Kind::kOverview}));
}

proto::Response Hello(int version) {
  return {.kind = Kind::kHello, .version = version};
}

TEST_F(ControlServerTest, RecordsComeBesideAnswersAndOnlyForTheServiceThatWasAskedFor) {
  Client client(path_);
  requests_.answer = Hello(3);
  client.Ask(proto::Verb::kHello, "", 3);
  Settle();
  requests_.answer.reset();
  client.Ask(proto::Verb::kStop, "web");
  Settle();
  const ClientId id = requests_.asked.back().first;
  EXPECT_EQ(server_->LevelOf(id), proto::Level::kThree);
  server_->Answer(id, {.kind = Kind::kDone});
  server_->Subscribe(id, 7, "web");
  server_->Publish("jobs", {.service = "jobs", .json = "1"});
  server_->Publish("web", {.service = "web", .json = "1"});
  EXPECT_EQ(client.Heard(),
            (std::vector<Kind>{Kind::kHello, Kind::kDone, Kind::kSubscribed, Kind::kMessage}));
  Pass(kPongInterval);
  Pass(kPongInterval);
  EXPECT_EQ(client.Heard(), (std::vector<Kind>{Kind::kPong, Kind::kPong}))
      << "says that it lives while somebody listens";
  server_->EndSubscriptions("the end");
  server_->Publish("web", {.service = "web", .json = "1"});
  EXPECT_EQ(client.Heard(), (std::vector<Kind>{Kind::kEnded}));
}

TEST_F(ControlServerTest, WhoDoesNotReadRecordsIsKeptAndToldHowManyAreMissing) {
  Client client(path_);
  requests_.answer = Hello(3);
  client.Ask(proto::Verb::kHello, "", 3);
  client.Ask(proto::Verb::kPid);
  Settle();
  const ClientId id = requests_.asked.back().first;
  server_->Subscribe(id, 7, "web");
  const std::string large = "\"" + std::string(60'000, 'x') + "\"";
  for (int i = 0; i < 100; ++i) server_->Publish("web", {.service = "web", .json = large});
  EXPECT_LE(server_->held_bytes(), 2 * kRecordBytesMax);
  for (int i = 0; i < 30; ++i) Pass(kPongInterval);
  size_t messages = 0;
  std::vector<Kind> heard;
  while (heard.empty() || heard.back() != Kind::kGap) {
    for (const Kind kind : client.Heard()) {
      heard.push_back(kind);
      if (kind == Kind::kMessage) ++messages;
    }
    ASSERT_FALSE(client.ended());
    Settle();
  }
  EXPECT_GT(messages, 0U);
  EXPECT_LT(messages, 100U);
  server_->Publish("web", {.service = "web", .json = "1"});
  EXPECT_EQ(client.Heard(), (std::vector<Kind>{Kind::kMessage}));
}

// A record that is pushed meanwhile takes the place of the readiness for which the second request waited.
TEST_F(ControlServerTest, RequestBehindALargeAnswerIsHandedOverAlsoWhereARecordComesBetween) {
  Client client(path_);
  requests_.answer = Hello(3);
  client.Ask(proto::Verb::kHello, "", 3);
  Settle();
  const ClientId id = requests_.asked.back().first;
  server_->Subscribe(id, 7, "web");
  proto::Response large{.kind = Kind::kOverview};
  large.overview.services.resize(5'000);
  for (proto::ServiceView& service : large.overview.services) service.name = std::string(60, 'x');
  requests_.answer = large;
  client.Ask(proto::Verb::kOverview);
  client.Ask(proto::Verb::kPid);
  Settle();
  ASSERT_EQ(requests_.asked.size(), 2U) << "the second one waits until the answer is read";
  client.Heard();
  server_->Publish("web", {.service = "web", .json = "1"});
  for (int i = 0; i < 20; ++i) {
    client.Heard();
    Settle();
  }
  EXPECT_EQ(requests_.asked.size(), 3U);
}

TEST_F(ControlServerTest, ListenerThatDoesNotReadAnAnswerIsDropped) {
  Client client(path_);
  requests_.answer = Hello(3);
  client.Ask(proto::Verb::kHello, "", 3);
  Settle();
  server_->Subscribe(requests_.asked.back().first, 7, "web");
  proto::Response large{.kind = Kind::kOverview};
  large.overview.services.resize(20'000);
  for (proto::ServiceView& service : large.overview.services) service.name = std::string(60, 'x');
  requests_.answer = large;
  client.Ask(proto::Verb::kOverview);
  for (core::Span passed; passed < kClientStuckAfter + core::Seconds(3); passed = passed + kPongInterval)
    Pass(kPongInterval);
  EXPECT_EQ(server_->clients(), 0U);
}

TEST_F(ControlServerTest, ASubscriptionEndsWithItsConnection) {
  Client client(path_);
  requests_.answer = Hello(3);
  client.Ask(proto::Verb::kHello, "", 3);
  Settle();
  const ClientId id = requests_.asked.back().first;
  server_->Subscribe(id, 7, "web");
  client.Heard();
  client.Close();
  Settle();
  EXPECT_EQ(server_->clients(), 0U);
  server_->Publish("web", {.service = "web", .json = "1"});
  EXPECT_EQ(server_->held_bytes(), 0U);
}

TEST_F(ControlServerTest, HelloOfVersionOneStaysAtTheBaseLevel) {
  Client client(path_);
  requests_.answer = proto::Response{.kind = Kind::kHello, .version = 1};
  client.Ask(proto::Request::Verb::kHello, "", 1);
  Settle();
  Pass(kPongInterval);
  Pass(kPongInterval);
  EXPECT_EQ(client.Heard(), (std::vector<Kind>{Kind::kHello, Kind::kPong, Kind::kPong}));
}

TEST_F(ControlServerTest, FrameThatIsNeverFinishedEndsTheConnection) {
  Client client(path_);
  client.Send(std::string("\0\50{\"cmd\":", 9));
  Settle();
  for (core::Span passed; passed < kClientStuckAfter + core::Seconds(2); passed = passed + kPongInterval) {
    EXPECT_EQ(server_->clients(), passed < kClientStuckAfter ? 1U : server_->clients());
    Pass(kPongInterval);
  }
  EXPECT_EQ(server_->clients(), 0U);
}

// Also when nobody asks and nothing else wakes the loop.
TEST_F(ControlServerTest, F80_FileThatSomebodyRemovedIsMadeAnew) {
  requests_.answer = proto::Response{.kind = Kind::kPong};
  Pass(kSocketFileCheck);
  EXPECT_EQ(server_->next_deadline(), core::kNever);
  ASSERT_EQ(unlink(path_.c_str()), 0);
  Settle();
  ASSERT_LE(server_->next_deadline(), now_ + kSocketFileCheck);
  Pass(kSocketFileCheck);
  Pass(kSocketFileCheck);  // the end of the old file is heard, too
  EXPECT_EQ(server_->next_deadline(), core::kNever);
  Client client(path_);
  client.Ask(proto::Request::Verb::kPing);
  Settle();
  EXPECT_EQ(client.Heard(), (std::vector<Kind>{Kind::kPong}));
}

TEST_F(ControlServerTest, F80_AgainAndAgainAndWhenTheFolderComesBack) {
  const std::string moved = folder_ + ".moved";
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(unlink(path_.c_str()), 0);
    Pass(kSocketFileCheck);
    ASSERT_EQ(access(path_.c_str(), F_OK), 0) << i;
  }
  ASSERT_EQ(unlink(path_.c_str()), 0);
  ASSERT_EQ(rename(folder_.c_str(), moved.c_str()), 0);
  Pass(kSocketFileCheck);
  Pass(kSocketFileCheck);
  EXPECT_LE(server_->next_deadline(), now_ + kSocketFileCheck);
  ASSERT_EQ(rename(moved.c_str(), folder_.c_str()), 0);
  Pass(kSocketFileCheck);
  EXPECT_EQ(access(path_.c_str(), F_OK), 0);
  Pass(kSocketFileCheck);
  EXPECT_EQ(server_->next_deadline(), core::kNever);
}

TEST_F(ControlServerTest, GarbageEndsABaseClientAndTellsOneOfLevelTwo) {
  Client base(path_);
  base.Send(std::string("\0\2{]", 4));
  Settle();
  EXPECT_EQ(base.Heard(), (std::vector<Kind>{}));
  EXPECT_TRUE(base.ended());

  Client two(path_);
  requests_.answer = proto::Response{.kind = Kind::kHello, .version = 2};
  two.Ask(proto::Request::Verb::kHello, "", 2);
  two.Send(std::string("\0\2{]", 4));
  requests_.answer->kind = Kind::kHello;
  Settle();
  EXPECT_EQ(two.Heard(), (std::vector<Kind>{Kind::kHello, Kind::kError}));
  requests_.answer = proto::Response{.kind = Kind::kPong};
  two.Ask(proto::Request::Verb::kPing);
  Settle();
  EXPECT_EQ(two.Heard(), (std::vector<Kind>{Kind::kPong}));
}

TEST_F(ControlServerTest, LevelTwoIsUnknownToWhoDidNotSayHello) {
  for (const auto verb : {proto::Request::Verb::kOverview, proto::Request::Verb::kInspect}) {
    Client base(path_);
    base.Ask(verb, "web");
    Settle();
    EXPECT_TRUE(base.Heard().empty());
    EXPECT_TRUE(base.ended());
  }
  EXPECT_TRUE(requests_.asked.empty());
}

TEST_F(ControlServerTest, ClientThatAskedItsLastIsStillAnswered) {
  Client client(path_);
  client.Ask(proto::Request::Verb::kStop, "a");
  client.CloseForWriting();
  Settle();
  ASSERT_EQ(requests_.asked.size(), 1U);
  EXPECT_EQ(server_->clients(), 1U);
  server_->Answer(requests_.asked[0].first, {.kind = Kind::kServiceStopped});
  Settle();
  EXPECT_EQ(client.Heard(), (std::vector<Kind>{Kind::kServiceStopped}));
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(server_->clients(), 0U);
}

TEST_F(ControlServerTest, AnswerToAClientThatHasGoneIsDropped) {
  Client client(path_);
  client.Ask(proto::Request::Verb::kStop, "a");
  Settle();
  client.Close();
  Settle();
  EXPECT_EQ(server_->clients(), 0U);
  server_->Answer(requests_.asked[0].first, {.kind = Kind::kServiceStopped});
}

TEST_F(ControlServerTest, HalfARequestIsNoRequest) {
  Client client(path_);
  client.Send(std::string("\0\50{\"cmd\":", 9));
  Settle();
  client.Close();
  Settle();
  EXPECT_TRUE(requests_.asked.empty());
  EXPECT_EQ(server_->clients(), 0U);
}

TEST_F(ControlServerTest, ClientThatReadsNothingIsNotAskedForMoreAndDropped) {
  proto::Response big{.kind = Kind::kVersion};
  big.text = std::string(60'000, 'v');
  requests_.answer = big;
  Client client(path_);
  for (int i = 0; i < 100; ++i) client.Ask(proto::Request::Verb::kVersion);
  Settle();
  const size_t asked = requests_.asked.size();
  EXPECT_LT(asked, 20U);  // what fits into the kernel's buffer, and one answer here
  for (core::Span passed; passed < kClientStuckAfter + core::Seconds(2); passed = passed + kPongInterval) {
    Pass(kPongInterval);
  }
  EXPECT_EQ(requests_.asked.size(), asked);
  EXPECT_EQ(server_->clients(), 0U);
}

TEST_F(ControlServerTest, WhatIsHeldIsGivenBack) {
  requests_.answer = proto::Response{.kind = Kind::kHello, .version = 2};
  Client client(path_);
  client.Ask(proto::Request::Verb::kHello, "", 2);
  Settle();
  const size_t before = server_->held_bytes();
  // A request of half a mebibyte.
  requests_.answer = proto::Response{.kind = Kind::kPong};
  const std::string head = R"({"cmd":"Ping","x":")";
  const std::string payload = head + std::string((1U << 19) - head.size() - 2, 'x') + "\"}";
  std::string frame;
  ASSERT_TRUE(proto::AppendFrame(payload, proto::Level::kTwo, &frame).ok());
  size_t most = 0;
  for (size_t at = 0; at < frame.size(); at += 32768) {
    client.Send(std::string_view(frame).substr(at, 32768));
    Settle();
    most = std::max(most, server_->held_bytes());
  }
  EXPECT_GT(most, 1U << 18);
  EXPECT_EQ(client.Heard().back(), Kind::kPong);
  EXPECT_LE(server_->held_bytes(), before + 4096);
  client.Close();
  Settle();
  EXPECT_EQ(server_->held_bytes(), 0U);
}

TEST_F(ControlServerTest, ClientsForWhomMostIsHeldAreDroppedWhenAllTogetherHoldTooMuch) {
  requests_.answer = proto::Response{.kind = Kind::kHello, .version = 2};
  Client small(path_);
  small.Ask(proto::Request::Verb::kHello, "", 2);
  small.Send(std::string("\0\50{\"cmd\":", 9));
  Settle();
  // The beginning of a long frame of one mebibyte.
  const std::string begun = std::string("\0\0\0\20\0\0", 6) + std::string(32768 - 6, 'x');
  const std::string more(32768, 'x');
  std::vector<std::unique_ptr<Client>> clients;
  for (size_t i = 0; i * (1U << 20) < kClientsBytesMax + (size_t{20} << 20); ++i) {
    clients.push_back(std::make_unique<Client>(path_));
    clients.back()->Ask(proto::Request::Verb::kHello, "", 2);
    Settle();
    for (int part = 0; part < 31; ++part) {
      clients.back()->Heard();
      if (clients.back()->ended()) break;
      clients.back()->Send(part == 0 ? begun : more);
      Settle();
      EXPECT_LE(server_->held_bytes(), kClientsBytesMax);
    }
  }
  EXPECT_LT(server_->clients(), clients.size());
  EXPECT_GT(server_->clients(), clients.size() / 4);
  small.Heard();
  EXPECT_FALSE(small.ended());
}

TEST_F(ControlServerTest, ManyClientsAtOnce) {
  requests_.answer = proto::Response{.kind = Kind::kPong};
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<Client>(path_));
    clients.back()->Ask(proto::Request::Verb::kPing);
  }
  Settle();
  Settle();
  for (const auto& client : clients) EXPECT_EQ(client->Heard(), (std::vector<Kind>{Kind::kPong}));
}

}  // namespace
}  // namespace fectl::runtime
