#include "worker_sdk/run/notify/notification.h"

#include "gtest/gtest.h"

namespace fectl::run {
namespace {

TEST(Notification, EachWord) {
  EXPECT_EQ(ReadNotification("READY=1"), (Notification{.ready = true}));
  EXPECT_EQ(ReadNotification("RELOADING=1\nMONOTONIC_USEC=7"), (Notification{.reloading = true}));
  EXPECT_EQ(ReadNotification("STOPPING=1\n"), (Notification{.stopping = true}));
  EXPECT_EQ(ReadNotification("WATCHDOG=1"), (Notification{.watchdog = true}));
  EXPECT_EQ(ReadNotification("WATCHDOG=trigger"), (Notification{.watchdog_trigger = true}));
  EXPECT_EQ(ReadNotification("STATUS=a = b"), (Notification{.status = "a = b"}));
  EXPECT_EQ(ReadNotification("EXTEND_TIMEOUT_USEC=2500000"), (Notification{.extend_ms = 2'500}));
  EXPECT_EQ(ReadNotification("MAINPID=17"), (Notification{.main_pid = true}));
}

TEST(Notification, SeveralInOneDatagram) {
  EXPECT_EQ(ReadNotification("READY=1\nSTATUS=serving\nWATCHDOG=1\nMAINPID=1"),
            (Notification{.ready = true, .watchdog = true, .status = "serving", .main_pid = true}));
}

TEST(Notification, WhatMeansNothingIsPassedOver) {
  for (const char* text :
       {"", "\n\n", "READY", "READY=0", "READY=11", "ready=1", "FDSTORE=1\nFDNAME=x", "BARRIER=1", "ERRNO=2",
        "WATCHDOG=2", "EXTEND_TIMEOUT_USEC=x", "EXTEND_TIMEOUT_USEC=-1", "=", "X_MINE=1"}) {
    EXPECT_EQ(ReadNotification(text), Notification{}) << text;
  }
  EXPECT_EQ(ReadNotification("EXTEND_TIMEOUT_USEC=9223372036854775807").extend_ms, int64_t{30} * 86'400'000);
}

}  // namespace
}  // namespace fectl::run
