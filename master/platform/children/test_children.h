#ifndef MASTER_PLATFORM_CHILDREN_TEST_CHILDREN_H_
#define MASTER_PLATFORM_CHILDREN_TEST_CHILDREN_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "master/platform/children/children.h"
#include "master/platform/loop/signals.h"
#include "master/platform/process/process_limits.h"
#include "master/platform/testing/test_wait.h"

// What the tests of children and of their groups share.
namespace fectl::platform {

// A pipe whose write end goes to processes: at its end of file none of them is left.
struct Lifeline {
  Lifeline() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) abort();
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }

  // Waits until every holder is gone. False at the deadline.
  bool AllGone() {
    write_end.reset();
    while (true) {
      pollfd entry = {read_end.get(), POLLIN, 0};
      if (poll(&entry, 1, 60'000) != 1) return false;
      char part[256];
      if (read(read_end.get(), part, sizeof(part)) == 0) return true;
    }
  }

  // The next line that a process writes.
  std::string ReadLine() {
    std::string line;
    char letter = 0;
    while (read(read_end.get(), &letter, 1) == 1 && letter != '\n') line += letter;
    return line;
  }

  base::UniqueFd read_end;
  base::UniqueFd write_end;
};

inline bool NoChildren() {
  siginfo_t info = {};
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == -1 && errno == ECHILD;
}

// The state letter of a process, 'Z' for a zombie; '-' when there is none.
inline char StateOf(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(stat, text);
  const size_t end_of_name = text.rfind(") ");
  return end_of_name == std::string::npos ? '-' : text[end_of_name + 2];
}

inline LaunchResult Start(const std::string& script, const Lifeline* lifeline = nullptr) {
  const PreparedLaunch prepared(
      {.executable = "/bin/sh", .argv = {"sh", "-c", script}, .environment = {"PATH=/usr/bin:/bin"}});
  LaunchDescriptors descriptors;
  if (lifeline != nullptr) descriptors.stdout_fd = lifeline->write_end.get();
  LaunchOutcome outcome = prepared.Launch(descriptors);
  if (auto* error = std::get_if<LaunchError>(&outcome)) {
    ADD_FAILURE() << error->ToString();
    abort();
  }
  return std::get<LaunchResult>(std::move(outcome));
}

class Observer : public ExitObserver {
 public:
  void OnChildExit(Child& child, const ExitStatus& status) override {
    ++calls;
    last = status.ToString();
    pid_then = child.pid();
    state_then = StateOf(child.pid());
    if (then) then(child);
  }

  std::function<void(Child&)> then;
  int calls = 0;
  std::string last;
  pid_t pid_then = 0;
  char state_then = 0;
};

// SIGCHLD to Sweep(), as in the runtime.
class Sweeper : public FdWatcher {
 public:
  Sweeper(Signals* signals, Children* children) : signals_(signals), children_(children) {}
  void OnReady(uint32_t /*events*/) override {
    signals_->Take();
    ++sweeps;
    while (children_->Sweep()) {
    }
  }

  int sweeps = 0;

 private:
  Signals* signals_;
  Children* children_;
};

class ChildrenTest : public testing::Test {
 protected:
  ~ChildrenTest() override { EXPECT_TRUE(NoChildren()); }

  bool Wait(const std::function<bool()>& done) { return TurnUntil(loop_.get(), done); }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  Children children_{loop_.get()};
  Observer observer_;
};

class SweepTest : public ChildrenTest {
 protected:
  SweepTest() {
    EXPECT_TRUE(loop_->Watch(signals_->fd(), EPOLLIN, &sweeper_).ok());
    EXPECT_TRUE(BecomeSubreaper().ok());
  }

  std::unique_ptr<Signals> signals_ = *Signals::Create();
  Sweeper sweeper_{signals_.get(), &children_};
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CHILDREN_TEST_CHILDREN_H_
