#include "client/session/dialogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace fectl::client {
namespace {

using proto::Level;
using proto::Request;
using proto::Response;
using testing::HasSubstr;

std::string Frame(const Response& response, Level level = Level::kTwo) {
  std::string frame;
  EXPECT_TRUE(proto::AppendFrame(proto::EncodeResponse(response, level), level, &frame).ok());
  return frame;
}

std::string Frame(Response::Kind kind, std::string text = "") {
  Response response;
  response.kind = kind;
  response.text = std::move(text);
  return Frame(response);
}

std::string Hello() {
  Response hello;
  hello.kind = Response::Kind::kHello;
  hello.version = 2;
  hello.text = "fectl 1.0.0";
  hello.pid = 5;
  return Frame(hello);
}

// Takes the requests out of the bytes which are to be sent.
std::vector<Request> SentBy(Dialogue& dialogue) {
  proto::FrameReader reader(proto::kRequestBytesMax);
  reader.Append(dialogue.unsent());
  dialogue.Sent(dialogue.unsent().size());
  std::vector<Request> requests;
  while (true) {
    const auto payload = reader.Next();
    if (!payload.ok() || !payload->has_value()) return requests;
    requests.push_back(proto::DecodeRequest(**payload).value());
  }
}

TEST(Dialogue, AsksAndHears) {
  Dialogue dialogue;
  ASSERT_TRUE(dialogue.Ask({.verb = Request::Verb::kPid, .service = ""}).ok());
  const std::vector<Request> sent = SentBy(dialogue);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].verb, Request::Verb::kPid);
  EXPECT_EQ(dialogue.unanswered(), 1u);
  EXPECT_EQ(dialogue.TakeAnswer(), std::nullopt);
  ASSERT_TRUE(dialogue.Receive(Frame(Response::Kind::kPid, "12")).ok());
  EXPECT_EQ(dialogue.TakeAnswer()->text, "12");
  EXPECT_EQ(dialogue.TakeAnswer(), std::nullopt);
  EXPECT_EQ(dialogue.unanswered(), 0u);
}

TEST(Dialogue, HearsAnswersByteByByteAndGlued) {
  const std::string bytes = Frame(Response::Kind::kPong) + Frame(Response::Kind::kDone) +
                            Frame(Response::Kind::kPong) + Frame(Response::Kind::kVersion, "fectl 1.0.0");
  for (const size_t step : {size_t{1}, bytes.size()}) {
    Dialogue dialogue;
    ASSERT_TRUE(dialogue.Ask({.verb = Request::Verb::kPause, .service = "web"}).ok());
    ASSERT_TRUE(dialogue.Ask({.verb = Request::Verb::kVersion, .service = ""}).ok());
    for (size_t i = 0; i < bytes.size(); i += step) {
      ASSERT_TRUE(dialogue.Receive(std::string_view(bytes).substr(i, step)).ok());
    }
    EXPECT_EQ(dialogue.TakeAnswer()->kind, Response::Kind::kDone);
    EXPECT_EQ(dialogue.TakeAnswer()->kind, Response::Kind::kVersion);
  }
}

TEST(Dialogue, APongAnswersAPingAndNothingElse) {
  Dialogue dialogue;
  ASSERT_TRUE(dialogue.Receive(Frame(Response::Kind::kPong)).ok());
  EXPECT_EQ(dialogue.TakeAnswer(), std::nullopt);
  ASSERT_TRUE(dialogue.Ask({.verb = Request::Verb::kPing, .service = ""}).ok());
  ASSERT_TRUE(dialogue.Receive(Frame(Response::Kind::kPong)).ok());
  EXPECT_EQ(dialogue.TakeAnswer()->kind, Response::Kind::kPong);
}

TEST(Dialogue, AQuietHelloIsHeardByNobody) {
  Dialogue dialogue;
  dialogue.AskHello(true);
  ASSERT_TRUE(dialogue.Ask({.verb = Request::Verb::kReload, .service = "web"}).ok());
  EXPECT_EQ(SentBy(dialogue).size(), 2u);
  ASSERT_TRUE(dialogue.Receive(Hello() + Frame(Response::Kind::kServiceStarted)).ok());
  EXPECT_EQ(dialogue.TakeAnswer()->kind, Response::Kind::kServiceStarted);
}

TEST(Dialogue, AQuietHelloMustBeUnderstood) {
  Dialogue dialogue;
  dialogue.AskHello(true);
  EXPECT_TRUE(absl::IsDataLoss(dialogue.Receive(Frame(Response::Kind::kDone))));
}

TEST(Dialogue, LongFramesComeAfterHello) {
  Response overview;
  overview.kind = Response::Kind::kOverview;
  for (int i = 0; i < 1000; ++i) {
    overview.overview.services.emplace_back();
    overview.overview.services.back().name = std::string(100, 'x');
  }
  const std::string frame = Frame(overview);
  ASSERT_GT(frame.size(), 100000u);
  Dialogue dialogue;
  dialogue.AskHello(false);
  ASSERT_TRUE(dialogue.Ask({.verb = Request::Verb::kOverview, .service = ""}).ok());
  ASSERT_TRUE(dialogue.Receive(Hello() + frame).ok());
  EXPECT_EQ(dialogue.TakeAnswer()->kind, Response::Kind::kHello);
  EXPECT_EQ(dialogue.TakeAnswer()->overview.services.size(), 1000u);
}

TEST(Dialogue, RefusesWhatIsNoAnswer) {
  for (const std::string& bytes : {std::string("\0\3abc", 5), std::string("\0\0", 2),
                                   std::string("\0\2{}", 4), std::string("\0\17{\"cmd\":\"Hunh?\"}", 17)}) {
    Dialogue dialogue;
    ASSERT_TRUE(dialogue.Ask({.verb = Request::Verb::kPid, .service = ""}).ok());
    const absl::Status status = dialogue.Receive(bytes);
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("does not talk like fectld"));
  }
}

TEST(Dialogue, RefusesAnswersWithoutAQuestion) {
  Dialogue dialogue;
  EXPECT_TRUE(absl::IsDataLoss(dialogue.Receive(Frame(Response::Kind::kDone))));
}

TEST(Dialogue, TellsWhatTheMasterSaysBeforeItCloses) {
  Dialogue dialogue;
  const absl::Status status = dialogue.Receive(Frame(Response::Kind::kError, "too many clients"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("too many clients"));
}

TEST(Dialogue, RefusesNamesWhichFitNoFrame) {
  Dialogue dialogue;
  EXPECT_TRUE(absl::IsInvalidArgument(
      dialogue.Ask({.verb = Request::Verb::kStart, .service = std::string(70000, 'x')})));
  EXPECT_EQ(dialogue.unsent(), "");
  EXPECT_EQ(dialogue.unanswered(), 0u);
}

}  // namespace
}  // namespace fectl::client
