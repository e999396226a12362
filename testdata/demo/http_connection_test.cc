#include "testdata/demo/http_connection.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace demo {
namespace {

constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// One end is the connection's, the other one the client's.
class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    client_ = Fd(pair[1]);
    connection_.emplace(Fd(pair[0]), &answer_, 0);
  }
  void Say(std::string_view text, int64_t now_ms = 0) {
    ASSERT_EQ(send(client_.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    connection_->OnReady(EPOLLIN, now_ms);
  }
  // What the client has got; ends in "<end>" if the connection said that this was all.
  std::string Got() {
    std::string got;
    char buffer[64 * 1024];
    while (true) {
      const ssize_t count = recv(client_.get(), buffer, sizeof(buffer), 0);
      if (count < 0) return got;
      if (count == 0) return got + "<end>";
      got.append(buffer, count);
    }
  }
  static std::string Ok(const std::string& body, const std::string& header = "") {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n" + header + "\r\n" + body;
  }

  Answer answer_ = [this](const Request& request) {
    return Response{200, body_ + request.path, request.Number("ms", 0, 1000)};
  };
  std::string body_;
  Fd client_;
  std::optional<Connection> connection_;
};

TEST_F(ConnectionTest, AnswersAndKeepsTheConnection) {
  Say(kGet);
  EXPECT_EQ(Got(), Ok("/"));
  EXPECT_EQ(connection_->deadline_ms(), Connection::kIdleMsMax);
  Say(kGet);
  EXPECT_EQ(Got(), Ok("/"));
  EXPECT_EQ(connection_->answered(), 2);
  EXPECT_FALSE(connection_->over());
}

TEST_F(ConnectionTest, RequestInSingleBytes) {
  for (char byte : std::string_view(kGet)) Say(std::string_view(&byte, 1));
  EXPECT_EQ(Got(), Ok("/"));
}

TEST_F(ConnectionTest, PipelinedRequestsAreAnsweredInOrder) {
  Say("GET /a?ms=100 HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(Got(), "");
  EXPECT_EQ(connection_->deadline_ms(), 100);
  connection_->OnTime(99);
  EXPECT_EQ(Got(), "");
  connection_->OnTime(100);
  EXPECT_EQ(Got(), Ok("/a") + Ok("/b"));
}

TEST_F(ConnectionTest, HeadHasNoBody) {
  Say("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(Got(), "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 1\r\n\r\n");
}

TEST_F(ConnectionTest, BodyIsSkipped) {
  Say("GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET");
  EXPECT_EQ(Got(), "");
  Say(std::string(" /") + kGet);
  EXPECT_EQ(Got(), Ok("/a") + Ok("/"));
}

TEST_F(ConnectionTest, CloseIsAnnouncedAndWaitsForTheClientsEnd) {
  Say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + std::string(kGet));
  EXPECT_EQ(Got(), Ok("/", "Connection: close\r\n") + "<end>");
  EXPECT_FALSE(connection_->over());
  Say("late bytes of no use");
  EXPECT_FALSE(connection_->over());
  client_ = Fd();
  connection_->OnReady(EPOLLIN | EPOLLHUP, 10);
  EXPECT_TRUE(connection_->over());
}

TEST_F(ConnectionTest, LingeringIsBounded) {
  Say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 500);
  EXPECT_EQ(connection_->deadline_ms(), 500 + Connection::kLingerMsMax);
  connection_->OnTime(500 + Connection::kLingerMsMax);
  EXPECT_TRUE(connection_->over());
}

TEST_F(ConnectionTest, OldClientsAreToldThatTheConnectionIsKept) {
  Say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(Got(), Ok("/", "Connection: keep-alive\r\n"));
  Say("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(Got(), Ok("/", "Connection: close\r\n") + "<end>");
}

TEST_F(ConnectionTest, BadRequestIsAnsweredAndEndsTheConnection) {
  Say("nonsense\r\n\r\n");
  const std::string got = Got();
  EXPECT_EQ(got.find("HTTP/1.1 400 Bad Request\r\n"), 0u) << got;
  EXPECT_NE(got.find("Connection: close"), std::string::npos);
  EXPECT_EQ(got.substr(got.size() - 5), "<end>");
}

TEST_F(ConnectionTest, ClientWhichSaidAllStillGetsItsAnswer) {
  Say("GET /a?ms=100 HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(shutdown(client_.get(), SHUT_WR), 0);
  connection_->OnReady(EPOLLIN, 0);
  EXPECT_FALSE(connection_->reads());
  EXPECT_FALSE(connection_->over());
  connection_->OnTime(100);
  EXPECT_EQ(Got(), Ok("/a"));
  EXPECT_TRUE(connection_->over());
}

TEST_F(ConnectionTest, ClientWhichLeavesIsLeft) {
  client_ = Fd();
  connection_->OnReady(EPOLLIN | EPOLLHUP, 0);
  EXPECT_TRUE(connection_->over());
}

TEST_F(ConnectionTest, ClientWhichDoesNotReadHoldsOnlyItsOwnAnswer) {
  body_ = std::string(4 * 1024 * 1024, 'x');
  Say(kGet);
  EXPECT_TRUE(connection_->writes());
  const std::string flood(32 * 1024, '\r');
  while (connection_->reads()) Say(flood);
  EXPECT_LE(Connection::kInputBytesMax, 64u * 1024);
  EXPECT_EQ(connection_->deadline_ms(), Connection::kStuckMsMax);
  connection_->OnTime(Connection::kStuckMsMax);
  EXPECT_TRUE(connection_->over());
}

TEST_F(ConnectionTest, LargeAnswerIsWrittenInParts) {
  body_ = std::string(2 * 1024 * 1024, 'x');
  Say(kGet);
  std::string got;
  while (connection_->writes()) {
    got += Got();
    connection_->OnReady(EPOLLOUT, 1);
  }
  EXPECT_EQ(got + Got(), Ok(body_ + "/"));
}

TEST_F(ConnectionTest, UnfinishedRequestHasItsTime) {
  Say("GET /", 1000);
  EXPECT_EQ(connection_->deadline_ms(), 1000 + Connection::kRequestMsMax);
  Say(" HTTP", 2000);
  EXPECT_EQ(connection_->deadline_ms(), 1000 + Connection::kRequestMsMax);
  connection_->OnTime(1000 + Connection::kRequestMsMax);
  EXPECT_EQ(Got(), "<end>");
}

TEST_F(ConnectionTest, FinishingAnswersTheRequestThatWasOnItsWay) {
  Say(kGet, 10);
  Got();
  connection_->Finish(1000);
  EXPECT_EQ(connection_->deadline_ms(), 1000);
  Say(kGet, 900);
  EXPECT_EQ(Got(), Ok("/", "Connection: close\r\n") + "<end>");
}

TEST_F(ConnectionTest, FinishingAnswersTheRequestThatCameInTheLastMoment) {
  connection_->Finish(1000);
  ASSERT_GT(send(client_.get(), kGet, sizeof(kGet) - 1, 0), 0);
  connection_->OnTime(1000);
  EXPECT_EQ(Got(), Ok("/", "Connection: close\r\n") + "<end>");
}

TEST_F(ConnectionTest, FinishingEndsAnIdleConnection) {
  connection_->Finish(1000);
  connection_->OnTime(1000);
  EXPECT_EQ(Got(), "<end>");
  EXPECT_FALSE(connection_->over());  // lingers
}

TEST_F(ConnectionTest, FinishingWaitsForTheSlowAnswer) {
  Say("GET /a?ms=900 HTTP/1.1\r\nHost: a\r\n\r\n");
  connection_->Finish(500);
  connection_->OnTime(500);
  EXPECT_EQ(Got(), "");
  connection_->OnTime(900);
  EXPECT_EQ(Got(), Ok("/a", "Connection: close\r\n") + "<end>");
}

}  // namespace
}  // namespace demo
