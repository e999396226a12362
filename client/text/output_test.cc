#include "client/text/output.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "proto_spec/base/unique_fd.h"

namespace fectl::client {
namespace {

class OutputTest : public testing::Test {
 protected:
  OutputTest() { signal(SIGPIPE, SIG_IGN); }
};

TEST_F(OutputTest, WritesBoth) {
  int out[2], err[2];
  ASSERT_EQ(pipe2(out, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(err, O_CLOEXEC), 0);
  base::UniqueFd out_read(out[0]), out_write(out[1]), err_read(err[0]), err_write(err[1]);
  Output output(out_write.get(), err_write.get());
  output.Out("one");
  output.Err("two");
  char text[8] = {};
  EXPECT_EQ(read(out_read.get(), text, sizeof text), 3);
  EXPECT_STREQ(text, "one");
  EXPECT_EQ(read(err_read.get(), text, sizeof text), 3);
  EXPECT_STREQ(text, "two");
  EXPECT_EQ(output.write_error(), 0);
}

TEST_F(OutputTest, AReaderWhichHasGoneIsNoFailure) {
  int out[2];
  ASSERT_EQ(pipe2(out, O_CLOEXEC), 0);
  base::UniqueFd(out[0]).reset();
  base::UniqueFd out_write(out[1]);
  Output output(out_write.get(), out_write.get());
  output.Out("one");
  output.Out("two");
  output.Err("three");
  EXPECT_EQ(output.write_error(), 0);
}

TEST_F(OutputTest, AFullDiskIsOne) {
  base::UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full.valid());
  Output output(full.get(), full.get());
  output.Out("one");
  EXPECT_EQ(output.write_error(), ENOSPC);
}

}  // namespace
}  // namespace fectl::client
