// What a journal gets of lines is tested end to end (testdata/e2e/test_log_targets.py); here, what no line is
// long enough for.

#include "master/logger/sinks/journald_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

#include "proto_spec/base/unique_fd.h"

namespace fectl::logger {
namespace {

TEST(SendAsMemory, TheFileHasTheMessageAndIsSealed) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
  const base::UniqueFd in(ends[0]);
  const base::UniqueFd out(ends[1]);
  const std::string message(1 << 20, 'x');
  ASSERT_TRUE(SendAsMemory(out.get(), message).ok());

  int fd = -1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fd)> control = {};
  msghdr header = {};
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ASSERT_EQ(recvmsg(in.get(), &header, MSG_CMSG_CLOEXEC), 0) << "nothing but the descriptor";
  ASSERT_NE(CMSG_FIRSTHDR(&header), nullptr);
  std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof fd);
  const base::UniqueFd file(fd);
  EXPECT_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  std::string found(message.size() + 1, '\0');
  ASSERT_EQ(pread(fd, found.data(), found.size(), 0), static_cast<ssize_t>(message.size()));
  found.pop_back();
  EXPECT_EQ(found, message);
}

TEST(SendAsMemory, WhereNobodyListensThatIsSaid) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
  const base::UniqueFd out(ends[1]);
  close(ends[0]);
  EXPECT_FALSE(SendAsMemory(out.get(), "x").ok());
}

}  // namespace
}  // namespace fectl::logger
