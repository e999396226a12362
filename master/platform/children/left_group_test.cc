#include "master/platform/children/left_group.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "master/platform/children/children_wait.h"
#include "master/platform/children/test_children.h"

namespace fectl::platform {
namespace {

class EndObserver : public GroupObserver {
 public:
  void OnGroupEnd(LeftGroup& group) override {
    ++calls;
    EXPECT_FALSE(group.Kill().ok()) << "nothing is left that could be killed";
    if (then) then();
  }

  std::function<void()> then;
  int calls = 0;
};

// A file for which a script waits.
class GoFile {
 public:
  GoFile() = default;
  GoFile(const GoFile&) = delete;
  GoFile& operator=(const GoFile&) = delete;
  ~GoFile() { unlink(path_.c_str()); }

  std::string Await() const { return "while [ ! -e " + path_ + " ]; do sleep 0.01; done"; }
  void Give() const { std::ofstream(path_).flush(); }

 private:
  std::string path_ = testing::TempDir() + "/go-" + std::to_string(getpid());
};

class LeftGroupTest : public SweepTest {
 protected:
  LeftGroupTest() {
    observer_.then = [this](Child& child) { group_ = child.TakeGroup(&end_); };
  }

  // Runs the script until its first process has ended; what that left is in group_.
  void Run(const std::string& script, const Lifeline& lifeline) {
    child_ = children_.Adopt(Start(script, &lifeline), &observer_);
    ASSERT_TRUE(Wait([&] { return observer_.calls > 0; }));
    EXPECT_TRUE(child_->reaped());
  }

  EndObserver end_;
  std::unique_ptr<Child> child_;
  std::unique_ptr<LeftGroup> group_;
};

TEST_F(LeftGroupTest, HELPER_GoesOnWhenItsLeaderHasEnded) {
  Lifeline lifeline;
  const GoFile go;
  Run("(" + go.Await() + "; echo alive) & exit 3", lifeline);
  EXPECT_EQ(observer_.last, "exited with code 3");
  ASSERT_NE(group_, nullptr);
  EXPECT_EQ(children_.left_groups(), 1u);
  EXPECT_EQ(end_.calls, 0);
  go.Give();
  EXPECT_EQ(lifeline.ReadLine(), "alive");
  ASSERT_TRUE(Wait([&] { return end_.calls == 1; }));
  EXPECT_TRUE(lifeline.AllGone());
  EXPECT_EQ(children_.left_groups(), 0u);
}

TEST_F(LeftGroupTest, HELPER_IsKilledWithItsChildren) {
  Lifeline lifeline;
  Run("trap '' TERM HUP INT; (sleep 1000 & sleep 1000) & echo ready; exit 0", lifeline);
  EXPECT_EQ(lifeline.ReadLine(), "ready");
  ASSERT_NE(group_, nullptr);
  EXPECT_TRUE(group_->Kill().ok());
  ASSERT_TRUE(Wait([&] { return end_.calls == 1; }));
  EXPECT_TRUE(lifeline.AllGone());
  EXPECT_TRUE(absl::IsNotFound(group_->Kill()));
}

TEST_F(LeftGroupTest, HELPER_IsKilledWithItsOwner) {
  Lifeline lifeline;
  Run("sleep 1000 & exit 0", lifeline);
  ASSERT_NE(group_, nullptr);
  group_.reset();
  EXPECT_TRUE(lifeline.AllGone());
  EXPECT_EQ(end_.calls, 0);
  EXPECT_TRUE(Wait(NoChildren));
}

TEST_F(LeftGroupTest, IsNoneWhereNobodyElseWasInIt) {
  Lifeline lifeline;
  Run("exit 0", lifeline);
  EXPECT_EQ(group_, nullptr);
  EXPECT_EQ(children_.left_groups(), 0u);
}

// A process that leaves its group does not end, so nothing tells of it.
TEST_F(LeftGroupTest, EndsWhereItsLastProcessLeavesIt) {
  Lifeline lifeline;
  const GoFile go;
  Run("(" + go.Await() + "; exec setsid sh -c 'echo $$; exec sleep 1000') & exit 0", lifeline);
  ASSERT_NE(group_, nullptr);
  go.Give();
  const pid_t daemon = static_cast<pid_t>(std::stol(lifeline.ReadLine()));
  EXPECT_TRUE(absl::IsNotFound(group_->Kill()));
  EXPECT_EQ(end_.calls, 0) << "who asked knows it already";
  EXPECT_EQ(children_.left_groups(), 0u);
  EXPECT_FALSE(LookAt(daemon).has_value()) << "it is none of our business any more";
  ASSERT_TRUE(SendSignal(daemon, -1, SIGKILL).ok());
  EXPECT_TRUE(Wait(NoChildren));
}

// A process of the group whose parent has left it never becomes our child while that lives.
constexpr char kChildOfAnother[] = "(sleep 1000 & exec setsid sh -c 'echo $$; exec sleep 1000') & ";

TEST_F(LeftGroupTest, HELPER_AChildOfAnotherIsKilledWithTheLeader) {
  Lifeline lifeline;
  const GoFile go;
  child_ = children_.Adopt(Start(kChildOfAnother + go.Await(), &lifeline), &observer_);
  const pid_t daemon = static_cast<pid_t>(std::stol(lifeline.ReadLine()));
  go.Give();
  ASSERT_TRUE(Wait([&] { return observer_.calls > 0; }));
  EXPECT_EQ(group_, nullptr);
  ASSERT_TRUE(SendSignal(daemon, -1, SIGKILL).ok());
  EXPECT_TRUE(lifeline.AllGone());
  EXPECT_TRUE(Wait(NoChildren));
}

TEST_F(LeftGroupTest, HELPER_AChildOfAnotherIsKilledWithTheLastOfTheGroupThatIsOurs) {
  Lifeline lifeline;
  const GoFile go;
  child_ = children_.Adopt(
      Start(std::string(kChildOfAnother) + "sleep 1000 & echo $!; " + go.Await(), &lifeline), &observer_);
  pid_t pids[2];  // in either order
  for (pid_t& pid : pids) pid = static_cast<pid_t>(std::stol(lifeline.ReadLine()));
  const pid_t leader = child_->pid();
  if (GroupOf(pids[0]) != leader) std::swap(pids[0], pids[1]);
  ASSERT_EQ(GroupOf(pids[0]), leader);
  go.Give();
  ASSERT_TRUE(Wait([&] { return observer_.calls > 0; }));
  ASSERT_NE(group_, nullptr);
  ASSERT_TRUE(SendSignal(pids[0], -1, SIGKILL).ok());
  ASSERT_TRUE(Wait([&] { return end_.calls == 1; }));
  ASSERT_TRUE(SendSignal(pids[1], -1, SIGKILL).ok());
  EXPECT_TRUE(lifeline.AllGone());
  EXPECT_TRUE(Wait(NoChildren));
}

TEST_F(LeftGroupTest, ReleasedItGoesOn) {
  Lifeline lifeline;
  Run("sleep 1000 & echo $!; exit 0", lifeline);
  const pid_t helper = static_cast<pid_t>(std::stol(lifeline.ReadLine()));
  ASSERT_NE(group_, nullptr);
  group_->Release();
  group_.reset();
  EXPECT_EQ(children_.left_groups(), 0u);
  EXPECT_FALSE(LookAt(helper).has_value());
  ASSERT_TRUE(SendSignal(helper, -1, SIGKILL).ok());
  EXPECT_TRUE(Wait(NoChildren));
}

}  // namespace
}  // namespace fectl::platform
