#include "worker_sdk/channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::internal {
namespace {

std::pair<base::UniqueFd, base::UniqueFd> MakePipe() {
  int fds[2];
  EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
  return {base::UniqueFd(fds[0]), base::UniqueFd(fds[1])};
}

bool Readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, 0) == 1;
}

class ChannelTest : public testing::Test {
 protected:
  ChannelTest() {
    auto down = MakePipe();
    auto up = MakePipe();
    master_write_ = std::move(down.second);
    master_read_ = std::move(up.first);
    read_fd_ = down.first.release();
    write_fd_ = up.second.release();
    auto channel = Channel::Open(read_fd_, write_fd_);
    EXPECT_TRUE(channel.ok()) << channel.status();
    channel_ = *std::move(channel);
  }
  void FillPipe() {
    const std::string block(4096, 'x');
    while (channel_->Write(block).value_or(0) > 0) {
    }
  }
  base::UniqueFd master_read_, master_write_;
  int read_fd_, write_fd_;
  std::unique_ptr<Channel> channel_;
};

TEST_F(ChannelTest, DescriptorsAreNonBlockingAndCloseOnExec) {
  for (int fd : {read_fd_, write_fd_}) {
    EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
}

TEST_F(ChannelTest, PollDescriptorTellsOfBytes) {
  char buffer[8];
  EXPECT_FALSE(Readable(channel_->poll_fd()));
  EXPECT_FALSE(channel_->Wait().read);
  EXPECT_EQ(channel_->Read(buffer, sizeof(buffer)), std::nullopt);
  ASSERT_EQ(write(master_write_.get(), "abc", 3), 3);
  EXPECT_TRUE(Readable(channel_->poll_fd()));
  EXPECT_TRUE(channel_->Wait().read);
  EXPECT_EQ(channel_->Read(buffer, sizeof(buffer)), 3u);
  EXPECT_FALSE(Readable(channel_->poll_fd()));
}

TEST_F(ChannelTest, EdgeTriggeredLoopsHearOfEveryCommand) {
  base::UniqueFd outer(epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  ASSERT_EQ(epoll_ctl(outer.get(), EPOLL_CTL_ADD, channel_->poll_fd(), &event), 0);
  for (int i = 0; i < 3; ++i) {
    char buffer[8];
    EXPECT_EQ(epoll_wait(outer.get(), &event, 1, 0), 0);
    ASSERT_EQ(write(master_write_.get(), "x", 1), 1);
    EXPECT_EQ(epoll_wait(outer.get(), &event, 1, 0), 1);
    EXPECT_TRUE(channel_->Wait().read);
    EXPECT_EQ(channel_->Read(buffer, sizeof(buffer)), 1u);
    EXPECT_EQ(channel_->Read(buffer, sizeof(buffer)), std::nullopt);
  }
}

TEST_F(ChannelTest, EndIsSeenAndThePollDescriptorIsQuietAfterShut) {
  char buffer[8];
  master_write_.reset();
  EXPECT_TRUE(Readable(channel_->poll_fd()));
  EXPECT_TRUE(channel_->Wait().read);
  EXPECT_EQ(channel_->Read(buffer, sizeof(buffer)), 0u);
  channel_->Shut();
  EXPECT_FALSE(Readable(channel_->poll_fd()));
  EXPECT_EQ(fcntl(read_fd_, F_GETFD), -1);
  EXPECT_EQ(fcntl(write_fd_, F_GETFD), -1);
}

TEST_F(ChannelTest, ShutIsQuietEvenIfACopyOfThePipeIsOpen) {
  base::UniqueFd copy(fcntl(read_fd_, F_DUPFD_CLOEXEC, 3));
  master_write_.reset();
  channel_->Shut();
  EXPECT_FALSE(Readable(channel_->poll_fd()));
}

TEST_F(ChannelTest, AReaderWhoLeftIsSeenWithoutWriting) {
  EXPECT_FALSE(channel_->Wait().broken);
  master_read_.reset();
  EXPECT_TRUE(Readable(channel_->poll_fd()));
  EXPECT_TRUE(channel_->Wait().broken);
}

TEST_F(ChannelTest, WritingWithoutReaderRaisesNoSignal) {
  master_read_.reset();
  EXPECT_EQ(channel_->Write("x"), std::nullopt);
  EXPECT_EQ(channel_->Write("x"), std::nullopt);
}

TEST_F(ChannelTest, FullPipeNeitherBlocksNorSpinsAndRoomIsTold) {
  FillPipe();
  EXPECT_EQ(channel_->Write("x"), 0u);
  EXPECT_FALSE(Readable(channel_->poll_fd()));
  channel_->WantRoom(true);
  EXPECT_FALSE(Readable(channel_->poll_fd()));
  char buffer[4096];
  ASSERT_EQ(read(master_read_.get(), buffer, sizeof(buffer)), 4096);
  EXPECT_TRUE(Readable(channel_->poll_fd()));
  EXPECT_EQ(channel_->Write("x"), 1u);
  channel_->WantRoom(false);
  EXPECT_FALSE(Readable(channel_->poll_fd()));
}

TEST_F(ChannelTest, WakeIsSeenOnce) {
  Wake(channel_->wake_fd());
  Wake(channel_->wake_fd());
  EXPECT_TRUE(Readable(channel_->poll_fd()));
  const Channel::Ready ready = channel_->Wait();
  EXPECT_FALSE(ready.read);
  EXPECT_FALSE(ready.broken);
  EXPECT_FALSE(Readable(channel_->poll_fd()));
}

TEST(ChannelOpenTest, RefusesWhatCannotBePolledAndLeavesItOpen) {
  auto pipe = MakePipe();
  base::UniqueFd regular(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  auto channel = Channel::Open(regular.get(), pipe.second.get());
  EXPECT_FALSE(channel.ok());
  EXPECT_NE(fcntl(pipe.second.get(), F_GETFD), -1);
}

TEST(CheckTest, SaysWhatIsWrongWithADescriptor) {
  auto pipe = MakePipe();
  EXPECT_TRUE(CheckPipeEnd(pipe.first.get(), true).ok());
  EXPECT_TRUE(CheckPipeEnd(pipe.second.get(), false).ok());
  const std::string first = std::to_string(pipe.first.get());
  EXPECT_EQ(CheckPipeEnd(pipe.first.get(), false).message(),
            "descriptor " + first + " is not open for writing");
  EXPECT_EQ(CheckPipeEnd(pipe.second.get(), true).message(),
            "descriptor " + std::to_string(pipe.second.get()) + " is not open for reading");
  EXPECT_EQ(CheckSocket(pipe.first.get()).message(), "descriptor " + first + " is not a socket");
  pipe.first.reset();
  EXPECT_EQ(CheckPipeEnd(std::stoi(first), true).message(), "descriptor " + first + " is not open");
  EXPECT_EQ(CheckSocket(std::stoi(first)).message(), "descriptor " + first + " is not open");
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_TRUE(CheckSocket(socket.get()).ok());
}

}  // namespace
}  // namespace fectl::internal
