#include "client/http/request_reader.h"

#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::http {
namespace {

constexpr char kPlain[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";

Request Expected(std::string target) {
  return {.target = std::move(target), .host = "localhost"};
}

int StatusOf(const std::string& bytes) {
  RequestReader reader;
  reader.Append(bytes);
  const auto read = reader.Next();
  const auto* bad = std::get_if<Unreadable>(&read);
  return bad == nullptr ? 0 : bad->status;
}

TEST(RequestReader, ReadsARequestHoweverItIsCut) {
  const std::string bytes = kPlain;
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    RequestReader reader;
    reader.Append(bytes.substr(0, cut));
    ASSERT_TRUE(std::holds_alternative<std::monostate>(reader.Next())) << cut;
    EXPECT_TRUE(reader.has_begun()) << cut;
    reader.Append(bytes.substr(cut));
    const auto read = reader.Next();
    ASSERT_TRUE(std::holds_alternative<Request>(read)) << cut;
    EXPECT_EQ(std::get<Request>(read), Expected("/metrics")) << cut;
    EXPECT_FALSE(reader.has_begun()) << cut;
  }
}

TEST(RequestReader, ReadsRequestsThatComeTogetherOneByOne) {
  RequestReader reader;
  reader.Append(std::string(kPlain) +
                "HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" + "GET /");
  EXPECT_EQ(std::get<Request>(reader.Next()), Expected("/metrics"));
  Request second = Expected("/healthz");
  second.method = Request::Method::kHead;
  second.keep_alive = false;
  EXPECT_EQ(std::get<Request>(reader.Next()), second);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(reader.Next()));
}

TEST(RequestReader, TakesOutOfTheHeadWhatIsAnsweredBy) {
  RequestReader reader;
  reader.Append("POST /x?y=1 HTTP/1.1\r\nhOST: a.example:9180\r\nlast-event-id: 17-9c1f\r\n\r\n");
  const Request request = std::get<Request>(reader.Next());
  EXPECT_EQ(request.method, Request::Method::kOther);
  EXPECT_EQ(request.target, "/x?y=1");
  EXPECT_EQ(request.host, "a.example:9180");
  EXPECT_EQ(request.last_event_id, "17-9c1f");
  EXPECT_TRUE(request.keep_alive);
}

TEST(RequestReader, AnOldProtocolNeedsNoHostAndIsNotKept) {
  RequestReader reader;
  reader.Append("GET / HTTP/1.0\r\n\r\n");
  const Request request = std::get<Request>(reader.Next());
  EXPECT_EQ(request.host, std::nullopt);
  EXPECT_FALSE(request.keep_alive);
}

TEST(RequestReader, RefusesWhatIsNoRequest) {
  EXPECT_EQ(StatusOf("hello\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf(std::string("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 29)), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"), 400);
}

TEST(RequestReader, RefusesABody) {
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"), 0);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"), 413);
  EXPECT_EQ(StatusOf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n"), 413);
  EXPECT_EQ(
      StatusOf("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
      413);
}

TEST(RequestReader, AHeadHasALimit) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  EXPECT_EQ(StatusOf(start + std::string(kHeadBytesMax - start.size() - 4, 'x') + "\r\n\r\n"), 0);
  EXPECT_EQ(StatusOf(start + std::string(kHeadBytesMax, 'x')), 431);
  // Also one that comes in pieces and never ends.
  RequestReader reader;
  reader.Append(start);
  size_t sent = 0;
  while (std::holds_alternative<std::monostate>(reader.Next()) && sent < 4 * kHeadBytesMax) {
    reader.Append("xxxxxxxxxxxxxxxx");
    sent += 16;
  }
  EXPECT_LE(sent, kHeadBytesMax);
  // And nothing is kept afterwards.
  reader.Append("y");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(reader.Next()));
}

}  // namespace
}  // namespace fectl::http
