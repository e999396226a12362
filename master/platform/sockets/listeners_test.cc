#include "master/platform/sockets/listeners.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "master/platform/testing/test_folder.h"
#include "master/platform/testing/test_process.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::platform {
namespace {

using Protocol = ListenSpec::Protocol;

int PortOf(const Listener& listener) {
  const std::string& address = listener.address();
  return std::stoi(address.substr(address.rfind(':') + 1));
}

// 0, or errno.
int Connect4(const char* host, int port) {
  const base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, host, &address.sin_addr);
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0 : errno;
}

int Connect6(int port) {
  const base::UniqueFd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<uint16_t>(port));
  address.sin6_addr = in6addr_loopback;
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0 : errno;
}

int ConnectUnix(const std::string& path) {
  const base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const base::UnixAddress address(path);
  return connect(fd.get(), address.get(), address.size()) == 0 ? 0 : errno;
}

bool MachineHasIpv6() {
  return Listener::Open({.protocol = Protocol::kTcp6, .host = "::1"}).ok();
}

std::string Refusal(const ListenSpec& spec) {
  return std::string(Listener::Open(spec).status().message());
}

TEST(Listener, TakesAPortAndSaysWhich) {
  const auto listener = Listener::Open({.host = "127.0.0.1"});
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ(listener->address().rfind("127.0.0.1:", 0), 0u);
  EXPECT_GT(PortOf(*listener), 0);
  EXPECT_EQ(Connect4("127.0.0.1", PortOf(*listener)), 0);
  EXPECT_EQ(listener->family(), AF_INET);
  EXPECT_EQ(listener->type(), SOCK_STREAM);
  EXPECT_EQ(listener->protocol(), IPPROTO_TCP);
  EXPECT_TRUE(fcntl(listener->fd(), F_GETFD) & FD_CLOEXEC);
  EXPECT_TRUE(fcntl(listener->fd(), F_GETFL) & O_NONBLOCK);
}

TEST(Listener, ResolvesNames) {
  // A minimal system without /etc/hosts knows no names at all.
  addrinfo* known = nullptr;
  if (getaddrinfo("localhost", nullptr, nullptr, &known) != 0)
    GTEST_SKIP() << "localhost has no address here";
  freeaddrinfo(known);
  const auto listener = Listener::Open({.host = "localhost"});
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ(listener->address().rfind("127.0.0.1:", 0), 0u);
  const std::string words = Refusal({.host = "no.such.host.invalid", .port = 80});
  EXPECT_EQ(words.rfind("cannot listen on no.such.host.invalid:80: ", 0), 0u) << words;
}

TEST(Listener, WithoutAHostTakesAllAddresses) {
  const auto listener = Listener::Open({});
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ(listener->address(), "0.0.0.0:" + std::to_string(PortOf(*listener)));
  EXPECT_EQ(Connect4("127.0.0.2", PortOf(*listener)), 0);
}

TEST(Listener, Ipv6TakesNoIpv4) {
  if (!MachineHasIpv6()) GTEST_SKIP() << "this machine has no IPv6";
  const auto six = Listener::Open({.protocol = Protocol::kTcp6});
  ASSERT_TRUE(six.ok()) << six.status();
  EXPECT_EQ(six->address(), "[::]:" + std::to_string(PortOf(*six)));
  EXPECT_EQ(six->family(), AF_INET6);
  EXPECT_EQ(Connect6(PortOf(*six)), 0);
  EXPECT_EQ(Connect4("127.0.0.1", PortOf(*six)), ECONNREFUSED);
  // So the same port is free for IPv4.
  EXPECT_TRUE(Listener::Open({.port = PortOf(*six)}).ok());
}

TEST(Listener, NeverSharesAPort) {
  const auto listener = Listener::Open({.host = "127.0.0.1"});
  ASSERT_TRUE(listener.ok());
  EXPECT_EQ(Refusal({.host = "127.0.0.1", .port = PortOf(*listener)}),
            "cannot listen on " + listener->address() + ": Address already in use by pid " +
                std::to_string(getpid()) + " (listeners_test)");
  int on = -1;
  socklen_t length = sizeof(on);
  ASSERT_EQ(getsockopt(listener->fd(), SOL_SOCKET, SO_REUSEPORT, &on, &length), 0);
  EXPECT_EQ(on, 0);
}

// The side that closes first keeps the address busy for a minute.
TEST(Listener, TakesAPortWithOldConnectionsOnIt) {
  int port = 0;
  {
    const auto listener = Listener::Open({.host = "127.0.0.1"});
    ASSERT_TRUE(listener.ok());
    port = PortOf(*listener);
    const base::UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    pollfd waiting = {listener->fd(), POLLIN, 0};
    ASSERT_EQ(poll(&waiting, 1, 60'000), 1);
    const base::UniqueFd server(accept4(listener->fd(), nullptr, nullptr, SOCK_CLOEXEC));
    ASSERT_TRUE(server.valid());
    shutdown(server.get(), SHUT_WR);
    char byte;
    EXPECT_EQ(read(client.get(), &byte, 1), 0);
  }
  EXPECT_TRUE(Listener::Open({.host = "127.0.0.1", .port = port}).ok());
}

TEST(Listener, SaysWhatIsWrong) {
  EXPECT_EQ(Refusal({.host = "192.0.2.1", .port = 8080}),
            "cannot listen on 192.0.2.1:8080: Cannot assign requested address (no interface of this machine "
            "has it)");
  TestProcess ordinary([] {
    if (geteuid() == 0 && setresuid(54321, 54321, 54321) != 0) return 1;
    const std::string words = Refusal({.host = "127.0.0.1", .port = 80});
    // Some machines let everybody have low ports.
    return words.empty() || words == "cannot listen on 127.0.0.1:80: Permission denied" ? 0 : 2;
  });
  EXPECT_EQ(ordinary.Wait(), "exited with code 0");
}

// What a worker can do with the descriptor that it was given.
TEST(Listener, ListensAgainAfterAShutdown) {
  int port = 0;
  {
    const auto chosen = Listener::Open({.host = "127.0.0.1"});
    ASSERT_TRUE(chosen.ok());
    port = PortOf(*chosen);
  }
  auto listener = Listener::Open({.host = "127.0.0.1", .port = port});
  ASSERT_TRUE(listener.ok()) << listener.status();
  ASSERT_EQ(shutdown(listener->fd(), SHUT_RD), 0);
  pollfd entry = {listener->fd(), 0, 0};
  EXPECT_EQ(poll(&entry, 1, 0), 1);
  EXPECT_TRUE(entry.revents & POLLHUP);
  EXPECT_EQ(Connect4("127.0.0.1", port), ECONNREFUSED);
  ASSERT_TRUE(listener->ListenAgain().ok());
  EXPECT_EQ(Connect4("127.0.0.1", port), 0);
  EXPECT_EQ(poll(&entry, 1, 0), 0);
}

// Left alone, the kernel would give another port than the one that it had chosen.
TEST(Listener, KeepsAPortThatTheKernelChose) {
  for (int i = 0; i < 20; ++i) {
    auto listener = Listener::Open({.host = "127.0.0.1"});
    ASSERT_TRUE(listener.ok()) << listener.status();
    const std::string before = listener->address();
    ASSERT_EQ(shutdown(listener->fd(), SHUT_RD), 0);
    ASSERT_TRUE(listener->ListenAgain().ok());
    EXPECT_EQ(listener->address(), before);
    EXPECT_EQ(Connect4("127.0.0.1", PortOf(*listener)), 0);
  }
}

TEST(Listener, UnixIsOpenToEverybodyUnlessTold) {
  const TestFolder folder;
  struct stat file = {};
  {
    const auto listener = Listener::Open({.protocol = Protocol::kUnix, .path = folder / "s"});
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_EQ(listener->address(), folder / "s");
    EXPECT_EQ(listener->family(), AF_UNIX);
    EXPECT_EQ(listener->type(), SOCK_STREAM);
    EXPECT_EQ(listener->protocol(), 0);
    ASSERT_EQ(stat((folder / "s").c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 07777, 0666u);
  }
  const auto listener = Listener::Open({.protocol = Protocol::kUnix, .path = folder / "s", .mode = 0640});
  ASSERT_TRUE(listener.ok()) << listener.status();
  ASSERT_EQ(stat((folder / "s").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777, 0640u);
}

TEST(Listener, AShutdownUnixSocketIsReportedAndOpenedAnewInItsPlace) {
  const TestFolder folder;
  for (const int how : {SHUT_RD, SHUT_RDWR}) {
    auto listener = Listener::Open({.protocol = Protocol::kUnix, .path = folder / "s", .mode = 0640});
    ASSERT_TRUE(listener.ok()) << listener.status();
    const int number = listener->fd();
    const base::UniqueFd workers(fcntl(number, F_DUPFD_CLOEXEC, 0));
    pollfd entry = {number, POLLRDHUP, 0};
    EXPECT_EQ(poll(&entry, 1, 0), 0);
    ASSERT_EQ(shutdown(workers.get(), how), 0);
    EXPECT_EQ(poll(&entry, 1, 0), 1);
    EXPECT_EQ(ConnectUnix(folder / "s"), ECONNREFUSED);
    ASSERT_TRUE(listener->ListenAgain().ok());
    EXPECT_EQ(listener->fd(), number);
    EXPECT_EQ(fcntl(number, F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(poll(&entry, 1, 0), 0);
    EXPECT_EQ(ConnectUnix(folder / "s"), 0);
    struct stat file = {};
    ASSERT_EQ(stat((folder / "s").c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 07777, 0640u);
  }
  struct stat file = {};
  EXPECT_NE(stat((folder / "s").c_str(), &file), 0) << "the file was left behind";
}

// Under the same number, so that everybody who was told of it is right; what waits at the old one is not
// lost.
TEST(Listener, F97_AUnixSocketWhoseFileIsGoneIsOpenedAnew) {
  const TestFolder folder;
  auto listener = Listener::Open({.protocol = Protocol::kUnix, .path = folder / "s", .mode = 0640});
  ASSERT_TRUE(listener.ok());
  const int number = listener->fd();
  const base::UniqueFd workers(fcntl(number, F_DUPFD_CLOEXEC, 0));
  EXPECT_TRUE(listener->Reachable());
  ASSERT_EQ(unlink((folder / "s").c_str()), 0);
  EXPECT_FALSE(listener->Reachable());
  ASSERT_TRUE(listener->OpenAnew().ok());
  EXPECT_TRUE(listener->Reachable());
  EXPECT_EQ(listener->fd(), number);
  EXPECT_EQ(fcntl(number, F_GETFD), FD_CLOEXEC);
  struct stat file = {};
  ASSERT_EQ(stat((folder / "s").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777u, 0640u);
  // Two different sockets: the old one, which a worker holds, hears nothing of the new one's clients.
  struct stat old = {};
  struct stat anew = {};
  ASSERT_EQ(fstat(workers.get(), &old), 0);
  ASSERT_EQ(fstat(number, &anew), 0);
  EXPECT_NE(old.st_ino, anew.st_ino);
}

TEST(Listener, F97_WhatIsInTheWayIsLeftAndTheOldListenerKept) {
  const TestFolder folder;
  auto listener = Listener::Open({.protocol = Protocol::kUnix, .path = folder / "s"});
  ASSERT_TRUE(listener.ok());
  ASSERT_EQ(unlink((folder / "s").c_str()), 0);
  folder.Write("s", "precious");
  EXPECT_FALSE(listener->Reachable());
  EXPECT_EQ(listener->OpenAnew().message(),
            "cannot listen on " + (folder / "s") + ": a file that is not a socket is in the way");
  EXPECT_GE(fcntl(listener->fd(), F_GETFD), 0);
  EXPECT_EQ(folder.Read("s"), "precious");
}

// Connects without waiting; what becomes of it is seen at the listener, as over loopback the kernel has done
// it when this returns.
base::UniqueFd BeginToConnect(int port) {
  base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool begun = connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ||
                     errno == EINPROGRESS;
  EXPECT_TRUE(begun);
  return fd;
}

// How many connections wait in the queue; they are taken out of it.
int Queued(const Listener& listener) {
  for (int count = 0;; ++count) {
    const base::UniqueFd fd(accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) return count;
  }
}

TEST(Tcp, TurnedAwayConnectionsDoNotComeIntoTheQueueAndThoseInItStay) {
  auto listener = Listener::Open({.host = "127.0.0.1"});
  ASSERT_TRUE(listener.ok()) << listener.status();
  const int port = PortOf(*listener);
  const base::UniqueFd before = BeginToConnect(port);
  ASSERT_TRUE(listener->TurnAway().ok());
  const base::UniqueFd turned_away = BeginToConnect(port);
  EXPECT_EQ(Queued(*listener), 1);
  ASSERT_TRUE(listener->TakeBack().ok());
  const base::UniqueFd after = BeginToConnect(port);
  EXPECT_EQ(Queued(*listener), 1);
}

TEST(Tcp, ALongerQueueKeepsWhatIsInIt) {
  auto listener = Listener::Open({.host = "127.0.0.1", .backlog = 1});
  ASSERT_TRUE(listener.ok()) << listener.status();
  const base::UniqueFd before = BeginToConnect(PortOf(*listener));
  ASSERT_TRUE(listener->Change({.host = "127.0.0.1", .backlog = 16}).ok());
  std::vector<base::UniqueFd> more;
  for (int i = 0; i < 10; ++i) more.push_back(BeginToConnect(PortOf(*listener)));
  EXPECT_EQ(Queued(*listener), 11);
}

TEST(Tcp, OneAddressAndAllOfThemCanBeHadAtTheSameTimeInBothDirections) {
  for (const bool all_first : {true, false}) {
    auto first = Listener::Open({.host = all_first ? "" : "127.0.0.1"});
    ASSERT_TRUE(first.ok()) << first.status();
    const int port = PortOf(*first);
    ListenSpec spec = {.host = all_first ? "127.0.0.1" : "", .port = port};
    EXPECT_FALSE(Listener::Open(spec).ok());
    const base::UniqueFd queued = BeginToConnect(port);
    ASSERT_TRUE(first->ShareAddress().ok());
    spec.beside_another = true;
    auto second = Listener::Open(spec);
    ASSERT_TRUE(second.ok()) << second.status();
    // What waits stays where it is, and new ones go to the single address.
    const base::UniqueFd next = BeginToConnect(port);
    EXPECT_EQ(Queued(*first), all_first ? 1 : 2);
    EXPECT_EQ(Queued(*second), all_first ? 1 : 0);
  }
}

TEST(Tcp, TheAddressesOfANameAreTakenInPlaceOfLookingItUp) {
  auto listener = Listener::Open({.host = "no.such.host.invalid", .addresses = {"203.0.113.7", "127.0.0.1"}});
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_TRUE(listener->address().starts_with("127.0.0.1:"));
}

TEST(Unix, TheModeOfTheFileChangesAndTurningAwayRemovesIt) {
  const TestFolder folder;
  const std::string path = folder.path() + "/a.sock";
  auto listener = Listener::Open({.protocol = Protocol::kUnix, .path = path, .mode = 0600});
  ASSERT_TRUE(listener.ok()) << listener.status();
  ASSERT_TRUE(listener->Change({.protocol = Protocol::kUnix, .path = path, .mode = 0666}).ok());
  struct stat file = {};
  ASSERT_EQ(stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0666U);
  const int number = listener->fd();
  ASSERT_TRUE(listener->TurnAway().ok());
  EXPECT_EQ(ConnectUnix(path), ENOENT);
  ASSERT_TRUE(listener->TakeBack().ok());
  EXPECT_EQ(ConnectUnix(path), 0);
  EXPECT_EQ(listener->fd(), number);
}

TEST(Tcp, OneThatListensIsAdoptedWithItsQueue) {
  const ListenSpec spec{.host = "127.0.0.1"};
  base::UniqueFd fd;
  std::string address;
  base::UniqueFd waiting;
  {
    const auto first = Listener::Open(spec);
    ASSERT_TRUE(first.ok()) << first.status();
    address = first->address();
    waiting = BeginToConnect(PortOf(*first));
    fd.reset(dup(first->fd()));
  }
  const auto adopted = Listener::Adopt(spec, std::move(fd));
  ASSERT_TRUE(adopted.ok()) << adopted.status();
  EXPECT_EQ(adopted->address(), address);
  EXPECT_EQ(adopted->family(), AF_INET);
  EXPECT_EQ(adopted->type(), SOCK_STREAM);
  EXPECT_EQ(adopted->protocol(), IPPROTO_TCP);
  const base::UniqueFd accepted(accept(adopted->fd(), nullptr, nullptr));
  EXPECT_TRUE(accepted.valid());
  // What else is handed over as this is refused.
  EXPECT_EQ(Listener::Adopt({.protocol = ListenSpec::Protocol::kTcp6, .host = "::1"},
                            base::UniqueFd(dup(adopted->fd())))
                .status()
                .message(),
            "[::1]:0: the descriptor has another family");
  EXPECT_EQ(Listener::Adopt(spec, std::move(waiting)).status().message(),
            "127.0.0.1:0: the descriptor is no listening socket");
}

TEST(Unix, OneThatListensIsAdoptedAndCanBeOpenedAnew) {
  const TestFolder folder;
  const ListenSpec spec{.protocol = ListenSpec::Protocol::kUnix, .path = folder / "s", .mode = 0600};
  auto first = Listener::Open(spec);
  ASSERT_TRUE(first.ok()) << first.status();
  const base::UniqueFd copy(dup(first->fd()));
  auto adopted = Listener::Adopt(spec, base::UniqueFd(dup(copy.get())), first->file_identity());
  ASSERT_TRUE(adopted.ok()) << adopted.status();
  EXPECT_TRUE(adopted->Reachable());
  EXPECT_EQ(adopted->address(), folder / "s");
  std::filesystem::remove(folder / "s");
  EXPECT_FALSE(adopted->Reachable());
  ASSERT_TRUE(adopted->OpenAnew().ok());
  EXPECT_TRUE(adopted->Reachable());
}

}  // namespace
}  // namespace fectl::platform
