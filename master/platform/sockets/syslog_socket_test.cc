#include "master/platform/sockets/syslog_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "master/platform/testing/test_folder.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::platform {
namespace {

class Daemon {
 public:
  explicit Daemon(const std::string& path) : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const base::UnixAddress address(path);
    EXPECT_EQ(bind(fd_.get(), address.get(), address.size()), 0);
  }
  // Empty: there is none.
  std::string Next() {
    std::array<char, 4096> text = {};
    const ssize_t bytes = recv(fd_.get(), text.data(), text.size(), MSG_DONTWAIT);
    return std::string(text.data(), bytes > 0 ? bytes : 0);
  }

 private:
  base::UniqueFd fd_;
};

class SyslogSocketTest : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC", 1);
    tzset();
  }
  TestFolder folder_;
  SyslogSocket log_{"fectl", LOG_LOCAL7, folder_ / "log"};
};

TEST_F(SyslogSocketTest, SendsWhatDaemonsExpect) {
  Daemon daemon(folder_ / "log");
  EXPECT_TRUE(log_.Send(LOG_WARNING, 5 * 86400, "some text"));
  EXPECT_EQ(daemon.Next(), "<188>Jan  6 00:00:00 fectl[" + std::to_string(getpid()) + "]: some text");
}

TEST_F(SyslogSocketTest, WithoutADaemonLinesAreLostUntilThereIsOne) {
  EXPECT_FALSE(log_.Send(LOG_INFO, 0, "nobody hears"));
  {
    Daemon first(folder_ / "log");
    EXPECT_TRUE(log_.Send(LOG_INFO, 0, "one"));
  }
  EXPECT_FALSE(log_.Send(LOG_INFO, 0, "it has gone"));
  unlink((folder_ / "log").c_str());
  Daemon second(folder_ / "log");
  EXPECT_TRUE(log_.Send(LOG_INFO, 0, "two"));
  EXPECT_TRUE(second.Next().ends_with("]: two"));
}

TEST_F(SyslogSocketTest, F87_ADaemonThatReadsNothingIsNotWaitedFor) {
  Daemon daemon(folder_ / "log");
  bool lost = false;
  for (int i = 0; i < 10'000 && !lost; ++i) lost = !log_.Send(LOG_INFO, 0, std::string(1000, 'x'));
  EXPECT_TRUE(lost);
  while (!daemon.Next().empty()) {
  }
  EXPECT_TRUE(log_.Send(LOG_INFO, 0, "it reads again"));
}

}  // namespace
}  // namespace fectl::platform
