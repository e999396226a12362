#include "master/platform/children/children.h"

#include <sys/epoll.h>

#include <csignal>
#include <utility>

#include "master/platform/children/children_wait.h"
#include "master/platform/process/process_limits.h"

namespace fectl::platform {

Child::Child(Children* children, LaunchResult launched, ExitObserver* observer)
    : children_(children),
      observer_(observer),
      in_flight_(std::move(launched.in_flight)),
      pid_(launched.pid),
      pidfd_(std::move(launched.pidfd)) {}

Child::~Child() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  if (pid_ == 0) return;
  const pid_t pid = pid_;
  const std::optional<EndedProcess> ended = LookAt(pid);
  const bool stolen = ended.has_value() && ended->status.kind == ExitStatus::Kind::kUnknown;
  if (!stolen && !group_taken_) SendSignalToGroup(pid, SIGKILL).IgnoreError();
  Forget();
  if (!stolen) Reap(pid);
}

absl::Status Child::Signal(int number) {
  if (reaped()) return absl::NotFoundError("the process is reaped");
  return SendSignal(pid_, pidfd_.get(), number);
}

absl::Status Child::ForbidCoreDump() {
  if (reaped()) return absl::NotFoundError("the process is reaped");
  return platform::ForbidCoreDump(pid_);
}

absl::Status Child::SignalGroup(int number) {
  if (reaped()) return absl::NotFoundError("the process is reaped");
  return SendSignalToGroup(pid_, number);
}

std::unique_ptr<LeftGroup> Child::TakeGroup(GroupObserver* observer) {
  if (reaped() || destroyed_ == nullptr || children_ == nullptr || !ChildLivesInGroup(pid_)) return nullptr;
  group_taken_ = true;
  return std::make_unique<LeftGroup>(&children_->groups_, pid_, observer);
}

pid_t Child::Release() {
  const pid_t pid = pid_;
  Forget();
  return pid;
}

void Child::OnReady(uint32_t /*events*/) {
  if (FinishIfEnded()) return;  // which may have destroyed this
  // Dead, but a debugger that traces it has not let go, so it cannot be waited for yet and its pidfd stays
  // readable. When the debugger does, SIGCHLD comes and Sweep() finds it.
  children_->loop_->Unwatch(pidfd_.get());
  watched_ = false;
  ++children_->unwatched_;
}

bool Child::FinishIfEnded() {
  if (reaped()) return true;
  const std::optional<EndedProcess> ended = LookAt(pid_);
  if (!ended.has_value()) return false;
  // The number is ours until the reap, dead as the process is: so the group of that number is its group and
  // nobody else's. After the reap the process may not be touched any more, and the group only as LeftGroups
  // does it.
  const bool stolen = ended->status.kind == ExitStatus::Kind::kUnknown;
  if (stolen) Forget();
  bool destroyed = false;
  destroyed_ = &destroyed;
  observer_->OnChildExit(*this, ended->status);
  if (destroyed) return true;  // and reaped by the destructor
  destroyed_ = nullptr;
  if (reaped()) return true;
  const pid_t pid = pid_;
  if (!group_taken_) SendSignalToGroup(pid, SIGKILL).IgnoreError();
  Forget();
  Reap(pid);
  return true;
}

void Child::Forget() {
  if (pid_ == 0) return;
  if (children_ != nullptr) {
    children_->loop_->Close(std::move(pidfd_));
    children_->by_pid_.erase(pid_);
    if (!watched_) --children_->unwatched_;
  }
  pidfd_.reset();
  pid_ = 0;
}

Children::~Children() {
  for (auto& [pid, child] : by_pid_) {
    if (child->pidfd_.valid()) loop_->Unwatch(child->pidfd_.get());
    child->children_ = nullptr;
  }
}

std::unique_ptr<Child> Children::Adopt(LaunchResult launched, ExitObserver* observer) {
  std::unique_ptr<Child> child(new Child(this, std::move(launched), observer));
  groups_.OnNumberReused(child->pid());
  by_pid_[child->pid()] = child.get();
  if (child->pidfd_.valid()) {
    // Without the watch SIGCHLD and Sweep() still find its end, only later in the turn.
    child->watched_ = loop_->Watch(child->pidfd_.get(), EPOLLIN, child.get()).ok();
  }
  if (!child->watched_) ++unwatched_;
  return child;
}

bool Children::Sweep() {
  for (int i = 0; i < kSweepMax; ++i) {
    const std::optional<EndedProcess> ended = LookAtAny();
    if (!ended.has_value()) {
      groups_.TellOfEnds();
      return false;
    }
    const auto child = by_pid_.find(ended->pid);
    if (child == by_pid_.end()) {
      groups_.ReapMember(ended->pid);
    } else {
      child->second->FinishIfEnded();
    }
  }
  groups_.TellOfEnds();
  return true;
}

}  // namespace fectl::platform
