#include "testdata/demo/http_connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "proto_spec/base/unique_fd.h"
#include "testdata/demo/http_request.h"
#include "worker_sdk/drain/epoll_connection.h"
#include "worker_sdk/drain/lifetime.h"

namespace demo {
namespace {

constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

using Phase = fectl::drain::Lifetime::Phase;
using fectl::base::UniqueFd;

// One end is the connection's, the other one the client's.
class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() { Connect(); }
  void Connect() {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    client_.reset(pair[1]);
    connection_.emplace(fectl::drain::Accepted{pair[0], &limits_, &moment_}, &answer_, &answered_);
  }
  void Send(std::string_view text) {
    ASSERT_EQ(send(client_.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  void Say(std::string_view text, int64_t now_ms = 0) {
    Send(text);
    Ready(EPOLLIN, now_ms);
  }
  void Ready(uint32_t events, int64_t now_ms = 0) {
    moment_.now_ms = now_ms;
    connection_->Ready(events);
  }
  void Due(int64_t now_ms) {
    moment_.now_ms = now_ms;
    connection_->Due();
  }
  bool Reads() { return (connection_->interest() & EPOLLIN) != 0; }
  bool Writes() { return (connection_->interest() & EPOLLOUT) != 0; }
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

  fectl::drain::Limits limits_;
  fectl::drain::Moment moment_;
  Answer answer_ = [this](const Request& request) {
    return Response{200, body_ + request.path, request.Number("ms", 0, 100'000)};
  };
  std::string body_;
  int64_t answered_ = 0;
  UniqueFd client_;
  std::optional<Connection> connection_;
};

TEST_F(ConnectionTest, AnswersAndKeepsTheConnection) {
  Say(kGet);
  EXPECT_EQ(Got(), Ok("/"));
  EXPECT_EQ(connection_->deadline_ms(), limits_.keepalive_ms);
  Say(kGet);
  EXPECT_EQ(Got(), Ok("/"));
  EXPECT_EQ(answered_, 2);
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
  Due(99);
  EXPECT_EQ(Got(), "");
  Due(100);
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
  client_.reset();
  Ready(EPOLLIN | EPOLLHUP, 10);
  EXPECT_TRUE(connection_->over());
}

TEST_F(ConnectionTest, LingeringIsBounded) {
  Say("nonsense\r\n\r\n", 500);
  EXPECT_FALSE(connection_->over());
  EXPECT_EQ(connection_->deadline_ms(), 500 + Connection::kEndMsMax);
  Due(500 + Connection::kEndMsMax);
  EXPECT_TRUE(connection_->over());
}

TEST_F(ConnectionTest, ClientThatSaidItsLastRequestIsNotWaitedFor) {
  Say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
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

TEST_F(ConnectionTest, HALF_CLOSE_SlowAnswerArrives) {
  Say("GET /a?ms=100 HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(shutdown(client_.get(), SHUT_WR), 0);
  Ready(EPOLLIN, 0);
  EXPECT_FALSE(Reads());
  EXPECT_FALSE(connection_->over());
  Due(100);
  EXPECT_EQ(Got(), Ok("/a") + "<end>");
  EXPECT_TRUE(connection_->over());
}

TEST_F(ConnectionTest, ClientWhichLeavesIsLeft) {
  client_.reset();
  Ready(EPOLLIN | EPOLLHUP, 0);
  EXPECT_TRUE(connection_->over());
}

TEST_F(ConnectionTest, HALF_CLOSE_WithAnAnswerThatIsWrittenAtOnce) {
  Send(kGet);
  ASSERT_EQ(shutdown(client_.get(), SHUT_WR), 0);
  Ready(EPOLLIN);
  EXPECT_EQ(Got(), Ok("/"));
  Ready(EPOLLIN);
  EXPECT_TRUE(connection_->over());
}

TEST_F(ConnectionTest, ClientThatIsGoneAltogetherDoesNotKeepTheLoopBusy) {
  Say("GET /a?ms=100 HTTP/1.1\r\nHost: a\r\n\r\n");
  client_.reset();
  Ready(EPOLLIN | EPOLLHUP);
  EXPECT_FALSE(Reads());
  Ready(EPOLLHUP);
  EXPECT_TRUE(connection_->over());
}

TEST_F(ConnectionTest, NO_LIMIT_NeverReading) {
  body_ = std::string(4 * 1024 * 1024, 'x');
  Say(kGet);
  EXPECT_TRUE(Writes());
  const std::string flood(32 * 1024, '\r');
  while (Reads()) Say(flood);
  EXPECT_EQ(connection_->deadline_ms(), limits_.request_timeout_ms);
  Due(limits_.request_timeout_ms);
  EXPECT_TRUE(connection_->over());
}

TEST_F(ConnectionTest, LargeAnswerIsWrittenInParts) {
  body_ = std::string(2 * 1024 * 1024, 'x');
  Say(kGet);
  std::string got;
  while (Writes()) {
    got += Got();
    Ready(EPOLLOUT, 1);
  }
  EXPECT_EQ(got + Got(), Ok(body_ + "/"));
}

TEST_F(ConnectionTest, NO_LIMIT_NothingSent) {
  EXPECT_EQ(connection_->deadline_ms(), limits_.header_timeout_ms);
  Due(limits_.header_timeout_ms);
  EXPECT_EQ(Got(), "<end>");
}

TEST_F(ConnectionTest, NO_LIMIT_HalfAHead) {
  Say("GET /", 1000);
  EXPECT_EQ(connection_->deadline_ms(), 1000 + limits_.header_timeout_ms);
  Say(" HTTP", 2000);
  EXPECT_EQ(connection_->deadline_ms(), 1000 + limits_.header_timeout_ms);
  Due(1000 + limits_.header_timeout_ms);
  EXPECT_EQ(Got(), "<end>");
}

TEST_F(ConnectionTest, NO_LIMIT_HalfABody) {
  Say("GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n", 1000);
  EXPECT_EQ(connection_->deadline_ms(), 1000 + limits_.request_timeout_ms);
  Say(std::string(1000, 'x'), 2000);
  EXPECT_EQ(connection_->deadline_ms(), 1000 + limits_.request_timeout_ms + 2000);
  Due(1000 + limits_.request_timeout_ms + 2000);
  EXPECT_EQ(Got(), "<end>");
}

TEST_F(ConnectionTest, KeepaliveOfZeroClosesAfterEachAnswer) {
  limits_.keepalive_ms = 0;
  Connect();
  Say(kGet);
  EXPECT_EQ(Got(), Ok("/", "Connection: close\r\n") + "<end>");
}

TEST_F(ConnectionTest, DrainAnswersTheRequestThatWasOnItsWay) {
  Say(kGet, 10);
  Got();
  moment_.stop_ms = 20;
  EXPECT_EQ(connection_->deadline_ms(), 10 + limits_.linger_ms);
  Say(kGet, 1900);
  EXPECT_EQ(Got(), Ok("/", "Connection: close\r\n") + "<end>");
}

TEST_F(ConnectionTest, DrainAnswersTheRequestThatCameInTheLastMoment) {
  moment_.stop_ms = 0;
  Send(kGet);
  Due(limits_.linger_ms);
  EXPECT_EQ(Got(), Ok("/", "Connection: close\r\n") + "<end>");
}

TEST_F(ConnectionTest, DrainEndsAnIdleConnection) {
  moment_.stop_ms = 0;
  Due(limits_.linger_ms - 1);
  EXPECT_EQ(Got(), "");
  Due(limits_.linger_ms);
  EXPECT_EQ(Got(), "<end>");
  EXPECT_FALSE(connection_->over());  // waits for the client's end
}

TEST_F(ConnectionTest, DrainWaitsForTheSlowAnswer) {
  Say("GET /a?ms=90000 HTTP/1.1\r\nHost: a\r\n\r\n");
  moment_.stop_ms = 500;
  Due(80'000);
  EXPECT_EQ(Got(), "");
  Due(90'000);
  EXPECT_EQ(Got(), Ok("/a", "Connection: close\r\n") + "<end>");
}

TEST_F(ConnectionTest, UNREAD_POST_IsAnnouncedAndClosed) {
  moment_.stop_ms = 0;
  Say("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(Got(), Ok("/ignore", "Connection: close\r\n") + "<end>");
}

// One request and a part of the next one arrive together, then the drain begins, then the rest arrives: at
// whatever byte the split is, both are answered, and the last answer announces the end.
TEST_F(ConnectionTest, PART_OF_NEXT_EverySplit) {
  const std::string next = "GET /next HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz";
  for (size_t split = 1; split < next.size(); ++split) {
    SCOPED_TRACE(split);
    moment_ = {};
    Connect();
    Say(kGet + next.substr(0, split));
    EXPECT_EQ(Got(), Ok("/"));
    moment_.stop_ms = 0;
    Due(limits_.linger_ms);
    EXPECT_EQ(Got(), "");
    Say(next.substr(split), limits_.linger_ms + 1);
    EXPECT_EQ(Got(), Ok("/next", "Connection: close\r\n") + "<end>");
  }
}

// The same where the drain begins while the first one is being answered.
TEST_F(ConnectionTest, PART_OF_NEXT_EverySplitBehindASlowAnswer) {
  const std::string next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
  for (size_t split = 1; split <= next.size(); ++split) {
    SCOPED_TRACE(split);
    moment_ = {};
    Connect();
    Say("GET /a?ms=100 HTTP/1.1\r\nHost: a\r\n\r\n");
    moment_.stop_ms = 0;
    Send(next.substr(0, split));  // not read yet
    Due(100);
    Say(next.substr(split), 200);
    EXPECT_EQ(Got(), Ok("/a") + Ok("/next", "Connection: close\r\n") + "<end>");
  }
}

TEST_F(ConnectionTest, WORDS_OF_CUT_KnowsWhatIsOpen) {
  EXPECT_EQ(connection_->phase(), Phase::kIdle);
  Say("GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n");
  EXPECT_EQ(connection_->phase(), Phase::kHead);
  Say("\r\n");
  EXPECT_EQ(connection_->phase(), Phase::kBody);
  Say("xGET /b?ms=10 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(connection_->phase(), Phase::kAnswer);
  moment_.stop_ms = 0;
  Due(10);
  EXPECT_EQ(connection_->phase(), std::nullopt);
}

}  // namespace
}  // namespace demo
