#include "master/platform/sockets/passed_sockets.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "master/platform/sockets/listeners.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::platform {
namespace {

using Protocol = ListenSpec::Protocol;

// The numbers of the descriptors are given, so each case has a process of its own.
template <typename Case>
void InProcess(Case run) {
  EXPECT_EXIT(
      {
        run();
        _exit(testing::Test::HasFailure() ? 1 : 0);
      },
      testing::ExitedWithCode(0), "");
}

void Set(const char* pid, const char* count, const char* names) {
  setenv("LISTEN_PID", pid, 1);
  setenv("LISTEN_FDS", count, 1);
  if (names != nullptr) setenv("LISTEN_FDNAMES", names, 1);
}

std::string Self() {
  return std::to_string(getpid());
}

void Put(int at, base::UniqueFd fd) {
  ASSERT_EQ(dup2(fd.get(), at), at);
  if (fd.get() == at) static_cast<void>(fd.release());
}

base::UniqueFd Tcp(int* port) {
  base::UniqueFd fd(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  void* const generic = &address;
  EXPECT_EQ(bind(fd.get(), static_cast<sockaddr*>(generic), length), 0);
  EXPECT_EQ(listen(fd.get(), 5), 0);
  EXPECT_EQ(getsockname(fd.get(), static_cast<sockaddr*>(generic), &length), 0);
  *port = ntohs(address.sin_port);
  return fd;
}

ListenSpec Spec(const PassedSockets& passed, const char* name) {
  ListenSpec spec;
  spec.protocol = Protocol::kAny;
  spec.passed = &passed;
  spec.passed_name = name;
  return spec;
}

std::string Why(const ListenSpec& spec) {
  const auto opened = Listener::Open(spec);
  return opened.ok() ? "" : std::string(opened.status().message());
}

TEST(PassedSockets, AreTakenByTheirNames) {
  InProcess([] {
    int port = 0;
    Put(3, Tcp(&port));
    Put(4, base::UniqueFd(socket(AF_UNIX, SOCK_DGRAM, 0)));
    Set(Self().c_str(), "2", "http:log");
    const PassedSockets passed = PassedSockets::FromEnvironment();
    EXPECT_EQ(getenv("LISTEN_FDS"), nullptr);
    EXPECT_EQ(getenv("LISTEN_FDNAMES"), nullptr);
    EXPECT_EQ(getenv("LISTEN_PID"), nullptr);
    EXPECT_EQ(passed.numbers(), (std::vector<int>{3, 4}));
    EXPECT_EQ(fcntl(3, F_GETFD), FD_CLOEXEC);
    ListenSpec spec = Spec(passed, "http");
    const auto listener = Listener::Open(spec);
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_EQ(listener->address(), "127.0.0.1:" + std::to_string(port));
    EXPECT_EQ(listener->family(), AF_INET);
    EXPECT_TRUE(listener->Reachable());
    // What the section says has to be true.
    spec.protocol = Protocol::kTcp4;
    spec.host = "127.0.0.1";
    spec.port = port;
    EXPECT_EQ(Why(spec), "");
    spec.port = port + 1;
    EXPECT_EQ(Why(spec), "the socket named \"http\" that systemd has passed is tcp4 127.0.0.1:" +
                             std::to_string(port) + ", not tcp4 127.0.0.1:" + std::to_string(port + 1));
    spec.port = 0;
    spec.host = "127.0.0.2";
    EXPECT_NE(Why(spec), "");
    spec.host = "";
    spec.protocol = Protocol::kTcp6;
    EXPECT_EQ(Why(spec), "the socket named \"http\" that systemd has passed is tcp4 127.0.0.1:" +
                             std::to_string(port) + ", not tcp6");
    EXPECT_EQ(
        Why(Spec(passed, "log")),
        "the socket named \"log\" that systemd has passed is no listening stream socket (ListenStream= with "
        "Accept=no makes one)");
    EXPECT_EQ(
        Why(Spec(passed, "admin")),
        "systemd has passed no socket named \"admin\", only \"http\", \"log\" (FileDescriptorName= of the "
        ".socket unit is the name)");
  });
}

TEST(PassedSockets, OfSeveralWithOneNameTheSectionSaysWhich) {
  InProcess([] {
    int first = 0;
    int second = 0;
    Put(3, Tcp(&first));
    Put(4, Tcp(&second));
    Set(Self().c_str(), "2", "web:web");
    const PassedSockets passed = PassedSockets::FromEnvironment();
    ListenSpec spec = Spec(passed, "web");
    EXPECT_EQ(Why(spec),
              "systemd has passed 2 sockets named \"web\" that are as the section says: host, port or path "
              "has to say "
              "which is meant");
    spec.protocol = Protocol::kTcp4;
    spec.port = second;
    const auto listener = Listener::Open(spec);
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_EQ(listener->address(), "127.0.0.1:" + std::to_string(second));
  });
}

TEST(PassedSockets, NeitherTheFileNorTheListeningIsOurs) {
  InProcess([] {
    const std::string path = "/tmp/fectl-passed-" + Self();
    const base::UnixAddress address(path);
    base::UniqueFd theirs(socket(AF_UNIX, SOCK_STREAM, 0));
    EXPECT_EQ(bind(theirs.get(), address.get(), address.size()), 0);
    EXPECT_EQ(listen(theirs.get(), 5), 0);
    Put(3, std::move(theirs));
    Set(Self().c_str(), "1", "local");
    const PassedSockets passed = PassedSockets::FromEnvironment();
    {
      auto listener = Listener::Open(Spec(passed, "local"));
      ASSERT_TRUE(listener.ok()) << listener.status();
      EXPECT_EQ(listener->address(), path);
      EXPECT_EQ(listener->family(), AF_UNIX);
      EXPECT_TRUE(listener->TurnAway().ok());
    }
    const base::UniqueFd client(socket(AF_UNIX, SOCK_STREAM, 0));
    EXPECT_EQ(connect(client.get(), address.get(), address.size()), 0);
    EXPECT_EQ(unlink(path.c_str()), 0);
  });
}

TEST(PassedSockets, ThoseOfAnotherProcessAreLeftAlone) {
  InProcess([] {
    int port = 0;
    Put(3, Tcp(&port));
    Set(std::to_string(getppid()).c_str(), "1", "http");
    const PassedSockets passed = PassedSockets::FromEnvironment();
    EXPECT_TRUE(passed.numbers().empty());
    EXPECT_EQ(fcntl(3, F_GETFD), 0);
    EXPECT_EQ(Why(Spec(passed, "http")),
              "systemd has passed no socket named \"http\", and no other (is fectld "
              "started by a .socket unit?)");
  });
}

TEST(PassedSockets, NonsenseIsNone) {
  for (const char* const count : {"", "-1", "many", "99999"}) {
    InProcess([count] {
      Set(Self().c_str(), count, nullptr);
      EXPECT_TRUE(PassedSockets::FromEnvironment().numbers().empty());
    });
  }
}

}  // namespace
}  // namespace fectl::platform
