#include "master/platform/sockets/control_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "master/platform/credentials/identity.h"
#include "master/platform/testing/test_folder.h"
#include "master/platform/testing/test_process.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::platform {
namespace {

// Not valid: errno says why.
base::UniqueFd Connect(const std::string& path) {
  base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const base::UnixAddress address(path);
  if (connect(fd.get(), address.get(), address.size()) != 0) fd.reset();
  return fd;
}

std::string Refusal(const std::string& path) {
  return std::string(ControlSocket::Open(path).status().message());
}

TEST(ControlSocket, IsPrivateAndLeavesNothing) {
  const TestFolder folder;
  {
    const auto control = ControlSocket::Open(folder / "fectld.sock");
    ASSERT_TRUE(control.ok()) << control.status();
    EXPECT_EQ((*control)->path(), folder / "fectld.sock");
    for (const char* name : {"fectld.sock", "fectld.sock.lock"}) {
      struct stat file = {};
      ASSERT_EQ(lstat((folder / name).c_str(), &file), 0);
      EXPECT_EQ(file.st_mode & 07777, 0600u) << name;
    }
    EXPECT_EQ(folder.Read("fectld.sock.lock"), std::to_string(getpid()) + "\n");
    EXPECT_EQ(folder.size(), 2u);
  }
  EXPECT_EQ(folder.size(), 0u);
}

TEST(ControlSocket, KnowsWhoConnects) {
  const TestFolder folder;
  const auto control = *ControlSocket::Open(folder / "s");
  auto nobody = control->Accept();
  ASSERT_TRUE(nobody.ok());
  EXPECT_FALSE(nobody->has_value());
  const base::UniqueFd client = Connect(folder / "s");
  ASSERT_TRUE(client.valid());
  const auto peer = control->Accept();
  ASSERT_TRUE(peer.ok());
  ASSERT_TRUE(peer->has_value());
  EXPECT_EQ((*peer)->pid, getpid());
  EXPECT_EQ((*peer)->uid, geteuid());
  EXPECT_EQ((*peer)->gid, getegid());
  EXPECT_TRUE(fcntl((*peer)->fd.get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_TRUE(fcntl((*peer)->fd.get(), F_GETFL) & O_NONBLOCK);
  ASSERT_EQ(write(client.get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(read((*peer)->fd.get(), &byte, 1), 1);
}

TEST(ControlSocket, AnotherUserCannotConnect) {
  if (geteuid() != 0) GTEST_SKIP() << "needs a second user";
  const TestFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  const auto control = *ControlSocket::Open(folder / "s");
  TestProcess stranger([&] {
    if (setresuid(54321, 54321, 54321) != 0) return 1;
    return !Connect(folder / "s").valid() && errno == EACCES ? 0 : 2;
  });
  EXPECT_EQ(stranger.Wait(), "exited with code 0");
}

TEST(ControlSocket, ASecondMasterIsToldOfTheFirst) {
  const TestFolder folder;
  const auto control = *ControlSocket::Open(folder / "s");
  TestProcess second([&] {
    const std::string words =
        "another fectld (pid " + std::to_string(getppid()) + ") already serves " + (folder / "s");
    return Refusal(folder / "s") == words ? 0 : 1;
  });
  EXPECT_EQ(second.Wait(), "exited with code 0");
  EXPECT_TRUE(control->Reachable());
  EXPECT_TRUE(Connect(folder / "s").valid());
  // Even with its socket's file gone the first one holds the place.
  std::filesystem::remove(folder / "s");
  TestProcess third([&] { return ControlSocket::Open(folder / "s").ok() ? 1 : 0; });
  EXPECT_EQ(third.Wait(), "exited with code 0");
}

TEST(ControlSocket, WhatAKilledMasterLeftIsReplaced) {
  const TestFolder folder;
  {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const base::UniqueFd hears(ends[0]);
    const base::UniqueFd tells(ends[1]);
    TestProcess killed([&] {
      const auto control = ControlSocket::Open(folder / "s");
      if (write(tells.get(), "x", 1) != 1) return 1;
      while (true) pause();
    });
    char byte;
    ASSERT_EQ(read(hears.get(), &byte, 1), 1);
    EXPECT_TRUE(Connect(folder / "s").valid());
  }
  EXPECT_EQ(folder.size(), 2u);
  const auto control = ControlSocket::Open(folder / "s");
  ASSERT_TRUE(control.ok()) << control.status();
  EXPECT_TRUE(Connect(folder / "s").valid());
}

TEST(ControlSocket, AStrangerIsLeftAloneAndTheLockGivenBack) {
  const TestFolder folder;
  const std::string path = folder / "s";
  const auto stranger = UnixListener::Open({.path = path});
  ASSERT_TRUE(stranger.ok());
  EXPECT_EQ(Refusal(path), "cannot listen on " + path + ": another process listens there");
  EXPECT_TRUE(Connect(path).valid());
  EXPECT_EQ(folder.size(), 1u);
}

TEST(ControlSocket, SaysWhatIsWrongWithThePath) {
  const TestFolder folder;
  const std::string missing = folder / "no/s";
  EXPECT_EQ(Refusal(missing), "cannot listen on " + missing + ": the folder " + folder.path() +
                                  "/no: No such file or directory");
  const std::string too_long = folder / std::string(107, 'x');
  EXPECT_EQ(Refusal(too_long), "cannot listen on " + too_long + ": the path has " +
                                   std::to_string(too_long.size()) + " bytes, the system allows 107");
  EXPECT_EQ(folder.size(), 0u);
  std::filesystem::create_symlink("/etc/passwd", folder / "s.lock");
  EXPECT_EQ(Refusal(folder / "s"),
            "cannot create " + (folder / "s.lock") + ": a symbolic link is in the way");
}

TEST(ControlSocket, ComesBackWhenItsFileWasRemoved) {
  const TestFolder folder;
  const auto control = *ControlSocket::Open(folder / "s");
  EXPECT_TRUE(control->Reachable());
  std::filesystem::remove(folder / "s");
  EXPECT_FALSE(control->Reachable());
  ASSERT_TRUE(control->Reopen().ok());
  EXPECT_TRUE(control->Reachable());
  const base::UniqueFd client = Connect(folder / "s");
  ASSERT_TRUE(client.valid());
  const auto peer = control->Accept();
  ASSERT_TRUE(peer.ok());
  EXPECT_TRUE(peer->has_value());
  // Somebody else's file in its place is no reason to give the old listener up.
  std::filesystem::remove(folder / "s");
  folder.Write("s", "text");
  EXPECT_FALSE(control->Reopen().ok());
  EXPECT_EQ(folder.Read("s"), "text");
}

TEST(ControlSocket, WithoutADescriptorAClientIsSentAway) {
  const TestFolder folder;
  TestProcess process([&] {
    const auto control = *ControlSocket::Open(folder / "s");
    const base::UniqueFd first = Connect(folder / "s");
    const base::UniqueFd second = Connect(folder / "s");
    rlimit limit = {};
    getrlimit(RLIMIT_NOFILE, &limit);
    const base::UniqueFd highest(dup(0));
    const rlimit tight = {static_cast<rlim_t>(highest.get()) + 1, limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &tight);
    for (const base::UniqueFd* client : {&first, &second}) {
      if (control->Accept().status().code() != absl::StatusCode::kResourceExhausted) return 1;
      char byte;
      if (read(client->get(), &byte, 1) != 0) return 2;
    }
    setrlimit(RLIMIT_NOFILE, &limit);
    const base::UniqueFd third = Connect(folder / "s");
    const auto peer = control->Accept();
    return peer.ok() && peer->has_value() ? 0 : 3;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

TEST(ControlSocket, CanBelongToTheUserThatTheMasterBecomes) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const TestFolder folder;
  const Identity owner = {54321, 54322, {}};
  const auto control = ControlSocket::Open(folder / "s", {}, &owner);
  ASSERT_TRUE(control.ok()) << control.status();
  struct stat file = {};
  ASSERT_EQ(lstat((folder / "s").c_str(), &file), 0);
  EXPECT_EQ(file.st_uid, 54321u);
  EXPECT_EQ(file.st_gid, 54322u);
  EXPECT_EQ(file.st_mode & 07777, 0600u);
}

// Descriptors that a client pushes are refused or dropped, never kept.
TEST(ControlSocket, TakesNoDescriptors) {
  const TestFolder folder;
  const auto control = *ControlSocket::Open(folder / "s");
  const base::UniqueFd client = Connect(folder / "s");
  const auto peer = control->Accept();
  ASSERT_TRUE(peer.ok() && peer->has_value());
  char byte = 'x';
  iovec part = {&byte, 1};
  alignas(cmsghdr) char control_bytes[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control_bytes;
  message.msg_controllen = sizeof(control_bytes);
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int pushed = client.get();
  memcpy(CMSG_DATA(header), &pushed, sizeof(pushed));
  const auto count = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  const auto before = count();
  if (sendmsg(client.get(), &message, MSG_NOSIGNAL) == 1) {
    EXPECT_EQ(read((*peer)->fd.get(), &byte, 1), 1);
  } else {
    EXPECT_EQ(errno, EPERM);
  }
  EXPECT_EQ(count(), before);
}

TEST(ControlSocket, IsAdoptedWithItsLockAndItsWaitingClients) {
  const TestFolder folder;
  const std::string path = folder / "sock";
  auto first = ControlSocket::Open(path);
  ASSERT_TRUE(first.ok()) << first.status();
  auto parts = (*first)->Copy();
  ASSERT_TRUE(parts.ok()) << parts.status();
  const auto adopted = ControlSocket::Adopt(path, {}, *std::move(parts));
  ASSERT_TRUE(adopted.ok()) << adopted.status();
  const base::UniqueFd client = Connect(path);
  EXPECT_TRUE((*adopted)->Reachable());
  const auto peer = (*adopted)->Accept();
  ASSERT_TRUE(peer.ok() && peer->has_value());
  EXPECT_EQ((*peer)->pid, getpid());
  // The lock is held on.
  EXPECT_TRUE(absl::IsAlreadyExists(ControlSocket::Open(path).status()));
}

TEST(ControlSocket, WithoutTheLockNothingIsAdopted) {
  const TestFolder folder;
  const std::string path = folder / "sock";
  auto first = ControlSocket::Open(path);
  ASSERT_TRUE(first.ok()) << first.status();
  auto parts = (*first)->Copy();
  ASSERT_TRUE(parts.ok()) << parts.status();
  parts->lock.reset(open((path + ".lock").c_str(), O_RDONLY | O_CLOEXEC));  // the file, but not the lock
  EXPECT_EQ(ControlSocket::Adopt(path, {}, *std::move(parts)).status().message(),
            path + ".lock: the descriptor does not hold the lock");
}

}  // namespace
}  // namespace fectl::platform
