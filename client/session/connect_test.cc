#include "client/session/connect.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "client/session/clock.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::client {
namespace {

using testing::HasSubstr;

class ConnectTest : public testing::Test {
 protected:
  ConnectTest() {
    char directory[] = "/tmp/fectl-connect-XXXXXX";
    EXPECT_NE(mkdtemp(directory), nullptr);
    directory_ = directory;
    path_ = directory_ + "/s";
  }
  ~ConnectTest() override { std::filesystem::remove_all(directory_); }

  base::UniqueFd Listen(int backlog) {
    base::UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const base::UnixAddress address(path_);
    EXPECT_EQ(bind(listener.get(), address.get(), address.size()), 0);
    if (backlog >= 0) {
      EXPECT_EQ(listen(listener.get(), backlog), 0);
    }
    return listener;
  }

  static Limits Within(int64_t ms) { return {.deadline_ms = MonotonicMs() + ms, .timeout_ms = ms}; }

  std::string directory_;
  std::string path_;
};

TEST_F(ConnectTest, GivesANonBlockingConnection) {
  const base::UniqueFd listener = Listen(1);
  const absl::StatusOr<base::UniqueFd> fd = Connect(path_, {});
  ASSERT_TRUE(fd.ok()) << fd.status();
  EXPECT_NE(fcntl(fd->get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(fd->get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(ConnectTest, SaysThatThereIsNoSocket) {
  const absl::Status status = Connect(path_, {}).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_EQ(
      std::string(status.message()),
      "no fectld is listening on " + path_ +
          ": No such file or directory (start one with fectld -c FILE, or name its socket with --sock)");
}

TEST_F(ConnectTest, SaysThatTheMasterHasGone) {
  Listen(-1);
  const absl::Status status = Connect(path_, {}).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("its fectld has gone and left the file behind"));
}

TEST_F(ConnectTest, SaysThatTheFileIsNoSocket) {
  const base::UniqueFd file(open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  const absl::Status status = Connect(path_, {}).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("the file is no socket"));
}

TEST_F(ConnectTest, SaysThatItIsForbidden) {
  if (geteuid() == 0) GTEST_SKIP() << "root may use every socket";
  const base::UniqueFd listener = Listen(1);
  chmod(path_.c_str(), 0);
  const absl::Status status = Connect(path_, {}).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("Permission denied"));
}

TEST_F(ConnectTest, RefusesPathsWhichCanBeNoSockets) {
  EXPECT_TRUE(absl::IsInvalidArgument(Connect("", {}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Connect(std::string(108, 'x'), {}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Connect(std::string("a\0b", 3), {}).status()));
}

TEST_F(ConnectTest, EscapesThePath) {
  EXPECT_THAT(std::string(Connect("\033[31m", {}).status().message()), HasSubstr("on \\x1b[31m:"));
}

TEST_F(ConnectTest, WaitsForAPlaceInAFullQueue) {
  const base::UniqueFd listener = Listen(0);
  const absl::StatusOr<base::UniqueFd> first = Connect(path_, {});  // fills the queue
  ASSERT_TRUE(first.ok());
  absl::StatusOr<base::UniqueFd> second = absl::UnknownError("not yet");
  std::thread waiting([&] { second = Connect(path_, Within(60'000)); });
  // Whether the thread is waiting by now or will not have to, it gets its place.
  const base::UniqueFd first_accepted(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const base::UniqueFd second_accepted(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  waiting.join();
  EXPECT_TRUE(second.ok()) << second.status();
}

TEST_F(ConnectTest, DoesNotWaitForEver) {
  const base::UniqueFd listener = Listen(0);
  const absl::StatusOr<base::UniqueFd> first = Connect(path_, {});
  const absl::Status late = Connect(path_, Within(20)).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(late)) << late;
  EXPECT_THAT(std::string(late.message()), HasSubstr("no answer within 20 ms"));
  const absl::Status silent = Connect(path_, {.silence_ms = 20}).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(silent)) << silent;
  EXPECT_THAT(std::string(silent.message()), HasSubstr("fectld does not answer"));
}

}  // namespace
}  // namespace fectl::client
