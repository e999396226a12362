#include "master/logger/lines/line_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fectl::logger {
namespace {

constexpr int64_t kTime = 1'795'777'200'123;  // 2026-11-27T11:00:00.123Z

RecordHead Head(int32_t part = kWholeLine, Stream stream = Stream::kBoth) {
  RecordHead head = {};
  head.t_ms = kTime;
  head.worker = 2;
  head.pid = 4711;
  head.generation = 12;
  head.number = 1000;
  head.part = part;
  head.stream = stream;
  return head;
}

std::string AsText(const RecordHead& head, std::string_view text) {
  std::string out;
  AppendAsText("web", head, text, &out);
  return out;
}

TEST(LineText, ALineStandsBehindItsTimeWorkerAndProcess) {
  EXPECT_EQ(AsText(Head(), "a\n\nb c\n"),
            "2026-11-27T11:00:00.123Z web[3] 4711 | a\n"
            "2026-11-27T11:00:00.123Z web[3] 4711 | \n"
            "2026-11-27T11:00:00.123Z web[3] 4711 | b c\n");
  EXPECT_EQ(AsText(Head(kWholeLine, Stream::kErr), "a\n"), "2026-11-27T11:00:00.123Z web[3] 4711 err | a\n");
  EXPECT_EQ(AsText(Head(kWholeLine, Stream::kOut), "a\n"), "2026-11-27T11:00:00.123Z web[3] 4711 out | a\n");
  EXPECT_EQ(AsText(Head(0), "a"), "2026-11-27T11:00:00.123Z web[3] 4711 |> a\n");
  EXPECT_EQ(AsText(Head(5), "a"), "2026-11-27T11:00:00.123Z web[3] 4711 <> a\n");
  EXPECT_EQ(AsText(Head(kLastPart), "a"), "2026-11-27T11:00:00.123Z web[3] 4711 <| a\n");
  EXPECT_EQ(AsText(OwnRecord(kTime), "2 lines dropped\n"),
            "2026-11-27T11:00:00.123Z web fectl | 2 lines dropped\n");
}

TEST(LineText, TheConsoleNeedsNoTime) {
  std::string out;
  AppendForConsole("web", Head(), "a\nb\n", &out);
  EXPECT_EQ(out, "web[3] | a\nweb[3] | b\n");
}

TEST(LineText, AsJsonItIsWhatReadersGet) {
  std::string out;
  AppendAsJson("web", Head(1, Stream::kErr), "x\"\x1b", &out);
  EXPECT_EQ(
      out,
      "{\"t\":1795777200123,\"service\":\"web\",\"worker\":3,\"pid\":4711,\"gen\":12,\"stream\":\"err\","
      "\"msg\":\"x\\\"\\u001b\",\"part\":1}\n");
}

// What is written is read back, whatever its bytes are.
TEST(LineText, ALineIsReadAsItWasWritten) {
  const std::vector<std::string> texts = {"a",
                                          "",
                                          " | b",
                                          "out | x",
                                          "2026-11-27T11:00:00.123Z web[3] 1 | forged",
                                          std::string("\0\xff\x1b[2J\r", 7),
                                          "\xe2\x82\xac",
                                          "{\"t\":1}"};
  for (const std::string& text : texts) {
    for (const Stream stream : {Stream::kBoth, Stream::kOut, Stream::kErr}) {
      for (const int32_t part : {kWholeLine, kLastPart, 0}) {
        const RecordHead head = Head(part, stream);
        const std::string record = part == kWholeLine ? text + "\n" : text;
        proto::LogLine expected = ToLine("web", head, text, 0);
        expected.n.reset();
        std::string written;
        AppendAsJson("web", head, record, &written);
        EXPECT_EQ(ParseLine(written.substr(0, written.size() - 1), "web"), expected) << written;
        expected.generation = 0;  // which the text has not
        written = AsText(head, record);
        EXPECT_EQ(ParseLine(written.substr(0, written.size() - 1), "web"), expected) << written;
      }
    }
  }
}

TEST(LineText, WhatIsNoLineIsNone) {
  for (const char* text :
       {"", "x", "2026-11-27T11:00:00.123Z", "2026-11-27T11:00:00.123Z other[3] 4711 | a",
        "2026-11-27T11:00:00.123Z web[x] 4711 | a", "2026-11-27T11:00:00.123Z web[3] 4711 a",
        "2026-11-27 11:00:00.123Z web[3] 4711 | a", "{}", "{\"gap\":1}"}) {
    EXPECT_FALSE(ParseLine(text, "web").has_value()) << text;
  }
}

TEST(LineText, EachLineHasItsNumber) {
  std::vector<int64_t> numbers;
  ForEachLine("web", Head(), "a\nb\n\n", [&](const proto::LogLine& line) { numbers.push_back(*line.n); });
  EXPECT_EQ(numbers, (std::vector<int64_t>{1000, 1001, 1002}));
}

}  // namespace
}  // namespace fectl::logger
