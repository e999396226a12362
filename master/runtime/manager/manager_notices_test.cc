#include "master/runtime/manager/manager_notices.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "master/core/basis/time.h"
#include "master/core/boundary/policy.h"
#include "master/core/service/service.h"
#include "master/platform/notify/notify_socket.h"
#include "master/platform/testing/test_folder.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::runtime {
namespace {

using Messages = std::vector<std::string>;

class ManagerNoticesTest : public testing::Test {
 protected:
  void SetUp() override { Listen(); }

  void Listen() {
    manager_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const base::UnixAddress address(folder_ / "notify");
    ASSERT_EQ(bind(manager_.get(), address.get(), address.size()), 0);
  }
  void Leave() {
    manager_.reset();
    unlink((folder_ / "notify").c_str());
  }

  platform::NotifySocket Socket(const char* watchdog_usec = nullptr) {
    setenv("NOTIFY_SOCKET", (folder_ / "notify").c_str(), 1);
    if (watchdog_usec != nullptr) setenv("WATCHDOG_USEC", watchdog_usec, 1);
    return platform::NotifySocket::FromEnvironment();
  }

  // What has come, the line of status left out where it is not looked at, and times.
  Messages Taken() {
    Messages messages;
    std::array<char, 512> text = {};
    ssize_t bytes = 0;
    while ((bytes = recv(manager_.get(), text.data(), text.size(), MSG_DONTWAIT)) > 0) {
      std::string message(text.data(), bytes);
      if (const size_t at = message.find("MONOTONIC_USEC="); at != std::string::npos)
        message.replace(at + 15, message.find('\n', at) - at - 15, "T");
      messages.push_back(message);
    }
    return messages;
  }

  Messages Turn(ManagerNotices& notices, const Going& going) {
    notices.OnTurn(now_, going);
    return Taken();
  }

  platform::TestFolder folder_;
  base::UniqueFd manager_;
  core::Instant now_{5'000'000'000};
  std::string status_ = "one";
};

TEST_F(ManagerNoticesTest, TellsTheStartAnApplicationAndTheEnd) {
  ManagerNotices notices(Socket(), [this] { return status_; });
  EXPECT_EQ(Turn(notices, {}), Messages{"EXTEND_TIMEOUT_USEC=30000000\nSTATUS=one"});
  EXPECT_EQ(notices.next_deadline(), now_ + core::Seconds(1));  // that turn came before the next line
  EXPECT_EQ(Turn(notices, {}), Messages{});
  now_ = now_ + core::Seconds(10);
  EXPECT_EQ(Turn(notices, {}), Messages{"EXTEND_TIMEOUT_USEC=30000000"});
  status_ = "two";
  EXPECT_EQ(Turn(notices, {.up = true}), Messages{"READY=1\nSTATUS=two"});
  EXPECT_EQ(Turn(notices, {.up = true}), Messages{});
  EXPECT_EQ(Turn(notices, {.up = true, .applications = 1, .applying = true}),
            Messages{"RELOADING=1\nMONOTONIC_USEC=T\nEXTEND_TIMEOUT_USEC=30000000"});
  EXPECT_EQ(Turn(notices, {.up = true, .applications = 1, .applying = true}), Messages{});
  EXPECT_EQ(Turn(notices, {.up = true, .applications = 1}), Messages{"READY=1"});
  // One that is over within a turn, as when a file is refused at once.
  EXPECT_EQ(Turn(notices, {.up = true, .applications = 2}),
            (Messages{"RELOADING=1\nMONOTONIC_USEC=T\nEXTEND_TIMEOUT_USEC=30000000", "READY=1"}));
  status_ = "last";
  EXPECT_EQ(Turn(notices, {.up = true, .stopping = true, .applications = 2}),
            Messages{"STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000\nSTATUS=last"});
  EXPECT_EQ(Turn(notices, {.up = true, .stopping = true, .applications = 2}), Messages{});
  now_ = now_ + core::Seconds(10);
  EXPECT_EQ(Turn(notices, {.up = true, .stopping = true, .applications = 2}),
            Messages{"EXTEND_TIMEOUT_USEC=30000000"});
}

TEST_F(ManagerNoticesTest, AnApplicationDuringTheStartBelongsToIt) {
  ManagerNotices notices(Socket(), [] { return "x"; });
  Turn(notices, {.applications = 1, .applying = true});
  EXPECT_EQ(Turn(notices, {.applications = 1}), Messages{});
  EXPECT_EQ(Turn(notices, {.up = true, .applications = 1}), Messages{"READY=1"});
  EXPECT_EQ(Turn(notices, {.up = true, .applications = 1}), Messages{});
}

TEST_F(ManagerNoticesTest, OneThatOutlivesTheStartIsTold) {
  ManagerNotices notices(Socket(), [] { return "x"; });
  Turn(notices, {.applications = 1, .applying = true});
  EXPECT_EQ(Turn(notices, {.up = true, .applications = 1, .applying = true}),
            (Messages{"READY=1", "RELOADING=1\nMONOTONIC_USEC=T\nEXTEND_TIMEOUT_USEC=30000000"}));
  EXPECT_EQ(Turn(notices, {.up = true, .applications = 1}), Messages{"READY=1"});
}

TEST_F(ManagerNoticesTest, AStartThatIsStoppedIsNeverReady) {
  ManagerNotices notices(Socket(), [] { return "x"; });
  Turn(notices, {});
  EXPECT_EQ(Turn(notices, {.stopping = true}), Messages{"STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000"});
  EXPECT_EQ(Turn(notices, {.up = true, .stopping = true}), Messages{});
}

TEST_F(ManagerNoticesTest, ABurstOfChangesIsOneLine) {
  ManagerNotices notices(Socket(), [this] { return status_; });
  Turn(notices, {.up = true});
  for (const char* const status : {"two", "three", "four"}) {
    status_ = status;
    EXPECT_EQ(Turn(notices, {.up = true}), Messages{});
  }
  EXPECT_EQ(notices.next_deadline(), now_ + core::Seconds(1));
  now_ = notices.next_deadline();
  EXPECT_EQ(Turn(notices, {.up = true}), Messages{"STATUS=four"});
  EXPECT_EQ(notices.next_deadline(), core::kNever);
}

TEST_F(ManagerNoticesTest, TheWatchdogIsFedTwiceInItsTime) {
  ManagerNotices notices(Socket("4000000"), [] { return "x"; });
  EXPECT_EQ(Turn(notices, {.up = true}).front(), "WATCHDOG=1");
  Turn(notices, {.up = true});
  now_ = now_ + core::Milliseconds(1999);
  EXPECT_EQ(Turn(notices, {.up = true}), Messages{});
  EXPECT_EQ(notices.next_deadline(), now_ + core::Milliseconds(1));
  now_ = notices.next_deadline();
  EXPECT_EQ(Turn(notices, {.up = true}), Messages{"WATCHDOG=1"});
}

TEST_F(ManagerNoticesTest, WhatCouldNotBeSentIsSentWhenTheManagerIsBack) {
  ManagerNotices notices(Socket(), [this] { return status_; });
  Turn(notices, {});
  Leave();
  notices.OnTurn(now_, {.up = true});
  EXPECT_EQ(notices.next_deadline(), now_ + core::Milliseconds(500));
  Listen();
  EXPECT_EQ(Turn(notices, {.up = true}), Messages{});
  now_ = notices.next_deadline();
  status_ = "up";
  EXPECT_EQ(Turn(notices, {.up = true}), Messages{"READY=1\nSTATUS=up"});
}

TEST_F(ManagerNoticesTest, WhereNobodyWantsToKnowNothingIsDue) {
  ManagerNotices notices({}, []() -> std::string { abort(); });
  notices.OnTurn(now_, {.up = true});
  EXPECT_EQ(notices.next_deadline(), core::kNever);
}

TEST(StatusLine, CountsServicesAndWorkers) {
  std::vector<core::Service> services;
  EXPECT_EQ(StatusLine(services, false), "0 services, 0/0 ready");
  core::Plan plan;
  plan.policy.name = "web";
  plan.policy.num = 3;
  services.emplace_back(core::ServiceId{1}, plan);
  // It was not started yet: none of its workers are missed.
  EXPECT_EQ(StatusLine(services, false), "1 service, 0/0 ready");
  EXPECT_EQ(StatusLine(services, true), "stopping, 0 processes left");
}

}  // namespace
}  // namespace fectl::runtime
