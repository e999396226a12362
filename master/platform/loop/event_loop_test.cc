#include "master/platform/loop/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "master/platform/loop/clock.h"
#include "master/platform/testing/test_process.h"
#include "master/platform/testing/test_syscall_filter.h"

namespace fectl::platform {
namespace {

constexpr int64_t kMilli = 1'000'000;

// Calls a function, and counts.
class Watcher : public FdWatcher {
 public:
  explicit Watcher(std::function<void(uint32_t)> then = {}) : then_(std::move(then)) {}

  void OnReady(uint32_t events) override {
    ++calls;
    last_events = events;
    // A copy, as the function may destroy this object.
    const std::function<void(uint32_t)> then = then_;
    if (then) then(events);
  }

  int calls = 0;
  uint32_t last_events = 0;

 private:
  std::function<void(uint32_t)> then_;
};

base::UniqueFd ReadyFd() {
  return base::UniqueFd(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
}
base::UniqueFd QuietFd() {
  return base::UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

class EventLoopTest : public testing::Test {
 protected:
  EventLoopTest() : loop_(*EventLoop::Create()) {}

  std::unique_ptr<EventLoop> loop_;
};

TEST_F(EventLoopTest, DeliversWhatIsReadyAndOnlyThat) {
  const base::UniqueFd ready = ReadyFd();
  const base::UniqueFd quiet = QuietFd();
  Watcher hears;
  Watcher hears_nothing;
  ASSERT_TRUE(loop_->Watch(ready.get(), EPOLLIN, &hears).ok());
  ASSERT_TRUE(loop_->Watch(quiet.get(), EPOLLIN, &hears_nothing).ok());
  EXPECT_EQ(loop_->watched(), 2u);
  ASSERT_TRUE(loop_->Turn(-1).ok());
  EXPECT_EQ(hears.calls, 1);
  EXPECT_EQ(hears.last_events, EPOLLIN);
  EXPECT_EQ(hears_nothing.calls, 0);
}

TEST_F(EventLoopTest, ModifyChangesWhatIsHeard) {
  const base::UniqueFd fd = QuietFd();
  Watcher watcher;
  ASSERT_TRUE(loop_->Watch(fd.get(), EPOLLIN, &watcher).ok());
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(watcher.calls, 0);
  ASSERT_TRUE(loop_->Modify(fd.get(), EPOLLOUT).ok());
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(watcher.last_events, EPOLLOUT);
  ASSERT_TRUE(loop_->Modify(fd.get(), 0).ok());
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(watcher.calls, 1);
}

TEST_F(EventLoopTest, WithNoEventsAskedForHearsTheHangUp) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  Watcher watcher;
  ASSERT_TRUE(loop_->Watch(read_end.get(), 0, &watcher).ok());
  write_end.reset();
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(watcher.last_events, EPOLLHUP);
}

TEST_F(EventLoopTest, AWatcherMayUnwatchAndDestroyItself) {
  const base::UniqueFd fd = ReadyFd();
  std::unique_ptr<Watcher> watcher;
  int calls = 0;
  watcher = std::make_unique<Watcher>([&](uint32_t) {
    ++calls;
    loop_->Unwatch(fd.get());
    watcher.reset();
  });
  ASSERT_TRUE(loop_->Watch(fd.get(), EPOLLIN, watcher.get()).ok());
  ASSERT_TRUE(loop_->Turn(0).ok());
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(watcher, nullptr);
  EXPECT_EQ(loop_->watched(), 0u);
}

// Both are ready in the same turn, and whichever comes first destroys the other.
TEST_F(EventLoopTest, AStaleEventOfTheSameTurnIsNotDelivered) {
  const base::UniqueFd fds[2] = {ReadyFd(), ReadyFd()};
  std::unique_ptr<Watcher> watchers[2];
  int calls = 0;
  for (int i = 0; i < 2; ++i) {
    watchers[i] = std::make_unique<Watcher>([&, i](uint32_t) {
      ++calls;
      loop_->Unwatch(fds[1 - i].get());
      watchers[1 - i].reset();
    });
    ASSERT_TRUE(loop_->Watch(fds[i].get(), EPOLLIN, watchers[i].get()).ok());
  }
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(calls, 1);
}

// The number is closed, comes back as another open file and is watched again, all within one turn.
TEST_F(EventLoopTest, CloseForgetsAndCloses) {
  base::UniqueFd fd = ReadyFd();
  const int number = fd.get();
  Watcher hears;
  ASSERT_TRUE(loop_->Watch(number, EPOLLIN, &hears).ok());
  Watcher closes([this, &fd](uint32_t) { loop_->Close(std::move(fd)); });
  const base::UniqueFd first = ReadyFd();
  ASSERT_TRUE(loop_->Watch(first.get(), EPOLLIN, &closes).ok());
  ASSERT_TRUE(loop_->Turn(0).ok());
  const int heard = hears.calls;  // the two come in any order
  EXPECT_EQ(fcntl(number, F_GETFD), -1);
  EXPECT_EQ(loop_->watched(), 1U);
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(hears.calls, heard);
  base::UniqueFd unwatched = ReadyFd();
  loop_->Close(std::move(unwatched));
  EXPECT_EQ(fcntl(number, F_GETFD), -1);
  EXPECT_EQ(loop_->watched(), 1U);
}

TEST_F(EventLoopTest, AReusedNumberDoesNotGetTheOldEvent) {
  base::UniqueFd fds[2] = {ReadyFd(), ReadyFd()};
  Watcher late;
  std::unique_ptr<Watcher> watchers[2];
  bool done = false;
  for (int i = 0; i < 2; ++i) {
    watchers[i] = std::make_unique<Watcher>([&, i](uint32_t) {
      if (done) return;
      done = true;
      const int number = fds[1 - i].get();
      loop_->Unwatch(number);
      fds[1 - i].reset();
      fds[1 - i] = QuietFd();
      ASSERT_EQ(fds[1 - i].get(), number);
      ASSERT_TRUE(loop_->Watch(number, EPOLLIN, &late).ok());
    });
    ASSERT_TRUE(loop_->Watch(fds[i].get(), EPOLLIN, watchers[i].get()).ok());
  }
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_TRUE(done);
  EXPECT_EQ(late.calls, 0);
  EXPECT_EQ(watchers[0]->calls + watchers[1]->calls, 1);
}

TEST_F(EventLoopTest, AWatchMadeInACallbackIsHeardInTheNextTurn) {
  const base::UniqueFd first = ReadyFd();
  // A number far above makes the table of watches grow, and move, under the delivery.
  const base::UniqueFd second(fcntl(first.get(), F_DUPFD_CLOEXEC, 500));
  Watcher late;
  Watcher watcher([&](uint32_t) {
    loop_->Unwatch(first.get());
    ASSERT_TRUE(loop_->Watch(second.get(), EPOLLIN, &late).ok());
  });
  ASSERT_TRUE(loop_->Watch(first.get(), EPOLLIN, &watcher).ok());
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(late.calls, 0);
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(late.calls, 1);
}

TEST_F(EventLoopTest, OneTurnDeliversABoundedNumberAndTheRestFollows) {
  constexpr int kCount = EventLoop::kEventsPerTurnMax + 10;
  std::vector<base::UniqueFd> fds;
  Watcher watcher;
  for (int i = 0; i < kCount; ++i) {
    fds.push_back(ReadyFd());
    ASSERT_TRUE(loop_->Watch(fds.back().get(), EPOLLIN | EPOLLET, &watcher).ok());
  }
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(watcher.calls, EventLoop::kEventsPerTurnMax);
  ASSERT_TRUE(loop_->Turn(0).ok());
  EXPECT_EQ(watcher.calls, kCount);
}

TEST_F(EventLoopTest, WaitsAtLeastTheTimeout) {
  for (const int64_t timeout : {100'000l, 1'500'000l, 20'000'000l}) {
    const int64_t start = MonotonicNanos();
    ASSERT_TRUE(loop_->Turn(timeout).ok());
    EXPECT_GE(MonotonicNanos() - start, timeout);
  }
}

TEST_F(EventLoopTest, WithoutTheNewerCallWaitsWholeMilliseconds) {
  for (const int error : {ENOSYS, EPERM}) {
    TestProcess process([this, error] {
      if (!InstallFilter({{SYS_epoll_pwait2, error}})) return 10;
      const base::UniqueFd ready = ReadyFd();
      const int64_t start = MonotonicNanos();
      if (!loop_->Turn(1'200'000).ok()) return 1;
      if (MonotonicNanos() - start < 2 * kMilli) return 2;
      Watcher watcher;
      if (!loop_->Watch(ready.get(), EPOLLIN, &watcher).ok()) return 3;
      if (!loop_->Turn(-1).ok() || watcher.calls != 1) return 4;
      return 0;
    });
    EXPECT_EQ(process.Wait(), "exited with code 0");
  }
}

TEST_F(EventLoopTest, MistakesAreErrors) {
  const base::UniqueFd fd = QuietFd();
  Watcher watcher;
  EXPECT_FALSE(loop_->Watch(-1, EPOLLIN, &watcher).ok());
  EXPECT_FALSE(loop_->Watch(fd.get(), EPOLLIN, nullptr).ok());
  EXPECT_FALSE(loop_->Modify(fd.get(), EPOLLIN).ok());
  loop_->Unwatch(fd.get());
  loop_->Unwatch(123456);
  ASSERT_TRUE(loop_->Watch(fd.get(), EPOLLIN, &watcher).ok());
  EXPECT_FALSE(loop_->Watch(fd.get(), EPOLLIN, &watcher).ok());
  const base::UniqueFd regular(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  ASSERT_TRUE(regular.valid());
  EXPECT_FALSE(loop_->Watch(regular.get(), EPOLLIN, &watcher).ok());
  EXPECT_EQ(loop_->watched(), 1u);
}

}  // namespace
}  // namespace fectl::platform
