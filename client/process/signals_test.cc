#include "client/process/signals.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "client/process/child.h"

namespace fectl::client {
namespace {

TEST(Signals, AreHeardAndHaveNoOtherEffect) {
  absl::StatusOr<Signals> signals = Signals::Hear();
  ASSERT_TRUE(signals.ok()) << signals.status();
  EXPECT_EQ(signals->Take(), std::nullopt);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    kill(getpid(), number);
    EXPECT_EQ(signals->Take(), number);
  }
}

TEST(Signals, TheEndOfAChildIsHeard) {
  absl::StatusOr<Signals> signals = Signals::Hear();
  ASSERT_TRUE(signals.ok());
  absl::StatusOr<Child> child = Child::Start({.arguments = {"true"}});
  ASSERT_TRUE(child.ok());
  pollfd ready = {signals->fd(), POLLIN, 0};
  ASSERT_EQ(poll(&ready, 1, 60'000), 1);
  EXPECT_EQ(signals->Take(), SIGCHLD);
  EXPECT_TRUE(child->TakeEnd().has_value());
}

TEST(Signals, AHangupThatIsIgnoredStaysIgnored) {
  signal(SIGHUP, SIG_IGN);
  {
    absl::StatusOr<Signals> signals = Signals::Hear();
    ASSERT_TRUE(signals.ok());
    kill(getpid(), SIGHUP);
    EXPECT_EQ(signals->Take(), std::nullopt);
  }
  signal(SIGHUP, SIG_DFL);
}

TEST(Signals, WhatWasBlockedBeforeIsBlockedAgain) {
  {
    absl::StatusOr<Signals> signals = Signals::Hear();
    ASSERT_TRUE(signals.ok());
    kill(getpid(), SIGTERM);  // nobody takes it: it has no effect later
  }
  sigset_t now;
  sigprocmask(SIG_BLOCK, nullptr, &now);
  EXPECT_EQ(sigismember(&now, SIGTERM), 0);
}

}  // namespace
}  // namespace fectl::client
