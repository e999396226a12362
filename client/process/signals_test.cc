#include "client/process/signals.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "client/process/child.h"

namespace fectl::client {
namespace {

TEST(Signals, AreTakenAndHaveNoOtherEffect) {
  absl::StatusOr<Signals> signals = Signals::Block();
  ASSERT_TRUE(signals.ok()) << signals.status();
  EXPECT_EQ(signals->Take(), std::nullopt);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    kill(getpid(), number);
    EXPECT_EQ(signals->Take(), number);
  }
}

TEST(Signals, TheEndOfAChildIsTaken) {
  absl::StatusOr<Signals> signals = Signals::Block();
  ASSERT_TRUE(signals.ok());
  absl::StatusOr<Child> child = Child::Start({.arguments = {"true"}});
  ASSERT_TRUE(child.ok());
  pollfd ready = {signals->fd(), POLLIN, 0};
  ASSERT_EQ(poll(&ready, 1, 60'000), 1);
  EXPECT_EQ(signals->Take(), SIGCHLD);
  EXPECT_TRUE(child->TakeEnd().has_value());
}

TEST(Signals, WhatIsIgnoredStaysIgnored) {
  for (const int number : {SIGHUP, SIGINT, SIGTERM}) {
    signal(number, SIG_IGN);
    {
      absl::StatusOr<Signals> signals = Signals::Block();
      ASSERT_TRUE(signals.ok());
      kill(getpid(), number);
      EXPECT_EQ(signals->Take(), std::nullopt) << number;
    }
    signal(number, SIG_DFL);
  }
}

TEST(Signals, TheEndOfAChildIsTakenWhereItsSignalWasIgnored) {
  signal(SIGCHLD, SIG_IGN);
  absl::StatusOr<Signals> signals = Signals::Block();
  ASSERT_TRUE(signals.ok());
  absl::StatusOr<Child> child = Child::Start({.arguments = {"false"}});
  ASSERT_TRUE(child.ok());
  pollfd ready = {signals->fd(), POLLIN, 0};
  ASSERT_EQ(poll(&ready, 1, 60'000), 1);
  const std::optional<int> end = child->TakeEnd();
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(EndText(*end), "ended with exit status 1");
}

TEST(Signals, WhatWasBlockedBeforeIsBlockedAgainAndTheRestIsNot) {
  sigset_t before;
  sigemptyset(&before);
  sigaddset(&before, SIGHUP);
  ASSERT_EQ(sigprocmask(SIG_SETMASK, &before, nullptr), 0);
  {
    absl::StatusOr<Signals> signals = Signals::Block();
    ASSERT_TRUE(signals.ok());
    kill(getpid(), SIGTERM);  // not taken: it has no effect later
  }
  sigset_t now;
  sigprocmask(SIG_BLOCK, nullptr, &now);
  EXPECT_EQ(sigismember(&now, SIGTERM), 0);
  EXPECT_EQ(sigismember(&now, SIGHUP), 1);
  sigprocmask(SIG_UNBLOCK, &before, nullptr);
}

}  // namespace
}  // namespace fectl::client
