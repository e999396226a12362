#ifndef MASTER_PLATFORM_CHILDREN_CHILDREN_H_
#define MASTER_PLATFORM_CHILDREN_CHILDREN_H_

#include <sys/types.h>

#include <memory>
#include <unordered_map>

#include "absl/status/status.h"
#include "master/platform/children/launch_in_flight.h"
#include "master/platform/children/launcher.h"
#include "master/platform/children/left_group.h"
#include "master/platform/loop/event_loop.h"
#include "master/platform/process/exit_status.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

class Child;
class Children;

// Hears of the end of one child.
class ExitObserver {
 public:
  virtual ~ExitObserver() = default;

  // The child has ended; its pid is still held by us (a zombie), so it names nobody else. When this returns
  // what is left of its process group is killed, unless child.TakeGroup() was called, and the child is
  // reaped. May destroy `child` or any other.
  virtual void OnChildExit(Child& child, const ExitStatus& status) = 0;
};

// One process that we started and have not reaped: the only thing that may be signalled. Waiting and killing
// are both here and nowhere else, so that a number is never used after it may belong to a stranger.
class Child : private FdWatcher {
 public:
  // Kills the process group with SIGKILL and reaps, if that has not happened: a child is never left behind by
  // accident. Waits for the kernel to end it. See Release().
  ~Child() override;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // 0 once reaped or released.
  pid_t pid() const { return pid_; }
  // -1 on a kernel without pidfds.
  int pidfd() const { return pidfd_.get(); }
  bool reaped() const { return pid_ == 0; }
  // Whether it has come to its program, and why it never did.
  LaunchInFlight& in_flight() { return in_flight_; }

  // To the process alone. NotFound when it is reaped. A zombie takes signals without effect: no error.
  absl::Status Signal(int number);

  // Makes no core dump of it, however it ends.
  absl::Status ForbidCoreDump();

  // To every process of its group (what it started and did not move to another group).
  absl::Status SignalGroup(int number);

  // Inside OnChildExit(): takes over the other processes of its group that live on. nullptr: there are none.
  std::unique_ptr<LeftGroup> TakeGroup(GroupObserver* observer);

  // Gives the process up unharmed, for a master that leaves while workers go on. Returns its pid.
  pid_t Release();

 private:
  friend class Children;

  Child(Children* children, LaunchResult launched, ExitObserver* observer);

  void OnReady(uint32_t events) override;
  // Looks without reaping; if it has ended: tells the observer, kills the group, reaps. False: still running.
  bool FinishIfEnded();
  void Forget();

  Children* children_;
  ExitObserver* observer_;
  LaunchInFlight in_flight_;
  pid_t pid_;
  base::UniqueFd pidfd_;
  bool watched_ = false;
  bool group_taken_ = false;
  bool* destroyed_ = nullptr;  // set while the observer runs, to learn that it destroyed this
};

// The running children of this process. Outlives every Child that it gave out. One thread.
class Children {
 public:
  // Ends handled in one Sweep().
  static constexpr int kSweepMax = 1024;

  explicit Children(EventLoop* loop) : loop_(loop) {}
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;
  ~Children();

  // Takes the process over and watches it. The observer outlives the Child. When it cannot be watched by its
  // pidfd (none there, or no room in epoll) its end is found by Sweep().
  std::unique_ptr<Child> Adopt(LaunchResult launched, ExitObserver* observer);

  // To be called at SIGCHLD (and once after start-up): reaps processes that we never started and that were
  // left to us as subreaper or PID 1, and finishes children of ours, and groups that they left, that have
  // ended, each through its observer. True: kSweepMax was reached and there may be more, so call again in the
  // next turn (a storm of orphans does not stop the loop).
  bool Sweep();

  // Whether the loop reports the exit of each child without Sweep(), which may then come later.
  bool all_watched() const { return unwatched_ == 0; }

  size_t running() const { return by_pid_.size(); }
  size_t left_groups() const { return groups_.size(); }

 private:
  friend class Child;

  EventLoop* loop_;
  LeftGroups groups_;
  std::unordered_map<pid_t, Child*> by_pid_;
  size_t unwatched_ = 0;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CHILDREN_CHILDREN_H_
