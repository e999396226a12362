#include "master/platform/loop/signals.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "master/platform/testing/test_process.h"
#include "proto_spec/base/signal_name.h"

namespace fectl::platform {
namespace {

bool Readable(int fd) {
  pollfd entry = {fd, POLLIN, 0};
  return poll(&entry, 1, 0) == 1;
}

TEST(Signals, ComeThroughTheDescriptor) {
  const auto signals = *Signals::Create();
  EXPECT_FALSE(Readable(signals->fd()));
  EXPECT_TRUE(signals->Take().empty());
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGCHLD, SIGUSR1}) {
    raise(number);
    EXPECT_TRUE(Readable(signals->fd()));
    const auto taken = signals->Take();
    ASSERT_EQ(taken.size(), 1u) << base::SignalName(number);
    EXPECT_EQ(taken[0].number, number);
    EXPECT_EQ(taken[0].sender_pid, getpid());
    EXPECT_EQ(taken[0].sender_uid, getuid());
  }
  EXPECT_FALSE(Readable(signals->fd()));
}

TEST(Signals, TheSameSignalManyTimesIsOneEntry) {
  const auto signals = *Signals::Create();
  for (int i = 0; i < 500; ++i) raise(SIGCHLD);
  raise(SIGHUP);
  EXPECT_EQ(signals->Take().size(), 2u);
}

TEST(Signals, ABrokenPipeIsAnErrorAndNoSignal) {
  const auto signals = *Signals::Create();
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  base::UniqueFd read_end(ends[0]);
  const base::UniqueFd write_end(ends[1]);
  read_end.reset();
  EXPECT_EQ(write(write_end.get(), "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
}

TEST(Signals, AnIgnoredChildSignalIsMadeDefault) {
  struct sigaction ignored = {};
  ignored.sa_handler = SIG_IGN;
  struct sigaction before = {};
  sigaction(SIGCHLD, &ignored, &before);
  struct sigaction now = {};
  {
    const auto signals = *Signals::Create();
    sigaction(SIGCHLD, nullptr, &now);
    EXPECT_EQ(now.sa_handler, SIG_DFL);
  }
  sigaction(SIGCHLD, &before, &now);
  EXPECT_EQ(now.sa_handler, SIG_IGN);
}

TEST(Signals, WhatComesBeforeTheExitDoesNotMakeItsStatus) {
  TestProcess process([] {
    {
      const auto signals = *Signals::Create();
      signals->StayForExit();
    }
    raise(SIGTERM);
    return 7;
  });
  EXPECT_EQ(process.Wait(), "exited with code 7");
}

TEST(Signals, EverythingIsPutBack) {
  sigset_t before;
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  {
    const auto signals = *Signals::Create();
    // Pending at the end; delivered then, it would end the test.
    raise(SIGTERM);
  }
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (int number = 1; number < 32; ++number) {
    EXPECT_EQ(sigismember(&before, number), sigismember(&after, number)) << number;
  }
  struct sigaction pipe = {};
  sigaction(SIGPIPE, nullptr, &pipe);
  EXPECT_EQ(pipe.sa_handler, SIG_DFL);
}

}  // namespace
}  // namespace fectl::platform
