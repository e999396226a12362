#include "master/platform/children/pipes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

namespace fectl::platform {
namespace {

bool Blocks(const base::UniqueFd& fd) {
  return (fcntl(fd.get(), F_GETFL) & O_NONBLOCK) == 0;
}
bool ClosedAtExec(const base::UniqueFd& fd) {
  return (fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0;
}

TEST(Pipes, OnlyTheMastersEndsOfAChannelDoNotBlock) {
  const auto pipes = OpenChannelPipes();
  ASSERT_TRUE(pipes.ok());
  EXPECT_FALSE(Blocks(pipes->master_read));
  EXPECT_FALSE(Blocks(pipes->master_write));
  EXPECT_TRUE(Blocks(pipes->worker_read));
  EXPECT_TRUE(Blocks(pipes->worker_write));
  for (const base::UniqueFd* fd :
       {&pipes->master_read, &pipes->master_write, &pipes->worker_read, &pipes->worker_write}) {
    EXPECT_TRUE(ClosedAtExec(*fd));
  }
}

TEST(Pipes, AChannelLeadsBothWays) {
  const auto pipes = OpenChannelPipes();
  ASSERT_TRUE(pipes.ok());
  char got[2] = {};
  ASSERT_EQ(write(pipes->master_write.get(), "a", 1), 1);
  EXPECT_EQ(read(pipes->worker_read.get(), got, 2), 1);
  EXPECT_EQ(got[0], 'a');
  ASSERT_EQ(write(pipes->worker_write.get(), "b", 1), 1);
  EXPECT_EQ(read(pipes->master_read.get(), got, 2), 1);
  EXPECT_EQ(got[0], 'b');
  EXPECT_EQ(read(pipes->master_read.get(), got, 2), -1);
  EXPECT_EQ(errno, EAGAIN);
}

// What a worker does to the mode of its ends does not reach the master's.
TEST(Pipes, AWorkerCannotMakeTheMasterBlock) {
  const auto pipes = OpenChannelPipes();
  ASSERT_TRUE(pipes.ok());
  ASSERT_EQ(fcntl(pipes->worker_write.get(), F_SETFL, O_NONBLOCK), 0);
  ASSERT_EQ(fcntl(pipes->worker_write.get(), F_SETFL, 0), 0);
  EXPECT_FALSE(Blocks(pipes->master_read));
}

TEST(Pipes, AnOutputPipeBlocksItsWriterOnly) {
  const auto pipe = OpenOutputPipe();
  ASSERT_TRUE(pipe.ok());
  EXPECT_FALSE(Blocks(pipe->read));
  EXPECT_TRUE(Blocks(pipe->write));
  EXPECT_TRUE(ClosedAtExec(pipe->read));
  EXPECT_TRUE(ClosedAtExec(pipe->write));
}

}  // namespace
}  // namespace fectl::platform
