#include "master/platform/children/left_group.h"

#include <csignal>
#include <vector>

#include "master/platform/children/children_wait.h"

namespace fectl::platform {

LeftGroups::~LeftGroups() {
  for (const auto& [number, group] : by_number_) group->groups_ = nullptr;
}

void LeftGroups::ReapMember(pid_t pid) {
  if (!by_number_.empty()) {
    const auto group = by_number_.find(GroupOf(pid));
    // This zombie still keeps the number.
    if (group != by_number_.end() && !ChildLivesInGroup(group->first))
      SendSignalToGroup(group->first, SIGKILL).IgnoreError();
  }
  Reap(pid);
}

void LeftGroups::TellOfEnds() {
  std::vector<pid_t> ended;
  for (const auto& [number, group] : by_number_) {
    if (!ChildIsInGroup(number)) ended.push_back(number);
  }
  for (const pid_t number : ended) {
    const auto found = by_number_.find(number);
    if (found == by_number_.end()) continue;  // an observer has destroyed it
    LeftGroup& group = *found->second;
    group.Release();
    group.observer_->OnGroupEnd(group);
  }
}

void LeftGroups::OnNumberReused(pid_t pid) {
  const auto found = by_number_.find(pid);
  if (found == by_number_.end()) return;
  LeftGroup& group = *found->second;
  group.Release();
  group.observer_->OnGroupEnd(group);
}

LeftGroup::LeftGroup(LeftGroups* groups, pid_t leader, GroupObserver* observer)
    : groups_(groups), number_(leader), observer_(observer) {
  groups_->by_number_[number_] = this;
}

LeftGroup::~LeftGroup() {
  Kill().IgnoreError();
  Release();
}

absl::Status LeftGroup::Kill() {
  if (groups_ == nullptr || !ChildIsInGroup(number_)) {
    Release();
    return absl::NotFoundError("no process of the group is left");
  }
  return SendSignalToGroup(number_, SIGKILL);
}

void LeftGroup::Release() {
  if (groups_ != nullptr) groups_->by_number_.erase(number_);
  groups_ = nullptr;
}

}  // namespace fectl::platform
