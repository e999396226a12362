#include "client/http/connection.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::http {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr char kAsk[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    client_.reset(ends[0]);
    served_.emplace(base::UniqueFd(ends[1]), 0);
  }

  void Write(const std::string& bytes) {
    ASSERT_EQ(send(client_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  std::string ReadAll() {
    std::string all;
    char bytes[4096];
    for (;;) {
      const ssize_t got = recv(client_.get(), bytes, sizeof bytes, 0);
      if (got <= 0) return all;
      all.append(bytes, static_cast<size_t>(got));
    }
  }
  // One turn of a loop.
  std::optional<Request> Turn(int64_t now_ms) {
    pollfd ready = {served_->fd(), served_->poll_events(), 0};
    poll(&ready, 1, 0);
    served_->OnReady(ready.revents, now_ms);
    served_->OnTime(now_ms);
    return served_->done() ? std::nullopt : served_->TakeRequest(now_ms, 0);
  }
  static Reply Large() {
    Reply reply;
    reply.body = std::make_shared<const std::string>(size_t{8} << 20, 'x');
    return reply;
  }

  base::UniqueFd client_;
  std::optional<Connection> served_;
};

TEST_F(ConnectionTest, AnswersAndGoesOn) {
  for (int round = 0; round < 2; ++round) {
    Write(kAsk);
    ASSERT_TRUE(Turn(1).has_value());
    EXPECT_FALSE(served_->is_idle());
    served_->Answer(Plain(200, "hello"), 2, 0);
    const std::string answer = ReadAll();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\nhello\n"));
    EXPECT_TRUE(served_->is_idle());
  }
}

TEST_F(ConnectionTest, AHeadHasNoBody) {
  Write("HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(Turn(1).has_value());
  served_->Answer(Plain(200, "hello"), 2, 0);
  const std::string answer = ReadAll();
  EXPECT_THAT(answer, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(ConnectionTest, RequestsThatComeTogetherAreAnsweredInTurn) {
  Write(std::string(kAsk) + "GET /2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(Turn(1)->target, "/metrics");
  EXPECT_FALSE(Turn(2).has_value());
  served_->Answer(Plain(200, "1"), 2, 0);
  EXPECT_EQ(Turn(3)->target, "/2");
  served_->Answer(Plain(200, "2"), 3, 0);
  EXPECT_TRUE(ReadAll().ends_with("\r\n\r\n2\n"));
  EXPECT_FALSE(served_->is_idle());
  client_.reset();
  Turn(4);
  EXPECT_TRUE(served_->done());
}

TEST_F(ConnectionTest, WhoSaysThatNothingMoreComesGetsTheAnswer) {
  Write(kAsk);
  ASSERT_TRUE(Turn(1).has_value());
  shutdown(client_.get(), SHUT_WR);
  Turn(2);
  ASSERT_FALSE(served_->done());
  served_->Answer(Plain(200, "hello"), 3, 0);
  EXPECT_TRUE(ReadAll().ends_with("hello\n"));
  Turn(4);
  EXPECT_TRUE(served_->done());
}

TEST_F(ConnectionTest, WhatCannotBeReadIsAnsweredAndTheEnd) {
  Write("hello\r\n\r\n");
  EXPECT_FALSE(Turn(1).has_value());
  const std::string answer = ReadAll();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  // What it goes on to send is read and dropped, for a while.
  Write(std::string(4096, 'x'));
  EXPECT_FALSE(Turn(2).has_value());
  EXPECT_FALSE(served_->done());
  Turn(1 + kLingerMs);
  EXPECT_TRUE(served_->done());
}

TEST_F(ConnectionTest, NobodyIsListenedToForEver) {
  Write("hello\r\n\r\n");
  EXPECT_FALSE(Turn(1).has_value());
  size_t written = 0;
  while (!served_->done() && written < 2 * kLingerBytesMax) {
    Write(std::string(4096, 'x'));
    written += 4096;
    Turn(2);
  }
  EXPECT_GT(written, kLingerBytesMax);
  EXPECT_TRUE(served_->done());
}

TEST_F(ConnectionTest, AHeadHasItsTimeHoweverItComes) {
  for (int64_t now = 0; now < kHeadMs; now += 1'000) {
    Write("G");
    EXPECT_FALSE(Turn(now).has_value());
    ASSERT_FALSE(served_->done()) << now;
  }
  Turn(kHeadMs);
  EXPECT_TRUE(served_->done());
}

TEST_F(ConnectionTest, WhoTakesNothingIsLeft) {
  Write(kAsk);
  ASSERT_TRUE(Turn(1).has_value());
  served_->Answer(Large(), 1, 0);
  Turn(kSendMs);
  EXPECT_FALSE(served_->done());
  Turn(1 + kSendMs);
  EXPECT_TRUE(served_->done());
}

TEST_F(ConnectionTest, WhoTakesLittleAtATimeIsLeftInTheEnd) {
  Write(kAsk);
  ASSERT_TRUE(Turn(0).has_value());
  served_->Answer(Large(), 0, 0);
  int64_t now = 0;
  while (!served_->done() && now < 2 * kAnswerMs) {
    now += kSendMs / 2;
    EXPECT_FALSE(ReadAll().empty());  // what the kernel holds, a few per cent of all
    Turn(now);
  }
  EXPECT_EQ(now, kAnswerMs);
}

TEST_F(ConnectionTest, ItsEndWaitsForWhatIsOnItsWay) {
  Write(kAsk);
  ASSERT_TRUE(Turn(1).has_value());
  served_->Answer(Plain(200, "1"), 1, 0);
  EXPECT_THAT(ReadAll(), HasSubstr("\r\nConnection: keep-alive\r\n"));
  served_->Finish(100);
  Turn(99 + kLastMs);
  ASSERT_FALSE(served_->done());
  Write(kAsk);
  ASSERT_TRUE(Turn(99 + kLastMs).has_value());
  served_->Answer(Plain(200, "2"), 99 + kLastMs, 0);
  EXPECT_THAT(ReadAll(), HasSubstr("\r\nConnection: close\r\n"));
}

TEST_F(ConnectionTest, ItEndsWhereNothingIsOnItsWay) {
  served_->Finish(100);
  Turn(100 + kLastMs);
  EXPECT_TRUE(served_->done());
}

TEST_F(ConnectionTest, WhatWasAskedBeforeTheEndIsAnswered) {
  Write(kAsk);
  ASSERT_TRUE(Turn(1).has_value());
  served_->Finish(2);
  Turn(2 + 10 * kLastMs);
  ASSERT_FALSE(served_->done());
  served_->Answer(Plain(200, "1"), 2 + 10 * kLastMs, 0);
  EXPECT_THAT(ReadAll(), HasSubstr("\r\nConnection: close\r\n"));
}

TEST_F(ConnectionTest, AStreamGoesOnUntilTheClientLeaves) {
  Write(kAsk);
  ASSERT_TRUE(Turn(1).has_value());
  Reply head;
  head.type = kEventStream;
  served_->BeginStream(head, 1, 0);
  served_->Append("data: 1\n\n", 2);
  served_->Append("data: 2\n\n", 100 * kAnswerMs);
  Turn(200 * kAnswerMs);
  EXPECT_FALSE(served_->done());
  EXPECT_TRUE(ReadAll().ends_with("\r\n\r\ndata: 1\n\ndata: 2\n\n"));
  client_.reset();
  Turn(200 * kAnswerMs);
  EXPECT_TRUE(served_->done());
}

TEST_F(ConnectionTest, AStreamThatNobodyTakesHasNoMoreRoomAndEnds) {
  Write(kAsk);
  ASSERT_TRUE(Turn(1).has_value());
  served_->BeginStream({}, 1, 0);
  size_t appended = 0;
  while (served_->has_room()) {
    served_->Append(std::string(1024, 'x'), 2);
    appended += 1024;
    ASSERT_LT(appended, size_t{64} << 20);
  }
  Turn(1 + kSendMs);
  ASSERT_FALSE(served_->done());
  Turn(2 + kSendMs);
  EXPECT_TRUE(served_->done());
}

TEST_F(ConnectionTest, AStreamCanBeEnded) {
  Write(kAsk);
  ASSERT_TRUE(Turn(1).has_value());
  served_->BeginStream({}, 1, 0);
  served_->Append("data: 1\n\n", 2);
  served_->End(3);
  EXPECT_TRUE(ReadAll().ends_with("data: 1\n\n"));
  char byte = 0;
  EXPECT_EQ(recv(client_.get(), &byte, 1, 0), 0);
}

}  // namespace
}  // namespace fectl::http
