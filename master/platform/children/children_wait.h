#ifndef MASTER_PLATFORM_CHILDREN_CHILDREN_WAIT_H_
#define MASTER_PLATFORM_CHILDREN_CHILDREN_WAIT_H_

#include <sys/types.h>

#include <optional>

#include "absl/status/status.h"
#include "master/platform/process/exit_status.h"

// The system calls that wait and kill, below Children, LeftGroup, the launcher (which must clear away a child
// that never came to run) and Daemonize(). Outside of this folder only tests include this.
namespace fectl::platform {

struct EndedProcess {
  pid_t pid = 0;
  ExitStatus status;
};

// How the child `pid` ended, without reaping it. nullopt: it still runs. kUnknown: there is no such child of
// ours (any more), so its number must not be used.
std::optional<EndedProcess> LookAt(pid_t pid);

// Any child that has ended, without reaping it. Without a reap in between it may be the same one again.
std::optional<EndedProcess> LookAtAny();

// Reaps the child, waiting for its end if need be; how it ended. Its pid is a stranger from here on.
ExitStatus Reap(pid_t pid);

// `pidfd` may be -1. The caller holds the process unreaped, which makes its number safe to use.
absl::Status SendSignal(pid_t pid, int pidfd, int number);
absl::Status SendSignalToGroup(pid_t leader, int number);

// Whether a process of this group is a child of ours and has not ended. (Zombies do not count.)
bool ChildLivesInGroup(pid_t group);

// Whether a process of this group is a child of ours, ended or not. While that is so, the number of the group
// is nobody else's: only we can reap that child.
bool ChildIsInGroup(pid_t group);

// The group of a process that is not reaped; -1: there is no such process.
pid_t GroupOf(pid_t pid);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CHILDREN_CHILDREN_WAIT_H_
