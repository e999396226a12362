#include "client/logs/line_words.h"

#include <gtest/gtest.h>

#include <string>

namespace fectl::client {
namespace {

proto::LogLine Line(std::string message) {
  return {
      .t_ms = 1'795'777'200'123, .service = "web", .worker = 3, .pid = 4711, .message = std::move(message)};
}

TEST(LineWords, SayWhenAndWhoseALineIs) {
  EXPECT_EQ(LineWords(Line("GET /"), false), "2026-11-27T11:00:00.123Z web[3] | GET /\n");
  proto::LogLine error = Line("oh");
  error.stream = "err";
  EXPECT_EQ(LineWords(error, false), "2026-11-27T11:00:00.123Z web[3] err | oh\n");
  proto::LogLine ours = Line("4 lines dropped");
  ours.worker = 0;
  ours.stream = "fectl";
  EXPECT_EQ(LineWords(ours, false), "2026-11-27T11:00:00.123Z web fectl | 4 lines dropped\n");
}

TEST(LineWords, PiecesOfALineAreMarked) {
  proto::LogLine piece = Line("x");
  piece.part = 0;
  EXPECT_EQ(LineWords(piece, false), "2026-11-27T11:00:00.123Z web[3] |> x\n");
  piece.part = 7;
  EXPECT_EQ(LineWords(piece, false), "2026-11-27T11:00:00.123Z web[3] <> x\n");
  piece.part = proto::LogLine::kLastPart;
  EXPECT_EQ(LineWords(piece, false), "2026-11-27T11:00:00.123Z web[3] <| x\n");
}

TEST(LineWords, BytesAreAsTheyWereUnlessATerminalShowsThem) {
  const std::string nasty("a\x1b]0;title\a\x1b[2J\0\xff\r\tb", 20);
  EXPECT_TRUE(LineWords(Line(nasty), false).ends_with(" | " + nasty + "\n"));
  EXPECT_TRUE(LineWords(Line(nasty), true).ends_with(" | a\\x1b]0;title\\x07\\x1b[2J\\x00\\xff\\r\tb\n"))
      << LineWords(Line(nasty), true);
}

TEST(ColoursOnly, ColoursStayAndEndWithTheLine) {
  EXPECT_EQ(ColoursOnly("\x1b[31mred"), "\x1b[31mred\x1b[0m");
  EXPECT_EQ(ColoursOnly("\x1b[38;5;9mx\x1b[0my"), "\x1b[38;5;9mx\x1b[0my\x1b[0m");
  EXPECT_EQ(ColoursOnly("plain"), "plain");
  EXPECT_EQ(ColoursOnly("\x1b[1;31"), "\\x1b[1;31");
  EXPECT_EQ(ColoursOnly("\x1b[31A\x1b"), "\\x1b[31A\\x1b");
}

TEST(LineAsJson, IsTheRecord) {
  EXPECT_EQ(
      LineAsJson(Line("x")),
      "{\"t\":1795777200123,\"service\":\"web\",\"worker\":3,\"pid\":4711,\"gen\":0,\"stream\":\"both\","
      "\"msg\":\"x\"}\n");
}

}  // namespace
}  // namespace fectl::client
