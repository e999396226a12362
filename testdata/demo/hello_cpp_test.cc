// The demonstration's server as a program under a fake master: what it must do for a service to lose no
// request.
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "testdata/demo/test_client.h"
#include "worker_sdk/testing/fake_master.h"

namespace {

using demo::Client;
using demo::Get;
using demo::Is200;
using demo::Says;
using fectl::FakeMaster;

// Tests run at the root of the runfiles.
constexpr char kProgram[] = "testdata/demo/hello_cpp";

class HelloTest : public testing::Test {
 protected:
  // Heartbeats every 10 ms: a sign that commands sent before were read.
  static FakeMaster::Options Quick() {
    FakeMaster::Options options;
    options.service = "hello-cpp";
    options.timeout_ms = 40;
    return options;
  }
  void SpawnAndStart(FakeMaster& master) {
    auto pid = master.Spawn({kProgram}, {"HELLO_VERSION=7"});
    ASSERT_TRUE(pid.ok()) << pid.status();
    ASSERT_TRUE(master.WaitFor("loaded"));
    master.Send("start");
  }
  void Start(const std::vector<std::string>& arguments = {}) {
    port_ = master_.AddTcpSocket("http", "", arguments);
    SpawnAndStart(master_);
  }
  // The first heartbeat may have been sent before the command was read, the second one not.
  void CommandIsRead() {
    master_.TakeMessages();
    ASSERT_TRUE(master_.WaitFor("hb") && master_.WaitFor("hb"));
  }
  void ExitsWith(FakeMaster& master, int code) {
    const auto status = master.WaitExit();
    ASSERT_TRUE(status.has_value());
    EXPECT_TRUE(WIFEXITED(*status)) << *status;
    EXPECT_EQ(WEXITSTATUS(*status), code);
    EXPECT_EQ(master.complaint(), "");
  }

  FakeMaster master_{Quick()};
  int port_ = 0;
};

TEST_F(HelloTest, GreetsAndKeepsTheConnection) {
  Start();
  Client client(port_);
  client.Say(Get("/") + Get("/healthz") + Get("/nothing"));
  const std::string answer = client.Answer();
  EXPECT_TRUE(Is200(answer)) << answer;
  EXPECT_TRUE(Says(
      answer, "hello from C++: worker 1 of hello-cpp, pid " + std::to_string(master_.pid()) + ", version 7"))
      << answer;
  EXPECT_TRUE(Says(client.Answer(), "ok\n"));
  EXPECT_TRUE(Says(client.Answer(), "404 Not Found"));
  client.Say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy");
  EXPECT_TRUE(Says(client.Answer(), "405 Method Not Allowed"));
}

TEST_F(HelloTest, AcceptsNothingBeforeStart) {
  port_ = master_.AddTcpSocket("http");
  ASSERT_TRUE(master_.Spawn({kProgram}).ok());
  ASSERT_TRUE(master_.WaitFor("loaded"));
  Client early(port_);
  early.Say(Get("/"));
  CommandIsRead();
  EXPECT_TRUE(early.Silent());
  master_.Send("start");
  EXPECT_TRUE(Is200(early.Answer()));
}

TEST_F(HelloTest, PauseKeepsWhatIsOpenAndQueuesWhatIsNew) {
  Start();
  Client open(port_);
  open.Say(Get("/"));
  EXPECT_TRUE(Is200(open.Answer()));
  master_.Send("pause");
  CommandIsRead();
  Client queued(port_);
  queued.Say(Get("/"));
  open.Say(Get("/"));
  EXPECT_TRUE(Is200(open.Answer()));
  CommandIsRead();
  EXPECT_TRUE(queued.Silent());
  master_.Send("resume");
  EXPECT_TRUE(Is200(queued.Answer()));
}

TEST_F(HelloTest, StopFinishesWhatIsOpen) {
  Start();
  Client idle(port_), slow(port_);
  idle.Say(Get("/"));
  EXPECT_TRUE(Is200(idle.Answer()));
  slow.Say(Get("/slow?ms=300"));
  CommandIsRead();
  master_.Send("stop");
  master_.Signal(SIGTERM);
  CommandIsRead();
  idle.Say(Get("/"));
  const std::string last = idle.Answer();
  EXPECT_TRUE(Is200(last) && Says(last, "Connection: close")) << last;
  EXPECT_TRUE(idle.Ended()) << idle.problem();
  const std::string answer = slow.Answer();
  EXPECT_TRUE(Is200(answer) && Says(answer, "done after 300 ms") && Says(answer, "Connection: close"))
      << answer;
  EXPECT_TRUE(slow.Ended()) << slow.problem();
  ExitsWith(master_, 0);
}

TEST_F(HelloTest, WhoConnectsAfterStopIsServedByTheSuccessor) {
  Start();
  FakeMaster next(Quick());
  next.AddSocket(master_.sockets()[0]);
  Client slow(port_);
  slow.Say(Get("/slow?ms=300"));
  CommandIsRead();
  master_.Send("stop");
  CommandIsRead();
  Client waiting(port_);
  waiting.Say(Get("/"));
  EXPECT_TRUE(Is200(slow.Answer()));
  ExitsWith(master_, 0);
  EXPECT_TRUE(waiting.Silent());
  SpawnAndStart(next);
  EXPECT_TRUE(Says(waiting.Answer(), "pid " + std::to_string(next.pid())));
}

TEST_F(HelloTest, IdleConnectionsDoNotHoldTheWorker) {
  Start();
  Client idle(port_);
  idle.Say(Get("/"));
  EXPECT_TRUE(Is200(idle.Answer()));
  master_.Send("stop");
  EXPECT_TRUE(idle.Ended()) << idle.problem();
  ExitsWith(master_, 0);
}

TEST_F(HelloTest, WhatCannotBeFinishedInTimeIsDropped) {
  FakeMaster::Options options = Quick();
  options.shutdown_timeout_ms = 300;
  FakeMaster master(options);
  const int port = master.AddTcpSocket("http");
  SpawnAndStart(master);
  Client slow(port);
  slow.Say(Get("/slow?ms=60000"));
  master.TakeMessages();
  ASSERT_TRUE(master.WaitFor("hb") && master.WaitFor("hb"));
  master.Send("stop");
  ExitsWith(master, 0);
}

// Each of these waits in the listener's queue when `stop` is read: nobody else would serve it here.
TEST_F(HelloTest, QUIT_NEWCOMERS_WhatWaitsInTheQueueIsServed) {
  Start();
  Client busy(port_);
  busy.Say(Get("/block?ms=300"));
  std::vector<std::unique_ptr<Client>> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(std::make_unique<Client>(port_));
    waiting.back()->Say(Get("/"));
  }
  master_.Send("stop");
  EXPECT_TRUE(Is200(busy.Answer()));
  int announced = 0;
  for (const auto& client : waiting) {
    const std::string answer = client->Answer();
    EXPECT_TRUE(Is200(answer)) << answer;
    EXPECT_TRUE(client->Ended()) << client->problem();
    announced += Says(answer, "Connection: close");
  }
  // All but those that were accepted in the turn in which `stop` was read.
  EXPECT_GE(announced, 19);
  ExitsWith(master_, 0);
}

TEST_F(HelloTest, QUIT_NEWCOMERS_NotWhilePaused) {
  Start();
  master_.Send("pause");
  CommandIsRead();
  Client queued(port_);
  queued.Say(Get("/"));
  master_.Send("stop");
  ExitsWith(master_, 0);
  EXPECT_TRUE(queued.Silent());
  FakeMaster next(Quick());
  next.AddSocket(master_.sockets()[0]);
  SpawnAndStart(next);
  EXPECT_TRUE(Says(queued.Answer(), "pid " + std::to_string(next.pid())));
}

TEST_F(HelloTest, NO_LIMIT_EachKindIsEnded) {
  Start({"header_timeout=0.3", "request_timeout=0.3", "keepalive=0.3"});
  Client silent(port_), half_head(port_), half_body(port_), kept(port_);
  half_head.Say("GET / HT");
  half_body.Say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
  kept.Say(Get("/"));
  EXPECT_TRUE(Is200(kept.Answer()));
  for (Client* client : {&silent, &half_head, &half_body, &kept}) {
    EXPECT_TRUE(client->Ended()) << client->problem();
  }
}

TEST_F(HelloTest, WrongArgumentsAreAConfigurationError) {
  master_.AddTcpSocket("http", "", {"header_timout=1"});
  ASSERT_TRUE(master_.Spawn({kProgram}).ok());
  FakeMaster::Message message;
  ASSERT_TRUE(master_.WaitFor("cfgerror", &message));
  EXPECT_TRUE(Says(message.data, "socket http: arguments: \\\"header_timout\\\" is not an argument"))
      << message.data;
  ExitsWith(master_, 99);
}

// A new connection wakes the worker that waits longest, and no other. This one is woken and does nothing:
// others look for themselves.
TEST_F(HelloTest, SPREAD_StoppedWorkerHoldsUpNoConnection) {
  Start();
  FakeMaster other(Quick());
  other.AddSocket(master_.sockets()[0]);
  SpawnAndStart(other);
  CommandIsRead();
  master_.Signal(SIGSTOP);
  for (int i = 0; i < 10; ++i) {
    Client client(port_);
    client.Say(Get("/"));
    EXPECT_TRUE(Is200(client.Answer())) << client.problem();
  }
  master_.Signal(SIGCONT);
}

// Two answers are two writes. If the second one waits for the acknowledgement of the first, no pair comes in
// less than the 40 ms after which Linux acknowledges at the latest.
TEST_F(HelloTest, NODELAY_SecondWriteDoesNotWait) {
  using Clock = std::chrono::steady_clock;
  Start();
  Client client(port_);
  Clock::duration fastest = std::chrono::hours(1);
  for (int i = 0; i < 60; ++i) {
    const auto began = Clock::now();
    client.Say(Get("/") + Get("/"));
    ASSERT_TRUE(Is200(client.Answer()) && Is200(client.Answer())) << client.problem();
    // The first answers of a connection are acknowledged at once.
    if (i >= 30) fastest = std::min(fastest, Clock::now() - began);
  }
  EXPECT_LT(fastest, std::chrono::milliseconds(30));
}

TEST_F(HelloTest, HALF_CLOSE_GetsItsAnswer) {
  Start();
  Client client(port_);
  client.Say(Get("/slow?ms=200"));
  client.SayNoMore();
  EXPECT_TRUE(Is200(client.Answer()));
  EXPECT_TRUE(client.Ended()) << client.problem();
}

TEST_F(HelloTest, LostMasterMeansFinishAndExit) {
  Start();
  Client slow(port_);
  slow.Say(Get("/slow?ms=200"));
  CommandIsRead();
  master_.Die();
  EXPECT_TRUE(Is200(slow.Answer()));
  ExitsWith(master_, 0);
}

TEST_F(HelloTest, ReportsGauges) {
  Start();
  Client client(port_);
  client.Say(Get("/"));
  EXPECT_TRUE(Is200(client.Answer()));
  EXPECT_TRUE(master_.WaitUntil([&] {
    for (const auto& message : master_.messages()) {
      if (Says(message.data, "\"requests\":1")) return true;
    }
    return false;
  }));
}

TEST_F(HelloTest, ABlockedLoopIsSilentWhichIsThePoint) {
  Start();
  Client client(port_);
  client.Say(Get("/block?ms=300"));
  EXPECT_TRUE(Says(client.Answer(), "blocked for 300 ms"));
  EXPECT_TRUE(master_.WaitFor("hb"));
}

TEST_F(HelloTest, EndsAsAskedTo) {
  Start();
  Client client(port_);
  client.Say(Get("/exit?code=7"));
  ExitsWith(master_, 7);
}

TEST_F(HelloTest, Crashes) {
  Start();
  Client client(port_);
  client.Say(Get("/crash"));
  const auto status = master_.WaitExit();
  ASSERT_TRUE(status.has_value());
  EXPECT_TRUE(WIFSIGNALED(*status) && WTERMSIG(*status) == SIGABRT) << *status;
}

TEST_F(HelloTest, WithoutASocketItSaysSo) {
  ASSERT_TRUE(master_.Spawn({kProgram}).ok());
  FakeMaster::Message message;
  ASSERT_TRUE(master_.WaitFor("cfgerror", &message));
  EXPECT_EQ(message.data, "\"there is no socket for service hello-cpp\"");
  ExitsWith(master_, 99);
}

// Asks until it is stopped: on one connection as long as the server allows, or on one for each request.
void Ask(int port, bool keep, const std::atomic<bool>& stop, std::atomic<int>& answered,
         std::string& problem) {
  while (!stop && problem.empty()) {
    Client client(port);
    bool ends = false;
    while (!stop && !ends) {
      client.Say(Get("/", keep ? "" : "Connection: close\r\n"));
      const std::string answer = client.Answer();
      if (!Is200(answer)) {
        problem = "instead of an answer: " + answer;
        return;
      }
      ends = Says(answer, "Connection: close");
      ++answered;
    }
    if (!ends) return;  // stopped between two requests
    if (!client.Ended()) problem = "after the last answer: " + client.problem();
  }
}

TEST_F(HelloTest, NoRequestIsLostWhileWorkersReplaceOneAnother) {
  std::vector<std::unique_ptr<FakeMaster>> masters;
  masters.push_back(std::make_unique<FakeMaster>(Quick()));
  const int port = masters[0]->AddTcpSocket("http");
  SpawnAndStart(*masters[0]);

  constexpr int kClients = 6;
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0};
  std::vector<std::string> problems(kClients);
  std::vector<std::thread> clients;
  clients.reserve(kClients);
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] { Ask(port, i % 2 == 0, stop, answered, problems[i]); });
  }
  for (int i = 0; i < 10; ++i) {
    auto next = std::make_unique<FakeMaster>(Quick());
    next->AddSocket(masters[0]->sockets()[0]);
    SpawnAndStart(*next);
    masters.back()->Send("stop");
    masters.back()->Signal(SIGTERM);
    const int before = answered;
    next->WaitUntil([&] { return answered > before + 50; });
    masters.push_back(std::move(next));
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  for (const std::string& problem : problems) EXPECT_EQ(problem, "");
  EXPECT_GT(answered, 500);
  for (size_t i = 0; i + 1 < masters.size(); ++i) ExitsWith(*masters[i], 0);
}

}  // namespace
