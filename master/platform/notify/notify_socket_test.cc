#include "master/platform/notify/notify_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "master/platform/testing/test_folder.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::platform {
namespace {

std::string Received(int fd) {
  std::array<char, 256> text = {};
  const ssize_t bytes = recv(fd, text.data(), text.size(), MSG_DONTWAIT);
  return std::string(text.data(), bytes > 0 ? bytes : 0);
}

class NotifySocketTest : public testing::Test {
 protected:
  void TearDown() override {
    for (const char* const name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  }
  static NotifySocket Of(const std::string& name, const std::string& usec = "", const std::string& pid = "") {
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
    if (!usec.empty()) setenv("WATCHDOG_USEC", usec.c_str(), 1);
    if (!pid.empty()) setenv("WATCHDOG_PID", pid.c_str(), 1);
    return NotifySocket::FromEnvironment();
  }
  TestFolder folder_;
};

TEST_F(NotifySocketTest, WithoutTheVariableNobodyWantsToKnow) {
  setenv("WATCHDOG_USEC", "1000", 1);
  const NotifySocket socket = NotifySocket::FromEnvironment();
  EXPECT_FALSE(socket.wanted());
  EXPECT_FALSE(socket.moved());
  EXPECT_EQ(socket.watchdog_ns(), 0);
  EXPECT_EQ(getenv("WATCHDOG_USEC"), nullptr);
}

TEST_F(NotifySocketTest, SendsToAPath) {
  const base::UniqueFd manager(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const base::UnixAddress address(folder_ / "notify");
  ASSERT_EQ(bind(manager.get(), address.get(), address.size()), 0);
  NotifySocket socket = Of(folder_ / "notify");
  EXPECT_TRUE(socket.wanted());
  EXPECT_EQ(getenv("NOTIFY_SOCKET"), nullptr);
  EXPECT_TRUE(socket.Send("READY=1\nSTATUS=up").ok());
  EXPECT_EQ(Received(manager.get()), "READY=1\nSTATUS=up");
}

TEST_F(NotifySocketTest, SendsToAnAbstractName) {
  const base::UniqueFd manager(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string name = "fectl-notify-test-" + std::to_string(getpid());
  name.copy(address.sun_path + 1, name.size());
  void* const generic = &address;
  ASSERT_EQ(bind(manager.get(), static_cast<sockaddr*>(generic),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())),
            0);
  EXPECT_TRUE(Of("@" + name).Send("STOPPING=1").ok());
  EXPECT_EQ(Received(manager.get()), "STOPPING=1");
}

TEST_F(NotifySocketTest, AFullQueueIsNotWaitedFor) {
  const base::UniqueFd manager(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const base::UnixAddress address(folder_ / "notify");
  ASSERT_EQ(bind(manager.get(), address.get(), address.size()), 0);
  NotifySocket socket = Of(folder_ / "notify");
  absl::Status sent;
  int count = 0;
  while (sent.ok() && count < 1'000'000) {
    sent = socket.Send("WATCHDOG=1");
    ++count;
  }
  EXPECT_TRUE(absl::IsUnavailable(sent)) << sent;
  while (!Received(manager.get()).empty()) {
  }
  EXPECT_TRUE(socket.Send("WATCHDOG=1").ok());
}

TEST_F(NotifySocketTest, AnAbsentManagerMayComeBack) {
  EXPECT_TRUE(absl::IsUnavailable(Of(folder_ / "absent").Send("READY=1")));
}

TEST_F(NotifySocketTest, AnAddressOfAnotherKindIsNamed) {
  for (const std::string& name : {std::string("run/notify"), std::string("vsock:2:1"), std::string("@"),
                                  std::string("/"), "/" + std::string(200, 'x')}) {
    const absl::Status sent = Of(name).Send("READY=1");
    EXPECT_TRUE(absl::IsInvalidArgument(sent)) << name;
    EXPECT_NE(sent.ToString().find("NOTIFY_SOCKET is \"" + name), std::string::npos) << sent;
  }
}

TEST_F(NotifySocketTest, TheWatchdogIsForTheProcessThatItNames) {
  EXPECT_EQ(Of("@name", "30000000").watchdog_ns(), 30'000'000'000);
  EXPECT_EQ(Of("@name", "1500", std::to_string(getpid())).watchdog_ns(), 1'500'000);
  EXPECT_EQ(Of("@name", "1500", std::to_string(getppid())).watchdog_ns(), 0);
  for (const char* const nonsense : {"0", "-5", "soon", "99999999999999999999"})
    EXPECT_EQ(Of("@name", nonsense, std::to_string(getpid())).watchdog_ns(), 0) << nonsense;
}

}  // namespace
}  // namespace fectl::platform
