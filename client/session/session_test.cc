#include "client/session/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "client/testing/fake_control_server.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;
using testing::ElementsAre;

std::vector<FakeStep> Services(const Request& request) {
  if (request.verb == Request::Verb::kPing) return {Answer(Response::Kind::kPong)};
  Response overview;
  overview.kind = Response::Kind::kOverview;
  overview.overview.services.resize(2);
  overview.overview.services[0].name = "web";
  overview.overview.services[1].name = "api";
  return {Answer(Response::Kind::kPong), Answer(overview)};
}

TEST(Session, SpeaksTheNewestLevelAfterHello) {
  FakeControlServer server(Services);
  absl::StatusOr<Session> session = Session::Open(server.path(), {}, Session::Hello::kAsk);
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(session->level(), proto::Level::kThree);
  EXPECT_EQ(session->master_pid(), 4711);
  EXPECT_THAT(session->ServiceNames().value(), ElementsAre("web", "api"));
  EXPECT_EQ(server.connections(), 1u);
}

TEST(Session, ARefusalIsNotTakenForAMasterWithoutServices) {
  for (const auto& [kind, words] : std::vector<std::pair<Response::Kind, std::string>>{
           {Response::Kind::kErrorNotReady, "fectld answered ErrorNotReady"},
           {Response::Kind::kErrorNotPermitted, "not permitted: fectld refused it"}}) {
    FakeControlServer server([kind = kind](const Request&) { return std::vector<FakeStep>{Answer(kind)}; });
    absl::StatusOr<Session> session = Session::Open(server.path(), {}, Session::Hello::kAsk);
    ASSERT_TRUE(session.ok()) << session.status();
    EXPECT_EQ(session->ServiceNames().status().message(), words);
  }
}

TEST(Session, GoesBackToTheBaseLevelOfAnOldMaster) {
  FakeControlServer server(Services, FakeControlServer::Hello::kClose);
  absl::StatusOr<Session> session = Session::Open(server.path(), {}, Session::Hello::kAsk);
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(session->level(), proto::Level::kBase);
  EXPECT_EQ(session->Ask({.verb = Request::Verb::kPing, .service = ""})->kind, Response::Kind::kPong);
  EXPECT_EQ(server.connections(), 2u);
  // Hello is said again before anybody is called too old.
  EXPECT_TRUE(absl::IsFailedPrecondition(session->ServiceNames().status()));
  EXPECT_EQ(server.connections(), 3u);
}

TEST(Session, TOO_OLD_AMasterThatClosesWithoutAnAnswerIsNotCalledOld) {
  FakeControlServer server([](const Request&) { return std::vector<FakeStep>{Close()}; },
                           FakeControlServer::Hello::kClose);
  absl::StatusOr<Session> session = Session::Open(server.path(), {}, Session::Hello::kAsk);
  ASSERT_TRUE(session.ok()) << session.status();
  const absl::Status listed = session->ServiceNames().status();
  EXPECT_TRUE(absl::IsAborted(listed)) << listed;
  EXPECT_EQ(listed.message(),
            "fectld closed the connection before it had answered: it has ended, or it has no room for "
            "another client "
            "(its log says so)");
}

TEST(Session, NeedsNoHelloForTheBaseLevel) {
  FakeControlServer server(Services, FakeControlServer::Hello::kClose);
  absl::StatusOr<Session> session = Session::Open(server.path(), {}, Session::Hello::kBase);
  ASSERT_TRUE(session.ok());
  EXPECT_TRUE(session->Ask({.verb = Request::Verb::kPing, .service = ""}).ok());
  EXPECT_EQ(server.connections(), 1u);
}

TEST(Session, OpensMoreChannelsAtTheSameLevel) {
  for (const auto hello : {FakeControlServer::Hello::kAnswer, FakeControlServer::Hello::kClose}) {
    FakeControlServer server(Services, hello);
    absl::StatusOr<Session> session = Session::Open(server.path(), {}, Session::Hello::kAsk);
    ASSERT_TRUE(session.ok());
    absl::StatusOr<std::unique_ptr<Channel>> channel = session->NewChannel();
    ASSERT_TRUE(channel.ok());
    ASSERT_TRUE((*channel)->dialogue().Ask({.verb = Request::Verb::kPing, .service = ""}).ok());
    const absl::StatusOr<Response> answer = AwaitAnswer(**channel, nullptr, "");
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->kind, Response::Kind::kPong);
  }
}

TEST(Session, NoticesSilence) {
  FakeControlServer server([](const Request&) { return std::vector<FakeStep>(); });
  absl::StatusOr<Session> session = Session::Open(server.path(), {.silence_ms = 50}, Session::Hello::kAsk);
  ASSERT_TRUE(session.ok()) << session.status();
  const absl::Status status = session->Ask({.verb = Request::Verb::kStop, .service = "web"}).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
}

TEST(Session, NoticesTheEnd) {
  FakeControlServer server([](const Request&) { return std::vector<FakeStep>{Close()}; });
  absl::StatusOr<Session> session = Session::Open(server.path(), {}, Session::Hello::kAsk);
  ASSERT_TRUE(session.ok());
  EXPECT_TRUE(absl::IsAborted(session->Ask({.verb = Request::Verb::kStop, .service = "web"}).status()));
}

TEST(Session, SpeaksTheLowerVersionWithAMasterOfALaterOne) {
  FakeControlServer server(
      [](const Request&) { return std::vector<FakeStep>{Answer(Response::Kind::kPong)}; },
      FakeControlServer::Hello::kAnswer, proto::kControlVersion + 1);
  absl::StatusOr<Session> session = Session::Open(server.path(), {}, Session::Hello::kAsk);
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(session->level(), proto::AgreedLevel(proto::kControlVersion));
  EXPECT_TRUE(session->Ask({.verb = Request::Verb::kPing, .service = ""}).ok());
}

TEST(Session, SpeaksLevel2WithAMasterThatSpeaksNoMore) {
  FakeControlServer server(
      [](const Request&) { return std::vector<FakeStep>{Answer(Response::Kind::kPong)}; },
      FakeControlServer::Hello::kAnswer, 2);
  absl::StatusOr<Session> session = Session::Open(server.path(), {}, Session::Hello::kAsk);
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(session->level(), proto::Level::kTwo);
  EXPECT_EQ(session->master_pid(), 4711);
}

TEST(Session, TheMasterMayDieBetweenHelloAndTheSecondTry) {
  // Nobody is left to answer: what the caller learns is that there is no master.
  auto server =
      std::make_unique<FakeControlServer>([](const Request&) { return std::vector<FakeStep>{Die()}; });
  absl::StatusOr<Session> session = Session::Open(server->path(), {}, Session::Hello::kAsk);
  ASSERT_TRUE(session.ok());
  EXPECT_FALSE(session->Ask({.verb = Request::Verb::kQuit, .service = ""}).ok());
  EXPECT_TRUE(absl::IsUnavailable(session->NewChannel().status()));
}

std::string SaidOfARefusal(const std::string& text) {
  const absl::Status status = NotPermitted({.kind = proto::Response::Kind::kErrorNotPermitted, .text = text});
  EXPECT_TRUE(absl::IsPermissionDenied(status));
  return std::string(status.message());
}

TEST(NotPermitted, NamesWhoAsked) {
  const std::string number = std::to_string(geteuid());
  const passwd* const user = getpwuid(geteuid());
  const std::string name = user == nullptr ? number : user->pw_name;
  EXPECT_EQ(SaidOfARefusal("user " + number + " may observe but not operate"),
            "not permitted: user " + name + " may observe but not operate");
}

TEST(NotPermitted, LeavesWordsAloneThatSaySomethingElse) {
  EXPECT_EQ(SaidOfARefusal("user 4294967290 may not"), "not permitted: user 4294967290 may not");
  EXPECT_EQ(SaidOfARefusal(""), "not permitted: fectld refused it");
}

}  // namespace
}  // namespace fectl::client
