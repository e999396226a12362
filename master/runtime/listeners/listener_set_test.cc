#include "master/runtime/listeners/listener_set.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <vector>

#include "master/config/config.h"
#include "master/platform/loop/event_loop.h"
#include "master/platform/testing/test_folder.h"

namespace fectl::runtime {
namespace {

config::SocketConfig Tcp(const std::string& name, const std::string& host, int port) {
  config::SocketConfig socket;
  socket.name = name;
  socket.host = host;
  if (!host.empty()) socket.addresses = {host == "localhost" ? "127.0.0.1" : host};
  socket.port = port;
  return socket;
}

class ListenerSetTest : public testing::Test, private ListenerUsers {
 protected:
  void Begin(const std::vector<config::SocketConfig>& sockets) {
    loop_ = *platform::EventLoop::Create();
    set_ = *ListenerSet::Open(sockets);
    ASSERT_TRUE(set_->Watch(loop_.get(), this).ok());
    for (const SharedSocket& socket : set_->shared()) ASSERT_TRUE(set_->StateOf(socket.listener).ok());
  }
  // As the applier does it.
  void Use(const std::vector<config::SocketConfig>& sockets) {
    auto shared = set_->OpenFor(sockets);
    ASSERT_TRUE(shared.ok()) << shared.status();
    set_->Use(*std::move(shared));
  }
  void CloseUnused() {
    set_->CloseUnused([](ListenerId /*id*/) { return false; });
  }
  // A port that is free now, and the listener of it.
  int BeginWithSomePort(const std::string& host) {
    Begin({Tcp("http", host, 0)});
    const std::string& address = set_->shared()[0].address;
    const int port = std::stoi(address.substr(address.rfind(':') + 1));
    set_.reset();
    Begin({Tcp("http", host, port)});
    return port;
  }

  std::unique_ptr<platform::EventLoop> loop_;
  std::unique_ptr<ListenerSet> set_;

 private:
  std::string Suspects(ListenerId /*listener*/) const override { return ""; }
  void OnOpenedAnew(ListenerId /*listener*/, const std::string& /*name*/) override {}
};

TEST_F(ListenerSetTest, TheSameAddressIsTheSameListenerWhateverItsName) {
  const int port = BeginWithSomePort("127.0.0.1");
  const SharedSocket before = set_->shared()[0];
  Use({Tcp("web", "localhost", port)});
  EXPECT_EQ(set_->shared()[0].listener, before.listener);
  EXPECT_EQ(set_->shared()[0].fd, before.fd);
  EXPECT_EQ(set_->shared()[0].name, "web");
  EXPECT_FALSE(set_->has_retired());
}

TEST_F(ListenerSetTest, AnotherAddressIsAnotherListenerAndTheOldOneStaysWhileItIsUsed) {
  const int port = BeginWithSomePort("127.0.0.1");
  const ListenerId before = set_->shared()[0].listener;
  Use({Tcp("http", "", port)});
  EXPECT_NE(set_->shared()[0].listener, before);
  EXPECT_TRUE(set_->IsRetired(before));
  set_->CloseUnused([before](ListenerId id) { return id == before; });
  EXPECT_TRUE(set_->has_retired());
  CloseUnused();
  EXPECT_FALSE(set_->has_retired());
  // And back.
  Use({Tcp("http", "127.0.0.1", port)});
  EXPECT_TRUE(set_->has_retired());
}

TEST_F(ListenerSetTest, OneThatWasTurnedAwayIsTakenBackWhereItIsWantedAgain) {
  const int port = BeginWithSomePort("127.0.0.1");
  const SharedSocket before = set_->shared()[0];
  Use({});
  set_->TurnAway(before.listener);
  // Its last worker is still on its way out.
  Use({Tcp("http", "127.0.0.1", port)});
  EXPECT_EQ(set_->shared()[0].listener, before.listener);
  EXPECT_EQ(set_->shared()[0].fd, before.fd);
  EXPECT_FALSE(set_->has_retired());
}

TEST_F(ListenerSetTest, OneThatCannotBeOpenedLeavesAllAsItWas) {
  const platform::TestFolder folder;
  config::SocketConfig file;
  file.name = "file";
  file.proto = config::SocketProto::kUnix;
  file.path = folder.path() + "/a.sock";
  file.mode = 0600;
  Begin({file});
  const std::vector<SharedSocket> before = set_->shared();
  file.mode = 0666;
  config::SocketConfig impossible = file;
  impossible.name = "impossible";
  impossible.path = folder.path() + "/no/such/folder/b.sock";
  config::SocketConfig possible = file;
  possible.name = "possible";
  possible.path = folder.path() + "/c.sock";
  const auto failed = set_->OpenFor({file, possible, impossible});
  ASSERT_FALSE(failed.ok());
  EXPECT_NE(std::string(failed.status().message()).find("socket impossible: cannot listen on"),
            std::string::npos)
      << failed.status();
  struct stat found = {};
  ASSERT_EQ(stat(file.path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  EXPECT_NE(stat(possible.path.c_str(), &found), 0);
  EXPECT_EQ(set_->shared()[0].listener, before[0].listener);
  EXPECT_FALSE(set_->has_retired());
}

}  // namespace
}  // namespace fectl::runtime
