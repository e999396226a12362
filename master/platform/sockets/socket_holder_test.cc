#include "master/platform/sockets/socket_holder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <optional>
#include <string>

#include "master/platform/loop/clock.h"
#include "master/platform/testing/test_folder.h"
#include "master/platform/testing/test_process.h"
#include "master/platform/testing/test_wait.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

// An address of `family` that is bound, and listened on if `listens`; `wildcard`: every address.
struct Bound {
  base::UniqueFd fd;
  sockaddr_storage address = {};
  const sockaddr& generic() const {
    const void* const any = &address;
    return *static_cast<const sockaddr*>(any);
  }
};

Bound Bind(int family, bool wildcard, bool listens) {
  Bound bound;
  bound.fd.reset(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  void* const generic = &bound.address;
  socklen_t length = sizeof(sockaddr_in);
  if (family == AF_INET) {
    auto* const four = static_cast<sockaddr_in*>(generic);
    four->sin_family = AF_INET;
    four->sin_addr.s_addr = htonl(wildcard ? INADDR_ANY : INADDR_LOOPBACK);
  } else {
    auto* const six = static_cast<sockaddr_in6*>(generic);
    six->sin6_family = AF_INET6;
    six->sin6_addr = wildcard ? in6addr_any : in6addr_loopback;
    length = sizeof(sockaddr_in6);
  }
  EXPECT_EQ(bind(bound.fd.get(), static_cast<sockaddr*>(generic), length), 0) << strerror(errno);
  if (listens) {
    EXPECT_EQ(listen(bound.fd.get(), 1), 0);
  }
  length = sizeof(bound.address);
  EXPECT_EQ(getsockname(bound.fd.get(), static_cast<sockaddr*>(generic), &length), 0);
  return bound;
}

bool HasIpv6() {
  const base::UniqueFd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 loopback = {};
  loopback.sin6_family = AF_INET6;
  loopback.sin6_addr = in6addr_loopback;
  const void* const generic = &loopback;
  return fd.valid() && bind(fd.get(), static_cast<const sockaddr*>(generic), sizeof(loopback)) == 0;
}

TEST(SocketHolder, PORT_HELD_NamesTheProcessThatListens) {
  for (const int family : {AF_INET, AF_INET6}) {
    if (family == AF_INET6 && !HasIpv6()) continue;
    for (const bool wildcard : {false, true}) {
      const Bound bound = Bind(family, wildcard, true);
      const auto holders = HoldersOf(bound.generic());
      ASSERT_TRUE(holders.has_value());
      EXPECT_THAT(holders->pids, ElementsAre(getpid()));
      EXPECT_EQ(holders->owner, geteuid());
      EXPECT_EQ(holders->service, "");
      EXPECT_THAT(holders->ToString(), StartsWith("pid " + std::to_string(getpid()) + " ("));
    }
  }
}

TEST(SocketHolder, PORT_HELD_AListenerOnAnotherAddressHoldsNothing) {
  Bound bound = Bind(AF_INET, false, true);
  void* const generic = &bound.address;
  auto* const four = static_cast<sockaddr_in*>(generic);
  four->sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
  EXPECT_FALSE(HoldersOf(bound.generic()).has_value());
  four->sin_addr.s_addr = htonl(INADDR_ANY);  // which it keeps others from
  EXPECT_TRUE(HoldersOf(bound.generic()).has_value());
}

TEST(SocketHolder, PORT_HELD_NobodyListens) {
  EXPECT_FALSE(HoldersOf(Bind(AF_INET, false, false).generic()).has_value());
}

TEST(SocketHolder, PORT_HELD_AConnectionFromThePortIsNoListener) {
  const Bound listener = Bind(AF_INET, false, true);
  const Bound client = Bind(AF_INET, false, false);
  ASSERT_EQ(connect(client.fd.get(), &listener.generic(), sizeof(sockaddr_in)), 0) << strerror(errno);
  EXPECT_FALSE(HoldersOf(client.generic()).has_value());
  EXPECT_TRUE(HoldersOf(listener.generic()).has_value());
}

// A program that holds `fd` as a worker of the service "web" does, started by a process named `parent` which
// does not.
TestProcess StartedBy(const char* parent, int fd) {
  return TestProcess([parent, fd] {
    prctl(PR_SET_NAME, parent);
    const pid_t worker = fork();
    if (worker == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      fcntl(fd, F_SETFD, 0);
      const char* const environment[] = {"FECTL_SRV_NAME=web", nullptr};
      execle("/bin/sleep", "sleep", "60", nullptr, environment);
      _exit(1);
    }
    close(fd);
    return waitpid(worker, nullptr, 0) == worker ? 0 : 1;
  });
}

// A fectld's own descriptors cannot always be seen; that it lives can.
TEST(SocketHolder, PORT_HELD_AWorkerIsLeftBehindOnlyWhereItsFectldHasGone) {
  for (const std::string parent : {"fectld", "other"}) {
    Bound bound = Bind(AF_INET, false, true);
    const TestProcess process = StartedBy(parent.c_str(), bound.fd.get());
    bound.fd.reset();
    std::optional<SocketHolders> holders;
    const int64_t deadline = MonotonicNanos() + kTestDeadlineNanos;
    do {
      holders = HoldersOf(bound.generic());
      ASSERT_TRUE(holders.has_value() && MonotonicNanos() < deadline);
    } while (holders->name != "sleep" || holders->pids.size() != 1);
    EXPECT_EQ(holders->service, parent == "fectld" ? "" : "web") << holders->ToString();
  }
}

TEST(SocketHolder, PORT_HELD_UnixSockets) {
  const TestFolder folder;
  const std::string path = folder.path() + "/a socket";
  const base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  memcpy(address.sun_path, path.data(), path.size());
  const void* const generic = &address;
  ASSERT_EQ(bind(fd.get(), static_cast<const sockaddr*>(generic), sizeof(address)), 0);
  EXPECT_FALSE(HoldersOf(path).has_value());  // which nobody listens on yet
  ASSERT_EQ(listen(fd.get(), 1), 0);
  const auto holders = HoldersOf(path);
  ASSERT_TRUE(holders.has_value());
  EXPECT_THAT(holders->pids, ElementsAre(getpid()));
  EXPECT_FALSE(HoldersOf(folder.path() + "/another").has_value());
}

TEST(SocketHolder, PORT_HELD_Words) {
  EXPECT_EQ(SocketHolders({}).ToString(), "another process");
  EXPECT_EQ((SocketHolders{.owner = 33, .pids = {}, .name = "", .service = ""}).ToString(),
            "a process of user 33");
  EXPECT_EQ((SocketHolders{.owner = 33, .pids = {12}, .name = "nginx", .service = ""}).ToString(),
            "pid 12 (nginx)");
  EXPECT_EQ((SocketHolders{.owner = 33, .pids = {12, 13}, .name = "python3", .service = "web"}).ToString(),
            "pid 12 13 (python3), workers of service web which a fectld that was killed has left behind; "
            "they end when "
            "their work is done, or with `kill 12 13`");
}

}  // namespace
}  // namespace fectl::platform
