#include "master/platform/children/children.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/platform/children/children_wait.h"
#include "master/platform/children/test_children.h"
#include "master/platform/testing/test_process.h"
#include "master/platform/testing/test_syscall_filter.h"

namespace fectl::platform {
namespace {

TEST_F(ChildrenTest, TellsHowAProcessEnded) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"exit 0", "exited with code 0"},
      {"exit 3", "exited with code 3"},
      {"kill -KILL $$", "killed by SIGKILL"},
      {"ulimit -c 0; kill -SEGV $$", "killed by SIGSEGV"},
  };
  for (const auto& [script, words] : cases) {
    Observer observer;
    const auto child = children_.Adopt(Start(script), &observer);
    ASSERT_TRUE(Wait([&] { return observer.calls > 0; })) << script;
    EXPECT_EQ(observer.last, words);
    EXPECT_TRUE(child->reaped());
  }
  EXPECT_EQ(children_.running(), 0u);
  EXPECT_EQ(loop_->watched(), 0u);
}

TEST_F(ChildrenTest, LooksThenActsThenReaps) {
  const auto child = children_.Adopt(Start("exit 1"), &observer_);
  const pid_t pid = child->pid();
  EXPECT_EQ(children_.running(), 1u);
  ASSERT_TRUE(Wait([&] { return observer_.calls > 0; }));
  // While the observer ran the number was still ours.
  EXPECT_EQ(observer_.pid_then, pid);
  EXPECT_EQ(observer_.state_then, 'Z');
  // And now it is anybody's, so nothing can be sent to it.
  EXPECT_EQ(StateOf(pid), '-');
  EXPECT_EQ(child->pid(), 0);
  EXPECT_EQ(child->Signal(SIGKILL).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(child->SignalGroup(SIGKILL).code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(observer_.calls, 1);
}

TEST_F(ChildrenTest, SignalsOneProcessOrItsGroup) {
  Lifeline lifeline;
  // The second process of the group does not end with the first, until the group is signalled.
  const auto child = children_.Adopt(
      Start("trap 'exit 9' TERM; sleep 1000 & echo ready; while :; do wait; done", &lifeline), &observer_);
  EXPECT_EQ(lifeline.ReadLine(), "ready");
  ASSERT_TRUE(child->Signal(SIGTERM).ok());
  ASSERT_TRUE(Wait([&] { return observer_.calls > 0; }));
  EXPECT_EQ(observer_.last, "exited with code 9");
  EXPECT_TRUE(lifeline.AllGone());

  Lifeline second;
  Observer other;
  const auto group = children_.Adopt(Start("sleep 1000 & echo ready; sleep 1000", &second), &other);
  EXPECT_EQ(second.ReadLine(), "ready");
  ASSERT_TRUE(group->SignalGroup(SIGINT).ok());
  ASSERT_TRUE(group->SignalGroup(SIGTERM).ok());
  ASSERT_TRUE(Wait([&] { return other.calls > 0; }));
  EXPECT_TRUE(second.AllGone());
}

TEST_F(ChildrenTest, AZombieTakesSignalsWithoutEffect) {
  const auto child = children_.Adopt(Start("exit 5"), &observer_);
  siginfo_t info = {};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child->pid()), &info, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(child->Signal(SIGTERM).ok());
  EXPECT_TRUE(child->SignalGroup(SIGTERM).ok());
  ASSERT_TRUE(Wait([&] { return observer_.calls > 0; }));
  EXPECT_EQ(observer_.last, "exited with code 5");
}

TEST_F(ChildrenTest, NothingOfTheGroupOutlivesItsLeader) {
  Lifeline lifeline;
  const auto child =
      children_.Adopt(Start("trap '' TERM HUP INT; sleep 1000 & sleep 1000 & exit 0", &lifeline), &observer_);
  ASSERT_TRUE(Wait([&] { return observer_.calls > 0; }));
  EXPECT_TRUE(lifeline.AllGone());
}

TEST_F(ChildrenTest, TheObserverMayDestroyTheChild) {
  std::unique_ptr<Child> child = children_.Adopt(Start("exit 0"), &observer_);
  observer_.then = [&](Child& ended) {
    EXPECT_EQ(&ended, child.get());
    child.reset();
  };
  ASSERT_TRUE(Wait([&] { return observer_.calls > 0; }));
  EXPECT_EQ(children_.running(), 0u);
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(observer_.calls, 1);
}

TEST_F(ChildrenTest, TheObserverMayDestroyAnotherChildAndStartOne) {
  Lifeline lifeline;
  std::unique_ptr<Child> other = children_.Adopt(Start("sleep 1000", &lifeline), &observer_);
  std::unique_ptr<Child> replacement;
  Observer second;
  observer_.then = [&](Child&) {
    other.reset();
    replacement = children_.Adopt(Start("exit 6"), &second);
  };
  const std::unique_ptr<Child> child = children_.Adopt(Start("exit 0"), &observer_);
  ASSERT_TRUE(Wait([&] { return second.calls > 0; }));
  EXPECT_EQ(second.last, "exited with code 6");
  EXPECT_EQ(observer_.calls, 1);
  EXPECT_TRUE(lifeline.AllGone());
}

TEST_F(ChildrenTest, DestroyingARunningChildEndsItsGroup) {
  Lifeline lifeline;
  std::unique_ptr<Child> child = children_.Adopt(
      Start("trap '' TERM HUP INT; sleep 1000 & echo ready; while :; do wait; done", &lifeline), &observer_);
  EXPECT_EQ(lifeline.ReadLine(), "ready");
  child.reset();
  EXPECT_TRUE(NoChildren());
  EXPECT_TRUE(lifeline.AllGone());
  EXPECT_EQ(observer_.calls, 0);
  EXPECT_EQ(children_.running(), 0u);
}

TEST_F(ChildrenTest, AReleasedChildGoesOn) {
  std::unique_ptr<Child> child = children_.Adopt(Start("exec sleep 1000"), &observer_);
  const pid_t pid = child->Release();
  EXPECT_EQ(child->pid(), 0);
  child.reset();
  EXPECT_EQ(children_.running(), 0u);
  EXPECT_FALSE(LookAt(pid).has_value());
  ASSERT_TRUE(SendSignal(pid, -1, SIGKILL).ok());
  Reap(pid);
}

TEST_F(ChildrenTest, OutlivedByItsChildren) {
  auto family = std::make_unique<Children>(loop_.get());
  const std::unique_ptr<Child> child = family->Adopt(Start("exec sleep 1000"), &observer_);
  family.reset();
  EXPECT_EQ(loop_->watched(), 0u);
}

TEST_F(ChildrenTest, ASignalNeedsTheNumberOfAChild) {
  for (const pid_t number : {0, 1, -1, -77}) {
    EXPECT_EQ(SendSignal(number, -1, 0).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(SendSignalToGroup(number, 0).code(), absl::StatusCode::kInvalidArgument);
  }
}

// Somebody else reaped it: the end is reported and the number is not touched again.
TEST_F(ChildrenTest, AStolenChildIsReportedAndLeftAlone) {
  const std::unique_ptr<Child> child = children_.Adopt(Start("exit 0"), &observer_);
  Reap(child->pid());
  ASSERT_TRUE(Wait([&] { return observer_.calls > 0; }));
  EXPECT_EQ(observer_.last, "ended in an unknown way");
  EXPECT_EQ(observer_.pid_then, 0);
  EXPECT_EQ(loop_->watched(), 0u);
}

TEST_F(SweepTest, ReapsOrphansOfOthers) {
  Lifeline lifeline;
  // Each orphan leaves the group, so that it outlives its parent and becomes ours. It ends when the test lets
  // go of the other end of its descriptor 3.
  const PreparedLaunch prepared(
      {.executable = "/bin/sh",
       .argv = {"sh", "-c", "for i in 1 2 3; do setsid sh -c 'read x <&3' & done; exit 0"},
       .environment = {"PATH=/usr/bin:/bin"}});
  const int passed_fds[] = {lifeline.read_end.get()};
  LaunchOutcome outcome = prepared.Launch({.passed_fds = passed_fds});
  const auto child = children_.Adopt(std::get<LaunchResult>(std::move(outcome)), &observer_);
  ASSERT_TRUE(Wait([&] { return observer_.calls > 0; }));
  lifeline.write_end.reset();
  EXPECT_TRUE(Wait(NoChildren));
  EXPECT_GT(sweeper_.sweeps, 0);
}

TEST_F(SweepTest, DoesNotStealFromTheChildrenBesides) {
  constexpr int kCount = 20;
  std::vector<std::unique_ptr<Observer>> observers;
  std::vector<std::unique_ptr<Child>> held;
  std::vector<LaunchResult> strangers;  // started, never adopted
  for (int i = 0; i < kCount; ++i) {
    observers.push_back(std::make_unique<Observer>());
    held.push_back(children_.Adopt(Start("exit " + std::to_string(i)), observers.back().get()));
    strangers.push_back(Start("exit 77"));
  }
  EXPECT_TRUE(Wait(NoChildren));
  for (int i = 0; i < kCount; ++i) {
    EXPECT_EQ(observers[i]->last, "exited with code " + std::to_string(i));
    EXPECT_EQ(observers[i]->calls, 1);
  }
}

TEST_F(SweepTest, IsBounded) {
  // More strangers than one sweep handles would take long to start; that it says when it is done is what
  // counts.
  const LaunchResult stranger = Start("exit 0");
  siginfo_t info = {};
  ASSERT_EQ(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(children_.Sweep());
  EXPECT_TRUE(NoChildren());
}

// A kernel or a sandbox without any of the calls on pid descriptors.
TEST(ChildrenWithoutPidfds, AreFoundBySweeping) {
  TestProcess process([] {
    if (!InstallFilter({{SYS_clone, EINVAL, 0x1000 /* CLONE_PIDFD */},
                        {SYS_pidfd_open, ENOSYS},
                        {SYS_pidfd_send_signal, ENOSYS}})) {
      return 10;
    }
    const auto loop = *EventLoop::Create();
    const auto signals = *Signals::Create();
    Children children(loop.get());
    Sweeper sweeper(signals.get(), &children);
    if (!loop->Watch(signals->fd(), EPOLLIN, &sweeper).ok()) return 11;
    Observer first;
    Observer second;
    const auto child = children.Adopt(Start("exec sleep 1000"), &first);
    const auto other = children.Adopt(Start("exit 4"), &second);
    if (child->pidfd() != -1) return 1;
    if (!child->Signal(SIGTERM).ok()) return 2;
    if (!TurnUntil(loop.get(), [&] { return first.calls == 1 && second.calls == 1; })) return 3;
    if (first.last != "killed by SIGTERM" || second.last != "exited with code 4") return 4;
    return NoChildren() ? 0 : 5;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

// Everything whose parent ends comes to PID 1, which must reap it.
TEST(ChildrenOfPidOne, AreReapedStrangersToo) {
  TestProcess outer([] {
    if (unshare(CLONE_NEWPID) != 0) return 99;
    TestProcess inner([] {
      if (getpid() != 1) return 10;
      const auto loop = *EventLoop::Create();
      const auto signals = *Signals::Create();
      Children children(loop.get());
      Sweeper sweeper(signals.get(), &children);
      if (!loop->Watch(signals->fd(), EPOLLIN, &sweeper).ok()) return 11;
      Observer observer;
      const auto child = children.Adopt(Start("setsid sh -c 'exit 3' & exit 2"), &observer);
      if (!TurnUntil(loop.get(), [&] { return observer.calls == 1 && NoChildren(); })) return 1;
      return observer.last == "exited with code 2" ? 0 : 2;
    });
    return inner.Wait() == "exited with code 0" ? 0 : 1;
  });
  const std::string end = outer.Wait();
  if (end == "exited with code 99")
    GTEST_SKIP() << "making a namespace of process numbers is not permitted here";
  EXPECT_EQ(end, "exited with code 0");
}

}  // namespace
}  // namespace fectl::platform
