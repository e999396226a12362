#include "worker_sdk/termination.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gtest/gtest.h"
#include "proto_spec/base/unique_fd.h"
#include "worker_sdk/channel.h"

namespace fectl::internal {
namespace {

bool Readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, 0) == 1;
}

using Handler = void (*)(int);
Handler Disposition() {
  struct sigaction action {};
  sigaction(SIGTERM, nullptr, &action);
  return action.sa_handler;
}

TEST(TerminationTest, SigtermWakesInsteadOfKilling) {
  auto wake = MakeWakeFd();
  ASSERT_TRUE(wake.ok());
  NoticeTermination(wake->get());
  EXPECT_FALSE(TakeTermination(wake->get()));
  raise(SIGTERM);
  EXPECT_TRUE(Readable(wake->get()));
  EXPECT_TRUE(TakeTermination(wake->get()));
  EXPECT_FALSE(TakeTermination(wake->get()));
  ForgetTermination(wake->get());
  EXPECT_EQ(Disposition(), SIG_DFL);
}

TEST(TerminationTest, TheApplicationsOwnHandlerStays) {
  signal(SIGTERM, SIG_IGN);
  auto wake = MakeWakeFd();
  ASSERT_TRUE(wake.ok());
  NoticeTermination(wake->get());
  EXPECT_EQ(Disposition(), SIG_IGN);
  ForgetTermination(wake->get());
  EXPECT_EQ(Disposition(), SIG_IGN);
  signal(SIGTERM, SIG_DFL);
}

TEST(TerminationTest, AHandlerSetLaterStays) {
  auto wake = MakeWakeFd();
  ASSERT_TRUE(wake.ok());
  NoticeTermination(wake->get());
  signal(SIGTERM, SIG_IGN);
  ForgetTermination(wake->get());
  EXPECT_EQ(Disposition(), SIG_IGN);
  signal(SIGTERM, SIG_DFL);
}

TEST(TerminationTest, SignalThatComesBehindTheEndOfAStoppedWorkerDoesNotKill) {
  auto wake = MakeWakeFd();
  ASSERT_TRUE(wake.ok());
  NoticeTermination(wake->get());
  ForgetTermination(wake->get(), /*told_to_stop=*/true);
  raise(SIGTERM);

  // The next worker of the same process hears of it again.
  auto next = MakeWakeFd();
  ASSERT_TRUE(next.ok());
  NoticeTermination(next->get());
  raise(SIGTERM);
  EXPECT_TRUE(TakeTermination(next->get()));
  ForgetTermination(next->get());
  EXPECT_EQ(Disposition(), SIG_DFL);
}

TEST(TerminationTest, TheLastOneGetsTheNotices) {
  auto first = MakeWakeFd(), second = MakeWakeFd();
  ASSERT_TRUE(first.ok() && second.ok());
  NoticeTermination(first->get());
  NoticeTermination(second->get());
  ForgetTermination(first->get());
  raise(SIGTERM);
  EXPECT_FALSE(TakeTermination(first->get()));
  EXPECT_TRUE(TakeTermination(second->get()));
  ForgetTermination(second->get());
}

TEST(TerminationDeathTest, AForkedChildDiesOfItAsBefore) {
  auto wake = MakeWakeFd();
  ASSERT_TRUE(wake.ok());
  NoticeTermination(wake->get());
  // gtest's death test runs the statement in a forked child.
  EXPECT_EXIT(raise(SIGTERM), testing::KilledBySignal(SIGTERM), "");
  EXPECT_FALSE(Readable(wake->get()));
  ForgetTermination(wake->get());
}

// As a shell would start it: a program that does not touch its signals. How it ended.
int EndOfSleeper() {
  const pid_t child = fork();
  if (child == 0) {
    execl("/bin/sleep", "sleep", "60", nullptr);
    _exit(127);
  }
  kill(child, SIGTERM);
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

TEST(TerminationTest, SIG_IGN_ProgramsThatAWorkerStartsEndOnSigterm) {
  auto wake = MakeWakeFd();
  ASSERT_TRUE(wake.ok());
  NoticeTermination(wake->get());
  EXPECT_EQ(WTERMSIG(EndOfSleeper()), SIGTERM);
  ForgetTermination(wake->get(), /*told_to_stop=*/true);
  // Ignored, it would stay ignored over exec.
  EXPECT_NE(Disposition(), SIG_IGN);
  EXPECT_EQ(WTERMSIG(EndOfSleeper()), SIGTERM);
  EXPECT_EXIT(raise(SIGTERM), testing::KilledBySignal(SIGTERM), "");
  raise(SIGTERM);  // and the worker itself lives
  NoticeTermination(wake->get());
  ForgetTermination(wake->get());
  EXPECT_EQ(Disposition(), SIG_DFL);
}

}  // namespace
}  // namespace fectl::internal
