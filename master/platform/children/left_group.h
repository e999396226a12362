#ifndef MASTER_PLATFORM_CHILDREN_LEFT_GROUP_H_
#define MASTER_PLATFORM_CHILDREN_LEFT_GROUP_H_

#include <sys/types.h>

#include <unordered_map>

#include "absl/status/status.h"

namespace fectl::platform {

class LeftGroup;

class GroupObserver {
 public:
  virtual ~GroupObserver() = default;

  // No process of the group is left. May destroy `group` or any other.
  virtual void OnGroupEnd(LeftGroup& group) = 0;
};

// The groups whose leader, a child of ours, has ended before the others. One thread.
//
// The number of a process group stays the group's as long as a process is in it, also a zombie. What loses
// its parent in such a group becomes our child (we are PID 1 or a subreaper), and only we reap our children:
// so a group is signalled only while a child of ours is in it, and never afterwards.
class LeftGroups {
 public:
  LeftGroups() = default;
  LeftGroups(const LeftGroups&) = delete;
  LeftGroups& operator=(const LeftGroups&) = delete;
  ~LeftGroups();

  // Reaps an ended child of ours that is no leader of a group here. Before the last one of a group is reaped
  // the group is killed: a process of it whose parent has another group never was our child, and could not be
  // reached any more.
  void ReapMember(pid_t pid);

  // Tells the observers of the groups that have ended. A process can leave its group without ending, so this
  // is to be called now and then.
  void TellOfEnds();

  // The number is another process's, which we have just started: so its old group has ended.
  void OnNumberReused(pid_t pid);

  size_t size() const { return by_number_.size(); }

 private:
  friend class LeftGroup;

  std::unordered_map<pid_t, LeftGroup*> by_number_;
};

// One of them: the only thing by which such a group may be signalled.
class LeftGroup {
 public:
  // While the leader is not reaped yet and ChildLivesInGroup(leader). Both outlive it.
  LeftGroup(LeftGroups* groups, pid_t leader, GroupObserver* observer);
  // Kills what is left. See Release().
  ~LeftGroup();
  LeftGroup(const LeftGroup&) = delete;
  LeftGroup& operator=(const LeftGroup&) = delete;

  // SIGKILL to all of it. NotFound: nothing of it is left; the observer is not called then.
  absl::Status Kill();

  // Gives the group up unharmed.
  void Release();

 private:
  friend class LeftGroups;

  LeftGroups* groups_;  // nullptr: it has ended, or was released
  pid_t number_;
  GroupObserver* observer_;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CHILDREN_LEFT_GROUP_H_
