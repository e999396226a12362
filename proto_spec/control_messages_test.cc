#include "proto_spec/control_messages.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::proto {
namespace {

using ::testing::HasSubstr;

using Verb = Request::Verb;
using Kind = Response::Kind;

constexpr int kVerbCount = static_cast<int>(Verb::kInspect) + 1;
constexpr int kKindCount = static_cast<int>(Kind::kError) + 1;

TEST(RequestTest, EveryVerbSurvivesTheWire) {
  for (int i = 0; i < kVerbCount; ++i) {
    Request request{.verb = static_cast<Verb>(i), .service = "", .version = 0};
    if (TakesService(request.verb)) request.service = "we\"b";
    if (request.verb == Verb::kHello) request.version = 2;
    const absl::StatusOr<Request> decoded = DecodeRequest(EncodeRequest(request));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, request);
  }
}

TEST(RequestTest, SaysWhatIsWrong) {
  const auto error = [](std::string_view payload) {
    return std::string(DecodeRequest(payload).status().message());
  };
  EXPECT_EQ(error(R"({"cmd":"Status"})"),
            "the data must be a service's name: \"{\\\"cmd\\\":\\\"Status\\\"}\"");
  EXPECT_THAT(error(R"({"cmd":"Start","data":["web"]})"), HasSubstr("must be a service's name"));
  EXPECT_THAT(error(R"({"cmd":"Ping","data":"web"})"), HasSubstr("no data"));
  for (std::string_view data : {"null", "2", "[]", "{}", R"({"version":"2"})", R"({"version":0})",
                                R"({"version":2.5})", R"({"version":2,"pid":"1"})"}) {
    EXPECT_THAT(error("{\"cmd\":\"Hello\",\"data\":" + std::string(data) + "}"), HasSubstr("with a version"));
  }
  EXPECT_EQ(error(R"({"cmd":"Dance"})"),
            "unknown request (version 3 is spoken here): \"{\\\"cmd\\\":\\\"Dance\\\"}\"");
}

TEST(RequestTest, UnknownRequestsDifferFromBrokenOnes) {
  EXPECT_EQ(DecodeRequest(R"({"cmd":"ping"})").status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(DecodeRequest(R"({"cmd":1})").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(RequestTest, ALaterVersionIsARequestLikeAnyOther) {
  EXPECT_EQ(DecodeRequest(R"({"cmd":"Hello","data":{"version":7,"client":"x"}})")->version, 7);
}

TEST(ResponseTest, ARefusalForLackOfARoleIsOneThatTheBaseLevelKnows) {
  const Response refused{.kind = Kind::kErrorNotPermitted, .text = "user 1 may not"};
  EXPECT_EQ(EncodeResponse(refused, Level::kBase), R"({"cmd":"ErrorNotReady"})");
  EXPECT_EQ(EncodeResponse(refused, Level::kTwo),
            R"({"cmd":"ErrorNotPermitted","data":{"reason":"user 1 may not"}})");
  EXPECT_TRUE(IsFailure(Kind::kErrorNotPermitted));
}

TEST(ResponseTest, EveryKindSurvivesTheWire) {
  for (int i = 0; i < kKindCount; ++i) {
    Response response;
    response.kind = static_cast<Kind>(i);
    if (response.kind == Kind::kPid || response.kind == Kind::kVersion) response.text = "17";
    const absl::StatusOr<Response> decoded = [&] {
      if (response.kind == Kind::kHello) response.version = 2;
      return DecodeResponse(EncodeResponse(response, Level::kTwo));
    }();
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, response) << WireWord(response.kind);
  }
}

TEST(ResponseTest, ContentSurvivesTheWire) {
  std::vector<Response> responses(6);
  responses[0].kind = Kind::kServiceWorkerPids;
  responses[0].pids = {"1", "22"};
  responses[1].kind = Kind::kServiceStatus;
  responses[1].status = {BaseServiceState::kPaused, {{1, {{BaseState::kPaused, {}, 5, 6}}}}};
  responses[2].kind = Kind::kHello;
  responses[2].text = "fectl 9";
  responses[2].version = 2;
  responses[2].pid = 77;
  responses[3].kind = Kind::kOverview;
  responses[3].overview = {.pid = 3, .version = "9", .uptime_s = 1.5, .services = {{.name = "web"}}};
  responses[4].kind = Kind::kInspect;
  responses[4].inspect.name = "web";
  responses[5].kind = Kind::kError;
  responses[5].text = "no such request";
  for (const Response& response : responses) {
    const absl::StatusOr<Response> decoded = DecodeResponse(EncodeResponse(response, Level::kTwo));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, response);
  }
}

TEST(ResponseTest, WordsGoToLevel2Only) {
  Response response;
  response.kind = Kind::kServiceFailed;
  response.text = "worker 1: exit code 3";
  EXPECT_EQ(EncodeResponse(response, Level::kBase), R"({"cmd":"ServiceFailed"})");
  EXPECT_EQ(EncodeResponse(response, Level::kTwo),
            R"({"cmd":"ServiceFailed","data":{"reason":"worker 1: exit code 3"}})");
  response.text.clear();
  EXPECT_EQ(EncodeResponse(response, Level::kTwo), R"({"cmd":"ServiceFailed"})");
}

TEST(ResponseTest, AtTheBaseLevelEverythingFitsOneFrame) {
  Response status;
  status.kind = Kind::kServiceStatus;
  Response pids;
  pids.kind = Kind::kServiceWorkerPids;
  for (int worker = 1; worker <= 20000; ++worker) {
    pids.pids.push_back(std::to_string(4'000'000 + worker));
    status.status.workers.push_back({.index = worker, .events = {{}, {}}});
  }
  for (const Response& response : {status, pids}) {
    const std::string base = EncodeResponse(response, Level::kBase);
    std::string frame;
    EXPECT_TRUE(AppendFrame(base, Level::kBase, &frame).ok());
    EXPECT_GT(base.size(), 65400u) << "uses the room there is";
    EXPECT_TRUE(DecodeResponse(base).ok());
    const absl::StatusOr<Response> whole = DecodeResponse(EncodeResponse(response, Level::kTwo));
    ASSERT_TRUE(whole.ok());
    EXPECT_EQ(*whole, response);
  }
}

TEST(ResponseTest, RefusesDataOfTheWrongType) {
  for (std::string_view payload :
       {R"({"cmd":"Pong","data":1})", R"({"cmd":"Pid","data":17})", R"({"cmd":"Version"})",
        R"({"cmd":"Done","data":"x"})", R"({"cmd":"ServiceFailed","data":{"reason":1}})",
        R"({"cmd":"ServiceStatus"})", R"({"cmd":"ServiceWorkerPids","data":[1]})", R"({"cmd":"Hello"})",
        R"({"cmd":"Overview"})", R"({"cmd":"Inspect","data":[]})", R"({"cmd":"Error","data":"x"})"}) {
    const absl::Status status = DecodeResponse(payload).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << payload;
    EXPECT_THAT(std::string(status.message()), HasSubstr("\\\"cmd\\\"")) << "quotes what came";
  }
  EXPECT_EQ(DecodeResponse(R"({"cmd":"Ping"})").status().code(), absl::StatusCode::kUnimplemented);
}

TEST(ResponseTest, MessageThatIsEncodedOnceIsTheSameForEachSubscription) {
  for (const std::string json : {"1", "{\"id\":0}"}) {
    MessageRecord record{.id = 5, .service = "\"id\":", .worker = 2, .pid = 7, .json = json};
    const EncodedMessage encoded(record);
    for (const int id : {0, 1, 123456}) {
      record.id = id;
      EXPECT_EQ(encoded.PayloadFor(id),
                EncodeResponse({.kind = Kind::kMessage, .detail = record}, Level::kThree));
    }
  }
}

TEST(ResponseTest, FailuresAreKnownAsSuch) {
  EXPECT_TRUE(IsFailure(Kind::kServiceFailed));
  EXPECT_TRUE(IsFailure(Kind::kErrorUnknownService));
  EXPECT_TRUE(IsFailure(Kind::kError));
  EXPECT_FALSE(IsFailure(Kind::kServiceStopped));
  EXPECT_FALSE(IsFailure(Kind::kDone));
}

}  // namespace
}  // namespace fectl::proto
