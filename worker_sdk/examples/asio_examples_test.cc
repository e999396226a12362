// The examples with asio as programs under a fake master. Under load they are in testdata/e2e.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "worker_sdk/testing/fake_master.h"

namespace {

constexpr int kPatienceSeconds = 20;

class Client {
 public:
  explicit Client(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{kPatienceSeconds, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;

  void Say(const std::string& text) {
    EXPECT_EQ(send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  void SayNoMore() { shutdown(fd_, SHUT_WR); }
  // Up to the end of one answer, all of which end with a newline; "" when the server ended the connection.
  std::string Answer() {
    std::string answer;
    char byte;
    while (answer.find("pid ") == std::string::npos || answer.back() != '\n') {
      if (recv(fd_, &byte, 1, 0) != 1) return answer;
      answer += byte;
    }
    return answer;
  }
  bool Silent() {
    char byte;
    return recv(fd_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
  }

 private:
  const int fd_;
};

std::string Get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n";
}
bool Is200(const std::string& answer) {
  return answer.rfind("HTTP/1.1 200 OK\r\n", 0) == 0;
}
bool Announces(const std::string& answer) {
  return Is200(answer) && answer.find("Connection: close") != std::string::npos;
}

class AsioExamplesTest : public testing::TestWithParam<const char*> {
 protected:
  static fectl::FakeMaster::Options Quick() {
    fectl::FakeMaster::Options options;
    options.timeout_ms = 40;  // heartbeats every 10 ms: a sign that commands sent before were read
    return options;
  }
  void Start(const std::vector<std::string>& arguments = {}) {
    port_ = master_.AddTcpSocket("http", "", arguments);
    ASSERT_TRUE(master_.Spawn({std::string("worker_sdk/examples/") + GetParam()}).ok());
    ASSERT_TRUE(master_.WaitFor("loaded"));
    master_.Send("start");
  }
  void CommandIsRead() {
    master_.TakeMessages();
    ASSERT_TRUE(master_.WaitFor("hb") && master_.WaitFor("hb"));
  }
  void ExitsWithZero() {
    const auto status = master_.WaitExit();
    ASSERT_TRUE(status.has_value());
    EXPECT_TRUE(WIFEXITED(*status) && WEXITSTATUS(*status) == 0) << *status;
    EXPECT_EQ(master_.complaint(), "");
  }
  fectl::FakeMaster master_{Quick()};
  int port_ = 0;
};

TEST_P(AsioExamplesTest, PausesAndResumes) {
  Start();
  Client open(port_);
  open.Say(Get("/"));
  EXPECT_TRUE(Is200(open.Answer()));
  master_.Send("pause");
  CommandIsRead();
  open.Say(Get("/"));
  EXPECT_TRUE(Is200(open.Answer()));  // the pause was passed on, too
  Client queued(port_);
  queued.Say(Get("/"));
  open.Say(Get("/"));
  EXPECT_TRUE(Is200(open.Answer()));
  EXPECT_TRUE(queued.Silent());
  master_.Send("resume");
  EXPECT_TRUE(Is200(queued.Answer()));
}

TEST_P(AsioExamplesTest, StopFinishesWhatIsOpen) {
  Start();
  Client idle(port_), slow(port_), half(port_), half_closed(port_);
  idle.Say(Get("/"));
  EXPECT_TRUE(Is200(idle.Answer()));
  half.Say(Get("/") + "GET / HT");
  EXPECT_TRUE(Is200(half.Answer()));
  slow.Say(Get("/slow?ms=1500"));
  half_closed.Say(Get("/slow?ms=1500"));
  half_closed.SayNoMore();
  CommandIsRead();
  master_.Send("stop");
  master_.Signal(SIGTERM);
  CommandIsRead();
  idle.Say(Get("/"));
  EXPECT_TRUE(Announces(idle.Answer()));
  EXPECT_EQ(idle.Answer(), "");
  EXPECT_TRUE(Announces(slow.Answer()));
  EXPECT_EQ(slow.Answer(), "");
  EXPECT_TRUE(Is200(half_closed.Answer()));
  half.Say("TP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_TRUE(Announces(half.Answer()));
  ExitsWithZero();
}

// Each of these waits in the listener's queue when `stop` is read: nobody else would serve it here.
TEST_P(AsioExamplesTest, QUIT_NEWCOMERS_WhatWaitsInTheQueueIsServed) {
  Start();
  Client busy(port_), busy_too(port_);
  busy.Say(Get("/block?ms=500"));
  busy_too.Say(Get("/block?ms=500"));
  std::vector<std::unique_ptr<Client>> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(std::make_unique<Client>(port_));
    waiting.back()->Say(Get("/"));
  }
  master_.Send("stop");
  for (const auto& client : waiting) EXPECT_TRUE(Is200(client->Answer()));
  ExitsWithZero();
}

TEST_P(AsioExamplesTest, NO_LIMIT_EachKindIsEnded) {
  if (GetParam() != std::string("asio_hello")) GTEST_SKIP() << "reads no arguments";
  Start({"header_timeout=0.3", "keepalive=0.3"});
  Client silent(port_), half_head(port_), kept(port_);
  half_head.Say("GET / HT");
  kept.Say(Get("/"));
  EXPECT_TRUE(Is200(kept.Answer()));
  for (Client* client : {&silent, &half_head, &kept}) EXPECT_EQ(client->Answer(), "");
}

TEST_P(AsioExamplesTest, IdleConnectionsDoNotHoldTheWorker) {
  Start();
  Client idle(port_);
  idle.Say(Get("/"));
  EXPECT_TRUE(Is200(idle.Answer()));
  master_.Send("stop");
  EXPECT_EQ(idle.Answer(), "");
  ExitsWithZero();
}

TEST_P(AsioExamplesTest, LostMasterMeansFinishAndExit) {
  Start();
  Client slow(port_);
  slow.Say(Get("/slow?ms=200"));
  CommandIsRead();
  master_.Die();
  EXPECT_TRUE(Is200(slow.Answer()));
  ExitsWithZero();
}

// Also in the example whose heartbeats come from a thread that serves nothing.
TEST_P(AsioExamplesTest, HungLoopIsSilent) {
  Start();
  Client client(port_);
  client.Say(Get("/block?ms=2500"));
  // At work there is one every 10 ms.
  using Clock = std::chrono::steady_clock;
  EXPECT_TRUE(master_.WaitUntil([this, last = Clock::now()]() mutable {
    if (!master_.TakeMessages().empty()) last = Clock::now();
    return Clock::now() - last > std::chrono::milliseconds(500);
  }));
  EXPECT_TRUE(client.Silent());
  EXPECT_TRUE(Is200(client.Answer()));
  EXPECT_TRUE(master_.WaitFor("hb"));
}

INSTANTIATE_TEST_SUITE_P(Each, AsioExamplesTest, testing::Values("asio_hello", "asio_threads"),
                         [](const auto& example) { return std::string(example.param); });

}  // namespace
