#include "master/platform/sockets/unix_listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "master/platform/testing/test_exchanged_link.h"
#include "master/platform/testing/test_folder.h"
#include "master/platform/testing/test_process.h"
#include "master/platform/testing/test_shared.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::platform {
namespace {

// 0, or errno.
int Connect(const std::string& path) {
  const base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const base::UnixAddress address(path);
  return connect(fd.get(), address.get(), address.size()) == 0 ? 0 : errno;
}

// A bound socket of some other program, listening or not.
base::UniqueFd Stranger(const std::string& path, int type, bool listening) {
  base::UniqueFd fd(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  const base::UnixAddress address(path);
  EXPECT_EQ(bind(fd.get(), address.get(), address.size()), 0);
  if (listening) {
    EXPECT_EQ(listen(fd.get(), 1), 0);
  }
  return fd;
}

struct stat FileAt(const std::string& path) {
  struct stat file = {};
  EXPECT_EQ(lstat(path.c_str(), &file), 0);
  return file;
}

std::string Refusal(const std::string& path) {
  return std::string(UnixListener::Open({.path = path}).status().message());
}

TEST(UnixListener, ListensAndRemovesItsFileAtTheEnd) {
  const TestFolder folder;
  const std::string path = folder / "s";
  {
    const auto listener = UnixListener::Open({.path = path});
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_EQ(listener->path(), path);
    EXPECT_EQ(Connect(path), 0);
    EXPECT_TRUE(listener->FileIsOurs());
    EXPECT_TRUE(fcntl(listener->fd(), F_GETFD) & FD_CLOEXEC);
    EXPECT_TRUE(fcntl(listener->fd(), F_GETFL) & O_NONBLOCK);
  }
  EXPECT_EQ(folder.size(), 0u);
}

TEST(UnixListener, TheModeIsExactWhateverTheUmask) {
  const TestFolder folder;
  for (const mode_t mask : {0, 022, 0777}) {
    for (const mode_t mode : {0600, 0660, 0666}) {
      const mode_t before = umask(mask);
      const auto listener = UnixListener::Open({.path = folder / "s", .mode = mode});
      EXPECT_EQ(umask(before), mask);
      ASSERT_TRUE(listener.ok()) << listener.status();
      EXPECT_EQ(FileAt(folder / "s").st_mode & 07777, mode);
    }
  }
}

TEST(UnixListener, SetsTheOwner) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const TestFolder folder;
  const auto listener = UnixListener::Open({.path = folder / "s", .owner = 54321, .group = 54322});
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ(FileAt(folder / "s").st_uid, 54321u);
  EXPECT_EQ(FileAt(folder / "s").st_gid, 54322u);
}

TEST(UnixListener, ReplacesWhatADeadProcessLeft) {
  const TestFolder folder;
  Stranger(folder / "s", SOCK_STREAM, true).reset();
  EXPECT_EQ(Connect(folder / "s"), ECONNREFUSED);
  const auto listener = UnixListener::Open({.path = folder / "s"});
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ(Connect(folder / "s"), 0);
}

TEST(UnixListener, RefusesALiveSocketAndLeavesIt) {
  const TestFolder folder;
  const std::string path = folder / "s";
  const std::string words = "cannot listen on " + path + ": another process listens there";
  {
    const base::UniqueFd other = Stranger(path, SOCK_STREAM, true);
    EXPECT_EQ(Refusal(path), words);
    // Its queue being full does not make it dead.
    std::vector<base::UniqueFd> waiting;
    int error = 0;
    for (int i = 0; i < 10 && error == 0; ++i) error = Connect(path);
    EXPECT_EQ(error, EAGAIN);
    EXPECT_EQ(Refusal(path), words);
  }
  std::filesystem::remove(path);
  const base::UniqueFd other = Stranger(path, SOCK_DGRAM, false);
  EXPECT_EQ(Refusal(path), words);
  EXPECT_EQ(folder.size(), 1u);
}

TEST(UnixListener, NeverFollowsASymbolicLink) {
  const TestFolder folder;
  const std::string path = folder / "s";
  folder.Write("secret", "untouched");
  for (const char* target : {"secret", "nowhere"}) {
    std::filesystem::create_symlink(folder / target, path);
    EXPECT_EQ(Refusal(path), "cannot listen on " + path + ": a symbolic link is in the way");
    EXPECT_TRUE(std::filesystem::is_symlink(path));
    std::filesystem::remove(path);
  }
  // Not even to a socket that is dead and could be replaced.
  Stranger(folder / "dead", SOCK_STREAM, true).reset();
  std::filesystem::create_symlink(folder / "dead", path);
  EXPECT_EQ(Refusal(path), "cannot listen on " + path + ": a symbolic link is in the way");
  EXPECT_EQ(folder.Read("secret"), "untouched");
  EXPECT_FALSE(std::filesystem::exists(folder / "nowhere"));
}

TEST(UnixListener, LeavesOtherFilesAlone) {
  const TestFolder folder;
  const std::string path = folder.Write("s", "text");
  EXPECT_EQ(Refusal(path), "cannot listen on " + path + ": a file that is not a socket is in the way");
  EXPECT_EQ(folder.Read("s"), "text");
}

TEST(UnixListener, SaysWhatIsWrongWithThePath) {
  const TestFolder folder;
  const std::string missing = folder / "no/s";
  EXPECT_EQ(Refusal(missing), "cannot listen on " + missing + ": the folder " + folder.path() +
                                  "/no: No such file or directory");
  const std::string longest = folder / std::string(107 - folder.path().size() - 1, 'x');
  EXPECT_TRUE(UnixListener::Open({.path = longest}).ok());
  const std::string too_long = longest + "x";
  EXPECT_EQ(Refusal(too_long),
            "cannot listen on " + too_long + ": the path has 108 bytes, the system allows 107");
  EXPECT_EQ(Refusal(""), "cannot listen on : the path does not name a file");
}

TEST(UnixListener, DoesNotRemoveAnothersFile) {
  const TestFolder folder;
  {
    const auto listener = UnixListener::Open({.path = folder / "s"});
    ASSERT_TRUE(listener.ok());
    std::filesystem::remove(folder / "s");
    EXPECT_FALSE(listener->FileIsOurs());
    folder.Write("s", "a stranger's");
    EXPECT_FALSE(listener->FileIsOurs());
  }
  EXPECT_EQ(folder.Read("s"), "a stranger's");
}

TEST(UnixListener, ACopyOfTheProcessDoesNotRemoveTheFile) {
  const TestFolder folder;
  auto listener = std::make_unique<UnixListener>(*UnixListener::Open({.path = folder / "s"}));
  TestProcess process([&] {
    listener.reset();
    return 0;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
  EXPECT_EQ(Connect(folder / "s"), 0);
}

TEST(UnixListener, ReleaseKeepsFileAndListener) {
  const TestFolder folder;
  base::UniqueFd fd;
  {
    auto listener = UnixListener::Open({.path = folder / "s"});
    ASSERT_TRUE(listener.ok());
    fd = listener->Release();
  }
  EXPECT_EQ(Connect(folder / "s"), 0);
}

// Another user tries to connect all the time while sockets appear with a mode that forbids it.
// FECTL_STRANGERS_TRIES=1000000 (--test_env) makes it a long one.
TEST(UnixListener, NoStrangerGetsInAtAnyMoment) {
  if (geteuid() != 0) GTEST_SKIP() << "needs a second user";
  const TestFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  const std::string path = folder / "s";
  const char* wanted = std::getenv("FECTL_STRANGERS_TRIES");
  const int tries = wanted == nullptr ? 20'000 : std::atoi(wanted);
  const Shared<std::atomic<int>> refusals;  // by a socket that was there
  TestProcess stranger([&] {
    if (setresuid(54321, 54321, 54321) != 0) return 1;
    while (getppid() != 1) {
      const int error = Connect(path);
      if (error == 0) return 2;
      if (error == EACCES) ++*refusals;
    }
    return 0;
  });
  while (*refusals < tries && !LookAt(stranger.pid()).has_value()) {
    ASSERT_TRUE(UnixListener::Open({.path = path}).ok());
  }
  EXPECT_FALSE(LookAt(stranger.pid()).has_value()) << "a stranger has connected";
}

TEST(UnixListener, AFolderThatIsExchangedAllTheTimeCostsNobodyAFile) {
  EXPECT_TRUE(StrangersFolderStays(
      [](const std::string& path) {
        // What a dead process left is removed.
        if (!std::filesystem::exists(path)) Stranger(path, SOCK_STREAM, true).reset();
      },
      [](const std::string& path) { return UnixListener::Open({.path = path}).ok(); }));
}

TEST(UnixListener, OneThatListensIsAdoptedWithItsQueueAndItsFile) {
  const TestFolder folder;
  const std::string path = folder / "s";
  auto first = UnixListener::Open({.path = path});
  ASSERT_TRUE(first.ok()) << first.status();
  const FileIdentity file = first->file_identity();
  base::UniqueFd fd = first->Release();  // as in another process
  base::UniqueFd waiting(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const base::UnixAddress address(path);
  ASSERT_EQ(connect(waiting.get(), address.get(), address.size()), 0);
  fcntl(fd.get(), F_SETFL, 0);  // blocks, and is not close-on-exec
  fcntl(fd.get(), F_SETFD, 0);
  {
    const auto adopted = UnixListener::Adopt(path, std::move(fd), file);
    ASSERT_TRUE(adopted.ok()) << adopted.status();
    EXPECT_TRUE(adopted->FileIsOurs());
    EXPECT_EQ(fcntl(adopted->fd(), F_GETFD), FD_CLOEXEC);
    const base::UniqueFd accepted(accept(adopted->fd(), nullptr, nullptr));
    EXPECT_TRUE(accepted.valid());
    EXPECT_LT(accept(adopted->fd(), nullptr, nullptr), 0);  // does not wait
    EXPECT_EQ(errno, EAGAIN);
  }
  EXPECT_EQ(access(path.c_str(), F_OK), -1);  // it was its own
}

TEST(UnixListener, WhatIsAdoptedMustListenUnderThePath) {
  const TestFolder folder;
  const auto other = UnixListener::Open({.path = folder / "other"});
  ASSERT_TRUE(other.ok()) << other.status();
  const auto refusal = [&](int fd) {
    return std::string(UnixListener::Adopt(folder / "s", base::UniqueFd(dup(fd)), {}).status().message());
  };
  EXPECT_EQ(refusal(other->fd()), folder / "s" + ": the descriptor listens somewhere else");
  const base::UniqueFd file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(refusal(file.get()), folder / "s" + ": the descriptor is no listening socket");
  const base::UniqueFd bound = Stranger(folder / "bound", SOCK_STREAM, /*listening=*/false);
  EXPECT_EQ(refusal(bound.get()), folder / "s" + ": the descriptor is no listening socket");
}

TEST(UnixListener, AFileThatWasReplacedBeforeTheAdoptionIsNotOurs) {
  const TestFolder folder;
  const std::string path = folder / "s";
  auto first = UnixListener::Open({.path = path});
  ASSERT_TRUE(first.ok()) << first.status();
  const FileIdentity file = first->file_identity();
  base::UniqueFd fd = first->Release();
  std::filesystem::remove(path);
  const base::UniqueFd stranger = Stranger(path, SOCK_STREAM, /*listening=*/true);
  {
    const auto adopted = UnixListener::Adopt(path, std::move(fd), file);
    ASSERT_TRUE(adopted.ok()) << adopted.status();
    EXPECT_FALSE(adopted->FileIsOurs());
  }
  EXPECT_EQ(Connect(path), 0);  // the stranger's is left alone
}

}  // namespace
}  // namespace fectl::platform
