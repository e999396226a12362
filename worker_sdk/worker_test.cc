#include "worker_sdk/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "worker_sdk/testing/fake_master.h"

namespace fectl {
namespace {

using State = Worker::State;

class WorkerTest : public testing::Test {
 protected:
  // A worker of `master`, which notes its callbacks in log_.
  void Make(FakeMaster& master, Worker::Options options = {}) {
    auto worker = Worker::FromVariables(master.HandOver(), Noting(), options);
    ASSERT_TRUE(worker.ok()) << worker.status();
    worker_ = *std::move(worker);
    master.Attach(worker_.get());
  }
  Callbacks Noting() {
    Callbacks callbacks;
    callbacks.on_start = [this] { log_ += "start "; };
    callbacks.on_pause = [this] { log_ += "pause "; };
    callbacks.on_resume = [this] { log_ += "resume "; };
    callbacks.on_stop = [this](std::chrono::milliseconds left) {
      log_ += "stop ";
      time_left_ = left;
    };
    callbacks.on_message = [this](std::string_view json) { log_ += "message:" + std::string(json) + " "; };
    return callbacks;
  }
  bool LogIs(FakeMaster& master, const std::string& expected) {
    return master.WaitUntil([&] { return log_ == expected; });
  }

  std::string log_;
  std::chrono::milliseconds time_left_{-1};
  std::unique_ptr<Worker> worker_;
};

TEST_F(WorkerTest, OrdinaryLife) {
  FakeMaster master({.service = "web", .index = 3, .shutdown_timeout_ms = 9'000});
  Make(master);
  EXPECT_TRUE(worker_->managed());
  EXPECT_EQ(worker_->service(), "web");
  EXPECT_EQ(worker_->index(), 3);
  EXPECT_EQ(worker_->level(), 3);
  EXPECT_EQ(worker_->state(), State::kLoading);
  EXPECT_EQ(worker_->poll_timeout_ms(), -1);
  worker_->Loaded();
  FakeMaster::Message loaded;
  ASSERT_TRUE(master.WaitFor("loaded", &loaded));
  EXPECT_EQ(loaded.data, R"({"proto":3})");
  EXPECT_GE(worker_->poll_timeout_ms(), 0);
  EXPECT_LE(worker_->poll_timeout_ms(), 1000);
  master.Send("start");
  ASSERT_TRUE(LogIs(master, "start "));
  EXPECT_EQ(worker_->state(), State::kServing);
  master.Send("pause");
  ASSERT_TRUE(LogIs(master, "start pause "));
  master.Send("hb");
  master.Send("resume");
  master.Send("msg", R"({"level":"debug"})");
  ASSERT_TRUE(LogIs(master, R"(start pause resume message:{"level":"debug"} )"));
  EXPECT_FALSE(worker_->time_left());
  master.Send("stop");
  ASSERT_TRUE(master.WaitUntil([&] { return worker_->state() == State::kStopping; }));
  EXPECT_LE(time_left_.count(), 9'000);
  EXPECT_GT(time_left_.count(), 0);
  EXPECT_LE(*worker_->time_left(), time_left_);
  worker_.reset();
  master.Attach(nullptr);
  EXPECT_TRUE(master.WaitUntil([&] { return master.hung_up(); }));
  EXPECT_EQ(master.complaint(), "");
}

TEST_F(WorkerTest, EverythingThatAnApplicationSaysArrives) {
  const std::string kLease = R"({"seconds":41.5,"why":"model load","progress":12})";
  FakeMaster master;
  Make(master);
  worker_->Loaded();
  worker_->Heartbeat();
  worker_->RequestReload();
  worker_->RequestRestart();
  worker_->ConfigError("no \"database\"");
  worker_->Status("warming cache 40 %");
  worker_->Stopping("after 1000 requests");
  worker_->Lease(std::chrono::milliseconds(41'500), "model load", 12);
  EXPECT_TRUE(worker_->SendMessage("[1, 2]").ok());
  FakeMaster::Message message;
  for (const auto& [cmd, data] :
       std::vector<std::pair<std::string, std::string>>{{"loaded", R"({"proto":3})"},
                                                        {"hb", ""},
                                                        {"reload", ""},
                                                        {"restart", ""},
                                                        {"cfgerror", R"("no \"database\"")"},
                                                        {"status", R"("warming cache 40 %")"},
                                                        {"stopping", R"("after 1000 requests")"},
                                                        {"lease", kLease},
                                                        {"msg", "[1, 2]"}}) {
    ASSERT_TRUE(master.WaitFor(cmd, &message)) << cmd;
    EXPECT_EQ(message.data, data);
  }
  worker_->EndLease();
  ASSERT_TRUE(master.WaitFor("lease", &message));
  EXPECT_EQ(message.data, R"({"seconds":0,"why":"","progress":0})");
  EXPECT_EQ(master.complaint(), "");
}

TEST_F(WorkerTest, HeartbeatsComeFromDispatchAndCarryGauges) {
  FakeMaster master({.timeout_ms = 40});
  Make(master);
  ASSERT_TRUE(worker_->SetGauge("open", 4).ok());
  worker_->Loaded();
  ASSERT_TRUE(master.WaitFor("loaded"));
  FakeMaster::Message message;
  ASSERT_TRUE(master.WaitFor("hb", &message));
  EXPECT_EQ(message.data.find(R"({"open":4)"), 0u) << message.data;
  ASSERT_TRUE(master.WaitFor("hb", &message));
  EXPECT_EQ(message.data, "");
  // A loop that does not run Dispatch() says nothing: the deadline passes, and no heartbeat comes by itself.
  master.TakeMessages();
  const auto deadline = worker_->deadline_ms();
  master.Attach(nullptr);
  ASSERT_TRUE(master.WaitUntil([&] { return worker_->poll_timeout_ms() == 0; }));
  EXPECT_TRUE(master.TakeMessages().empty());
  EXPECT_EQ(worker_->deadline_ms(), deadline);
}

TEST_F(WorkerTest, AMasterOfALaterLevelIsSpokenToAtTheWorkersOwn) {
  FakeMaster master({.level = 4});
  Make(master);
  EXPECT_EQ(worker_->level(), 3);
  worker_->Loaded();
  EXPECT_TRUE(worker_->SendMessage("[1]").ok());
  ASSERT_TRUE(master.WaitFor("msg"));
  std::string words;
  for (const auto& message : master.TakeMessages()) words += message.cmd + message.data + " ";
  EXPECT_TRUE(words.find(R"(loaded{"proto":3} )") != std::string::npos) << words;
  EXPECT_EQ(master.complaint(), "");
}

TEST_F(WorkerTest, AMasterOfLevel2HearsOfNoLease) {
  FakeMaster master({.level = 2});
  Make(master);
  EXPECT_EQ(worker_->level(), 2);
  worker_->Loaded();
  worker_->Lease(std::chrono::seconds(5), "model load");
  worker_->EndLease();
  worker_->Status("done");
  ASSERT_TRUE(master.WaitFor("status"));
  std::string words;
  for (const auto& message : master.TakeMessages()) words += message.cmd + message.data + " ";
  EXPECT_EQ(words.find("lease"), std::string::npos) << words;
  EXPECT_TRUE(words.find(R"(loaded{"proto":2} )") != std::string::npos) << words;
  EXPECT_EQ(master.complaint(), "");
}

TEST_F(WorkerTest, OldMasterHearsOnlyWhatItKnows) {
  FakeMaster master({.level = 1});
  Make(master);
  EXPECT_EQ(worker_->level(), 1);
  worker_->SetGauge("open", 4).IgnoreError();
  worker_->Loaded();
  worker_->Heartbeat();
  worker_->Status("x");
  EXPECT_TRUE(absl::IsFailedPrecondition(worker_->SendMessage("1")));
  worker_->Stopping("x");
  ASSERT_TRUE(master.WaitFor("reload"));
  std::string words;
  for (const auto& message : master.TakeMessages()) words += message.cmd + message.data + " ";
  EXPECT_EQ(words, "loaded hb ");
  EXPECT_EQ(master.complaint(), "");
  // Its commands often come glued together.
  master.SendBytes(std::string("\0\x0f{\"cmd\":\"start\"}\0\x0e{\"cmd\":\"stop\"}", 33));
  EXPECT_TRUE(LogIs(master, "start stop "));
  EXPECT_GT(time_left_.count(), 29'000);
}

TEST_F(WorkerTest, SocketsAreTheApplications) {
  FakeMaster master;
  master.AddTcpSocket("admin");
  const int port = master.AddTcpSocket("http", "aiohttp", {"app=a:b"});
  Make(master);
  ASSERT_EQ(worker_->sockets().size(), 2u);
  EXPECT_EQ(worker_->FindSocket("nothing"), nullptr);
  const Socket* http = worker_->FindSocket("http");
  ASSERT_NE(http, nullptr);
  EXPECT_EQ(http->family, AF_INET);
  EXPECT_EQ(http->app, "aiohttp");
  EXPECT_EQ(http->arguments, std::vector<std::string>{"app=a:b"});
  EXPECT_GT(port, 0);
  const int fd = http->fd, other = worker_->FindSocket("admin")->fd;
  EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  master.Attach(nullptr);
  worker_.reset();
  EXPECT_NE(fcntl(fd, F_GETFD), -1);
  close(fd);
  close(other);
}

TEST_F(WorkerTest, LostMasterMeansStop) {
  FakeMaster master({.shutdown_timeout_ms = 5'000});
  Make(master);
  worker_->Loaded();
  master.Send("start");
  master.Die();
  EXPECT_TRUE(LogIs(master, "start stop "));
  EXPECT_TRUE(worker_->master_lost());
  EXPECT_LE(time_left_.count(), 5'000);
  EXPECT_EQ(worker_->poll_timeout_ms(), -1);
  pollfd entry{worker_->poll_fd(), POLLIN, 0};
  EXPECT_EQ(poll(&entry, 1, 0), 0);
  worker_->Heartbeat();
  worker_->Status("nobody hears this");
  EXPECT_TRUE(worker_->Dispatch().ok());
}

TEST_F(WorkerTest, LostMasterIsTheApplicationsDecisionIfItWants) {
  FakeMaster master;
  Make(master);
  Callbacks callbacks = Noting();
  callbacks.on_master_lost = [this] { log_ += "lost "; };
  worker_->SetCallbacks(callbacks);
  master.Send("start");
  master.Die();
  EXPECT_TRUE(LogIs(master, "start lost "));
  EXPECT_EQ(worker_->state(), State::kServing);
  EXPECT_FALSE(worker_->time_left());
}

TEST_F(WorkerTest, LossNoticedByACallOutsideDispatchIsToldByTheNextDispatch) {
  FakeMaster master;
  Make(master);
  worker_->Loaded();
  master.Die();
  worker_->Heartbeat();
  EXPECT_EQ(log_, "");
  pollfd entry{worker_->poll_fd(), POLLIN, 0};
  EXPECT_EQ(poll(&entry, 1, 0), 1);
  EXPECT_TRUE(LogIs(master, "stop "));
}

TEST_F(WorkerTest, MasterWhoCannotBeUnderstoodIsLost) {
  FakeMaster master;
  Make(master);
  master.Attach(nullptr);
  master.SendBytes(std::string("\0\x05hello", 7));
  const absl::Status status = worker_->Dispatch();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.ToString().find("hello"), std::string::npos) << status;
  EXPECT_EQ(log_, "stop ");
  EXPECT_TRUE(worker_->Dispatch().ok());
}

TEST_F(WorkerTest, DeafMasterNeverBlocksTheWorkerAndLosesNothingThatMatters) {
  FakeMaster master({.timeout_ms = 40});
  Make(master);
  master.SetDeaf(true);
  worker_->Loaded();
  const std::string large = "\"" + std::string(50 * 1024, 'x') + "\"";
  int sent = 0;
  while (worker_->SendMessage(large).ok()) ++sent;
  EXPECT_TRUE(absl::IsResourceExhausted(worker_->SendMessage(large)));
  worker_->Status("old");
  worker_->Status("new");
  worker_->RequestReload();
  for (int i = 0; i < 1000; ++i) worker_->Heartbeat();
  master.SetDeaf(false);
  int received = 0;
  while (received < sent && master.WaitFor("msg")) ++received;
  EXPECT_EQ(received, sent);
  FakeMaster::Message status;
  ASSERT_TRUE(master.WaitFor("status", &status));
  EXPECT_EQ(status.data, "\"new\"");
  EXPECT_TRUE(master.WaitFor("reload"));
  EXPECT_TRUE(master.WaitFor("hb"));
  EXPECT_LT(master.TakeMessages().size(), 10u);
  EXPECT_EQ(master.complaint(), "");
}

TEST_F(WorkerTest, CallbacksMayCallAnything) {
  FakeMaster master;
  Make(master);
  Callbacks callbacks = Noting();
  callbacks.on_start = [&] {
    EXPECT_TRUE(worker_->Dispatch().ok());
    worker_->Status("started");
    worker_->SetCallbacks(Noting());
    log_ += "first ";
  };
  worker_->SetCallbacks(callbacks);
  worker_->Loaded();
  master.Send("start");
  master.Send("pause");
  EXPECT_TRUE(LogIs(master, "first pause "));
  EXPECT_TRUE(master.WaitFor("status"));
}

TEST_F(WorkerTest, SigtermAloneIsAStopAndTheMasterIsTold) {
  FakeMaster master;
  Make(master);
  worker_->Loaded();
  raise(SIGTERM);
  EXPECT_TRUE(LogIs(master, "stop "));
  FakeMaster::Message message;
  ASSERT_TRUE(master.WaitFor("stopping", &message));
  EXPECT_EQ(message.data, "\"received SIGTERM\"");
}

TEST_F(WorkerTest, SigtermWithStopIsOneStop) {
  FakeMaster master;
  Make(master);
  worker_->Loaded();
  master.Send("stop");
  raise(SIGTERM);
  ASSERT_TRUE(LogIs(master, "stop "));
  raise(SIGTERM);
  worker_->Heartbeat();
  ASSERT_TRUE(master.WaitFor("hb"));
  EXPECT_EQ(log_, "stop ");
  for (const auto& message : master.messages()) EXPECT_NE(message.cmd, "stopping");
}

TEST_F(WorkerTest, RunServesWatchedDescriptorsUntilStop) {
  FakeMaster master;
  auto worker = Worker::FromVariables(master.HandOver(), {}, {});
  ASSERT_TRUE(worker.ok());
  int pair[2];
  ASSERT_EQ(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
  ASSERT_EQ(write(pair[1], "x", 1), 1);
  (*worker)->Watch(pair[0], [&] {
    log_ += "readable ";
    (*worker)->Unwatch(pair[0]);
    master.Send("stop");
  });
  (*worker)->Loaded();
  EXPECT_TRUE((*worker)->Run().ok());
  EXPECT_EQ(log_, "readable ");
  EXPECT_EQ((*worker)->state(), State::kStopping);
  close(pair[0]);
  close(pair[1]);
}

TEST_F(WorkerTest, RunWithAStopCallbackGoesOnUntilQuit) {
  FakeMaster master;
  Make(master);
  Callbacks callbacks;
  callbacks.on_stop = [&](std::chrono::milliseconds) { worker_->Quit(); };
  worker_->SetCallbacks(callbacks);
  master.Send("stop");
  EXPECT_TRUE(worker_->Run().ok());
}

TEST_F(WorkerTest, RunEndsWhenTheTimeForStoppingIsOver) {
  FakeMaster master({.shutdown_timeout_ms = 20});
  Make(master);
  master.Die();
  const absl::Status status = worker_->Run();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_EQ(log_, "stop ");
}

TEST_F(WorkerTest, QuitWorksFromAnotherThread) {
  FakeMaster master;
  Make(master);
  std::thread quitter([&] { worker_->Quit(); });
  EXPECT_TRUE(worker_->Run().ok());
  quitter.join();
}

TEST_F(WorkerTest, RunDropsADescriptorThatWasClosedUnderIt) {
  FakeMaster master;
  Make(master);
  int pair[2];
  ASSERT_EQ(pipe2(pair, O_CLOEXEC), 0);
  worker_->Watch(pair[0], [&] { log_ += "called "; });
  close(pair[0]);
  close(pair[1]);
  master.Send("stop");
  Callbacks callbacks;
  worker_->SetCallbacks(callbacks);
  EXPECT_TRUE(worker_->Run().ok());
  EXPECT_EQ(log_, "");
}

}  // namespace
}  // namespace fectl
