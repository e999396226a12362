#include "worker_sdk/run/notify/notify_socket.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/base/unix_address.h"
#include "worker_sdk/run/notify/private_folder.h"

namespace fectl::run {
namespace {

using fectl::base::UniqueFd;
using fectl::base::UnixAddress;

void Say(const std::string& path, const std::string& text) {
  const UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const UnixAddress address(path);
  EXPECT_EQ(sendto(fd.get(), text.data(), text.size(), 0, address.get(), address.size()),
            static_cast<ssize_t>(text.size()));
}

class NotifySocketTest : public testing::Test {
 protected:
  void SetUp() override {
    auto folder = PrivateFolder::Make();
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = *std::move(folder);
    auto opened = NotifySocket::Open(*folder_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    socket_ = *std::move(opened);
  }

  std::unique_ptr<PrivateFolder> folder_;
  std::unique_ptr<NotifySocket> socket_;
};

TEST_F(NotifySocketTest, OnlyItsUserReachesItAndNothingIsLeft) {
  struct stat status = {};
  ASSERT_EQ(stat(folder_->path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
  const std::string path = folder_->path();
  socket_.reset();
  folder_.reset();
  EXPECT_EQ(access(path.c_str(), F_OK), -1);
}

TEST_F(NotifySocketTest, DatagramsComeInOrderWithTheirSender) {
  EXPECT_FALSE(socket_->Receive(getpid()).has_value());
  Say(socket_->path(), "READY=1");
  Say(socket_->path(), "STATUS=x");
  auto first = socket_->Receive(getpid());
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->text, "READY=1");
  EXPECT_EQ(first->sender, getpid());
  EXPECT_FALSE(first->foreign);
  EXPECT_EQ(socket_->Receive(getpid())->text, "STATUS=x");
}

// systemd-notify waits until the descriptor that comes with BARRIER=1 is closed.
TEST_F(NotifySocketTest, DescriptorsThatComeAlongAreClosed) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  const UniqueFd out(ends[0]);
  UniqueFd in(ends[1]);
  const UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const UnixAddress address(socket_->path());
  ASSERT_EQ(connect(fd.get(), address.get(), address.size()), 0);
  char text[] = "BARRIER=1";
  iovec bytes = {text, sizeof text - 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof(int));
  const int passed = in.get();
  memcpy(CMSG_DATA(part), &passed, sizeof passed);
  ASSERT_GT(sendmsg(fd.get(), &message, 0), 0);
  in.reset();
  char byte = 0;
  EXPECT_EQ(read(out.get(), &byte, 1), -1) << "the datagram still holds it";
  EXPECT_EQ(socket_->Receive(getpid())->text, "BARRIER=1");
  EXPECT_EQ(read(out.get(), &byte, 1), 0);
}

// A process in a session of its own that lives until its pipe is closed.
struct Stranger {
  pid_t pid = -1;
  UniqueFd hold;

  explicit Stranger(bool grandchild) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    hold.reset(ends[1]);
    int told[2];
    EXPECT_EQ(pipe2(told, O_CLOEXEC), 0);
    const pid_t child = fork();
    if (child == 0) {
      setsid();
      const pid_t own = grandchild ? fork() : 0;
      if (own > 0) _exit(0);
      const pid_t self = getpid();
      if (write(told[1], &self, sizeof self) != sizeof self) _exit(1);
      hold.reset();
      char byte;
      _exit(static_cast<int>(read(ends[0], &byte, 1)));
    }
    const UniqueFd our_end(ends[0]), told_out(told[0]);
    UniqueFd told_in(told[1]);
    told_in.reset();
    EXPECT_EQ(read(told_out.get(), &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
    if (grandchild) {
      EXPECT_EQ(waitpid(child, nullptr, 0), child);
    }
    reaped = grandchild;
  }
  ~Stranger() {
    hold.reset();
    if (!reaped) waitpid(pid, nullptr, 0);
  }
  bool reaped = false;
};

TEST(BelongsTo, OurSessionAndTheProgramsDescendantsDo) {
  EXPECT_TRUE(BelongsTo(getpid(), 1));
  const Stranger child(/*grandchild=*/false);
  EXPECT_TRUE(BelongsTo(child.pid, child.pid));
  EXPECT_TRUE(BelongsTo(child.pid, getpid()));
  EXPECT_FALSE(BelongsTo(child.pid, child.pid + 1));
  EXPECT_FALSE(BelongsTo(0, getpid())) << "what the kernel says of other process number spaces";
  // Neither our session nor below us any more: its parent has ended.
  const Stranger orphan(/*grandchild=*/true);
  EXPECT_FALSE(BelongsTo(orphan.pid, child.pid));
}

TEST(PrivateFolders, ThoseOfTheKilledAreRemovedAndOthersAreNot) {
  std::string base = ::testing::TempDir() + "/foldersXXXXXX";
  if (base.size() > 60) base = "/tmp/foldersXXXXXX";
  ASSERT_NE(mkdtemp(base.data()), nullptr);
  const auto make = [&](const std::string& name, bool keep_open) {
    const std::string path = base + "/" + name;
    EXPECT_EQ(mkdir(path.c_str(), 0700), 0);
    UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const UnixAddress address(path + "/notify");
    EXPECT_EQ(bind(fd.get(), address.get(), address.size()), 0);
    if (!keep_open) fd.reset();
    return fd;
  };
  const UniqueFd left = make("fectl-run-left", false);
  const UniqueFd used = make("fectl-run-used", true);
  const UniqueFd other = make("other", false);
  ASSERT_EQ(mkdir((base + "/fectl-run-new").c_str(), 0700), 0);
  RemoveLeftFolders(base);
  EXPECT_EQ(access((base + "/fectl-run-left").c_str(), F_OK), -1);
  for (const char* name : {"fectl-run-used", "other", "fectl-run-new"}) {
    EXPECT_EQ(access((base + "/" + name).c_str(), F_OK), 0) << name;
    unlink((base + "/" + name + "/notify").c_str());
    rmdir((base + "/" + name).c_str());
  }
  EXPECT_EQ(rmdir(base.c_str()), 0);
}

}  // namespace
}  // namespace fectl::run
