#include "proto_spec/worker_messages.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto_spec/frame.h"

namespace fectl::proto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

using Kind = WorkerMessage::Kind;

WorkerMessage Decoded(std::string_view payload) {
  const absl::StatusOr<WorkerMessage> message = DecodeWorkerMessage(payload);
  EXPECT_TRUE(message.ok()) << message.status();
  return message.value_or(WorkerMessage{});
}

// (Every kind in both directions: the golden vectors.)

TEST(WorkerMessageTest, HeartbeatsInTheirUsualSpellings) {
  for (std::string_view payload : {R"({"cmd":"hb"})", R"({"cmd": "hb"})", R"({"cmd":"hb","data":null})",
                                   R"({"cmd": "hb", "data": null})", R"({ "data":null,"cmd":"hb" })"}) {
    EXPECT_EQ(Decoded(payload), WorkerMessage{});
  }
}

TEST(WorkerMessageTest, LoadedSaysTheLevel) {
  EXPECT_EQ(Decoded(R"({"cmd":"loaded"})").level, 1);
  EXPECT_EQ(Decoded(R"({"cmd":"loaded","data":{}})").level, 1);
  EXPECT_EQ(Decoded(R"({"cmd":"loaded","data":{"proto":2}})").level, 2);
  EXPECT_EQ(Decoded(R"({"cmd":"loaded","data":{"proto":2.9}})").level, 2);
  EXPECT_EQ(Decoded(R"({"cmd":"loaded","data":{"proto":3,"other":1}})").level, 3);
  EXPECT_EQ(Decoded(R"({"cmd":"loaded","data":{"proto":1e300}})").level, 3);
  EXPECT_EQ(Decoded(R"({"cmd":"loaded","data":{"proto":-1e300}})").level, 1);
  EXPECT_EQ(Decoded(R"({"cmd":"loaded","data":{"proto":1}})").level, 1);
}

TEST(WorkerMessageTest, DataOfTheWrongType) {
  for (std::string_view payload : {R"({"cmd":"loaded","data":"x"})",
                                   R"({"cmd":"loaded","data":{"proto":"2"}})",
                                   R"({"cmd":"hb","data":1})",
                                   R"({"cmd":"hb","data":{"a":"1"}})",
                                   R"({"cmd":"hb","data":[]})",
                                   R"({"cmd":"reload","data":"x"})",
                                   R"({"cmd":"restart","data":0})",
                                   R"({"cmd":"forked","data":{}})",
                                   R"({"cmd":"cfgerror"})",
                                   R"({"cmd":"cfgerror","data":1})",
                                   R"({"cmd":"status","data":["x"]})",
                                   R"({"cmd":"stopping","data":null})",
                                   R"({"cmd":"lease"})",
                                   R"({"cmd":"lease","data":3})",
                                   R"({"cmd":"lease","data":{}})",
                                   R"({"cmd":"lease","data":{"seconds":-1}})",
                                   R"({"cmd":"lease","data":{"seconds":"1"}})",
                                   R"({"cmd":"lease","data":{"seconds":1,"why":1}})",
                                   R"({"cmd":"lease","data":{"seconds":1,"progress":1.5}})",
                                   R"({"cmd":"lease","data":{"seconds":1,"progress":-1}})"}) {
    const absl::Status status = DecodeWorkerMessage(payload).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << payload;
    EXPECT_THAT(std::string(status.message()), HasSubstr("\\\"cmd\\\"")) << "quotes what came";
  }
}

TEST(WorkerMessageTest, UnknownMessagesAreTold) {
  const absl::Status status = DecodeWorkerMessage(R"({"cmd":"Heartbeat"})").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(status.message(), "unknown message: \"{\\\"cmd\\\":\\\"Heartbeat\\\"}\"");
}

TEST(WorkerMessageTest, GaugesAreLimited) {
  const auto heartbeat = [](int count, size_t name_bytes) {
    std::string data = "{";
    for (int i = 0; i < count; ++i) {
      std::string name = std::to_string(i);
      name.resize(name_bytes, 'x');
      data += (i == 0 ? "\"" : ",\"") + name + "\":" + std::to_string(i);
    }
    return "{\"cmd\":\"hb\",\"data\":" + data + "}}";
  };
  EXPECT_EQ(Decoded(heartbeat(64, 64)).gauges.size(), 64u);
  EXPECT_FALSE(DecodeWorkerMessage(heartbeat(65, 64)).ok());
  EXPECT_FALSE(DecodeWorkerMessage(heartbeat(1, 65)).ok());
}

TEST(WorkerMessageTest, WhatIsSentCanBeRead) {
  WorkerMessage heartbeat;
  heartbeat.gauges.emplace_back("nan", std::nan(""));
  heartbeat.gauges.emplace_back("inf", std::numeric_limits<double>::infinity());
  heartbeat.gauges.emplace_back(std::string(65, 'x'), 1);
  heartbeat.gauges.emplace_back("\xFF", 1);
  heartbeat.gauges.emplace_back("tiny", std::numeric_limits<double>::denorm_min());
  heartbeat.gauges.emplace_back("third", 1.0 / 3);
  EXPECT_THAT(Decoded(EncodeWorkerMessage(heartbeat)).gauges,
              ElementsAre(Pair("tiny", std::numeric_limits<double>::denorm_min()), Pair("third", 1.0 / 3)));
  heartbeat.gauges.clear();
  for (int i = 0; i < 100; ++i) heartbeat.gauges.emplace_back(std::to_string(i), i);
  EXPECT_EQ(Decoded(EncodeWorkerMessage(heartbeat)).gauges.size(), kGaugesMax);
}

TEST(WorkerMessageTest, TheLongestTextFitsABaseFrame) {
  for (const Kind kind : {Kind::kConfigError, Kind::kLease}) {
    for (std::string_view character : {"\x01", "\"", "x", "\xE2\x82\xAC", "\xFF"}) {
      WorkerMessage message;
      message.kind = kind;
      while (message.text.size() < 100'000) message.text += character;
      const std::string payload = EncodeWorkerMessage(message);
      EXPECT_LE(payload.size(), kBaseFrameBytesMax);
      const std::string text = Decoded(payload).text;
      EXPECT_LE(text.size(), kTextBytesMax);
      EXPECT_GE(text.size(), kTextBytesMax - 3);
    }
  }
}

TEST(WorkerMessageTest, ALeaseSaysForHowLongAndWhy) {
  const WorkerMessage lease = Decoded(R"({"cmd":"lease","data":{"seconds":41.5,"why":"load","progress":7}})");
  EXPECT_EQ(lease.kind, Kind::kLease);
  EXPECT_EQ(lease.seconds, 41.5);
  EXPECT_EQ(lease.text, "load");
  EXPECT_EQ(lease.progress, 7);
  EXPECT_EQ(Decoded(EncodeWorkerMessage(lease)), lease);
  WorkerMessage end;
  end.kind = Kind::kLease;
  EXPECT_EQ(Decoded(R"({"cmd":"lease","data":{"seconds":0,"why":null,"progress":null}})"), end);
  EXPECT_EQ(Decoded(R"({"cmd":"lease","data":{"seconds":0}})"), end);
  WorkerMessage wrong = end;
  wrong.progress = -1;
  for (const double seconds : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    wrong.seconds = seconds;
    EXPECT_EQ(Decoded(EncodeWorkerMessage(wrong)), end) << seconds;
  }
}

TEST(WorkerMessageTest, ApplicationMessagesPassAsTheyStand) {
  EXPECT_EQ(Decoded(R"({"cmd":"msg","data": {"a" : [1, 2.50]} })").text, R"({"a" : [1, 2.50]})");
  EXPECT_EQ(Decoded(R"({"cmd":"msg"})").text, "null");
  EXPECT_EQ(DecodeMasterCommand(R"({"cmd":"msg","data":0})")->json, "0");
  EXPECT_EQ(DecodeMasterCommand(R"({"cmd":"msg"})")->json, "null");
}

TEST(MasterCommandTest, UnknownCommandsDifferFromBrokenOnes) {
  EXPECT_EQ(DecodeMasterCommand(R"({"cmd":"later"})").status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(DecodeMasterCommand(R"({"cmd":"loaded"})").status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(DecodeMasterCommand(R"({"cmd":"stop","data":1})").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DecodeMasterCommand("stop").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(WireWordTest, NamesEachKind) {
  EXPECT_EQ(WireWord(Kind::kHeartbeat), "hb");
  EXPECT_EQ(WireWord(Kind::kConfigError), "cfgerror");
  EXPECT_EQ(WireWord(MasterCommand::Kind::kPrepare), "prepare");
}

}  // namespace
}  // namespace fectl::proto
