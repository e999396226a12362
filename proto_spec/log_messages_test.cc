#include "proto_spec/log_messages.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fectl::proto {
namespace {

LogRequest Again(const LogRequest& request) {
  const absl::StatusOr<LogRequest> read = DecodeLogRequest(EncodeLogRequest(request));
  EXPECT_TRUE(read.ok()) << read.status();
  return read.value_or(IncidentRequest{.id = 999});
}

LogAnswer Again(const LogAnswer& answer) {
  const absl::StatusOr<LogAnswer> read = DecodeLogAnswer(EncodeLogAnswer(answer));
  EXPECT_TRUE(read.ok()) << read.status();
  return read.value_or(LogError{"not decoded"});
}

TEST(LogMessages, TheBytesOfARequestAreThoseOfTheProse) {
  EXPECT_EQ(EncodeLogRequest(LogsRequest{.services = {"web"},
                                         .follow = true,
                                         .lines = 100,
                                         .since_ms = 5,
                                         .worker = 3,
                                         .previous = true,
                                         .grep = "x.y"}),
            R"({"logs":{"services":["web"],"follow":true,"lines":100,"since_ms":5,"worker":3,)"
            R"("previous":true,"grep":"x.y"}})");
  EXPECT_EQ(EncodeLogRequest(EventsRequest{.after = 1042, .types = {"worker.exited"}}),
            R"({"events":{"after":1042,"types":["worker.exited"]}})");
  EXPECT_EQ(EncodeLogRequest(IncidentsRequest{}), R"({"incidents":{}})");
  EXPECT_EQ(EncodeLogRequest(IncidentRequest{.id = 17}), R"({"incident":{"id":17}})");
}

TEST(LogMessages, ARequestIsReadAsItWasWritten) {
  const std::vector<LogRequest> requests = {
      LogsRequest{},
      LogsRequest{.services = {"web", "db"}, .follow = true, .lines = 0, .since_ms = 7, .worker = 2},
      LogsRequest{.previous = true, .grep = "\"\\n", .after = {{"db", 4}, {"web", 1042}}},
      EventsRequest{},
      EventsRequest{.after = 0, .since_ms = 1, .now = true, .follow = true, .types = {"a.b", "c.*"}},
      IncidentsRequest{},
      IncidentRequest{.id = 3},
  };
  for (const LogRequest& request : requests) EXPECT_EQ(Again(request), request) << EncodeLogRequest(request);
}

TEST(LogMessages, WhatIsNoRequestIsRefusedInWords) {
  const std::vector<std::string> wrong = {
      "",
      "[]",
      "{}",
      R"({"logs":1})",
      R"({"logs":{"services":"web"}})",
      R"({"logs":{"services":[1]}})",
      R"({"logs":{"lines":-1}})",
      R"({"logs":{"lines":1.5}})",
      R"({"logs":{"follow":1}})",
      R"({"events":{"types":[null]}})",
      R"({"incident":{}})",
      R"({"incident":{"id":"1"}})",
      R"({"other":{}})",
  };
  for (const std::string& payload : wrong) {
    const absl::StatusOr<LogRequest> read = DecodeLogRequest(payload);
    ASSERT_TRUE(absl::IsInvalidArgument(read.status())) << payload;
    EXPECT_FALSE(read.status().message().empty());
  }
  EXPECT_TRUE(DecodeLogRequest(R"({"logs":{"services":null,"later":[1]},"more":2})").ok());
}

TEST(LogMessages, TheBytesOfALineAreThoseOfTheProse) {
  EXPECT_EQ(EncodeLogAnswer(LogLine{.t_ms = 1,
                                    .service = "web",
                                    .worker = 3,
                                    .pid = 4711,
                                    .generation = 12,
                                    .stream = "out",
                                    .message = "a\tb",
                                    .part = 0}),
            R"({"t":1,"service":"web","worker":3,"pid":4711,"gen":12,"stream":"out","msg":"a\tb","part":0})");
  EXPECT_EQ(EncodeLogAnswer(EventGap{.from = 4, .to = 9}), R"({"type":"gap","from":4,"to":9})");
  EXPECT_EQ(EncodeLogAnswer(LineGap{.lines = 4}), R"({"gap":4})");
  EXPECT_EQ(EncodeLogAnswer(LogError{"no"}), R"({"error":"no"})");
  EXPECT_EQ(EncodeLogAnswer(LogEnd{}), R"({"end":true})");
}

TEST(LogMessages, AnAnswerIsReadAsItWasWritten) {
  const std::vector<LogAnswer> answers = {
      LogLine{.t_ms = 9, .service = "web", .worker = 1, .pid = 2, .generation = 3, .message = ""},
      LogLine{.service = "w", .stream = "err", .message = std::string("\0\x1b[31m\xff\xfe\n", 9), .part = 4},
      LogLine{.service = "w", .message = "end of it", .part = LogLine::kLastPart, .n = 77},
      EventGap{.from = 1, .to = 2},
      LineGap{.lines = 1204},
      Incident{
          .id = 17, .t_ms = 5, .bytes = 99, .summary = R"({"a":[1,true,null,"x"]})", .text = "{\"x\":1}"},
      Incident{.id = 18},
      LogError{"in words"},
      LogEnd{},
  };
  for (const LogAnswer& answer : answers) EXPECT_EQ(Again(answer), answer) << EncodeLogAnswer(answer);
}

TEST(LogMessages, AnEventIsTheRecordItselfWhateverItHolds) {
  const std::string record =
      R"({"seq":1043,"boot":"9c1f","t":77,"type":"worker.exited","data":{"gap":1},"gap":2,"msg":"x","end":1})";
  const LogAnswer read = Again(EventLine{.json = record});
  const auto* event = std::get_if<EventLine>(&read);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->json, record);
  EXPECT_EQ(event->seq, 1043u);
  EXPECT_EQ(event->boot, "9c1f");
  EXPECT_EQ(event->t_ms, 77);
  EXPECT_EQ(event->type, "worker.exited");
}

TEST(LogMessages, WhatIsNoAnswerIsRefused) {
  for (const char* payload :
       {"", "{}", R"({"msg":"x"})", R"({"seq":"1","type":"x"})", R"({"gap":"x"})", R"({"error":1})",
        R"({"t":1,"service":"w","msg":"x","part":"begin"})", R"({"t":1,"service":"w","msg":"x","b64":"%"})",
        R"({"incident":{"text":""}})", R"({"type":"gap","from":1})"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(DecodeLogAnswer(payload).status())) << payload;
  }
}

TEST(LogMessages, TypesAreNamesOrWhatTheyBeginWith) {
  EXPECT_TRUE(MatchesType("worker.exited", {}));
  EXPECT_TRUE(MatchesType("worker.exited", {"x", "worker.exited"}));
  EXPECT_TRUE(MatchesType("worker.exited", {"worker.*"}));
  EXPECT_FALSE(MatchesType("worker.exited", {"worker", "work.*", "*", ""}));
}

}  // namespace
}  // namespace fectl::proto
