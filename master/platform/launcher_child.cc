#include "master/platform/launcher_child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

// The child runs on a stack that the sanitizers know nothing of, in memory that is not its own: their
// bookkeeping for its frames would land in the master's. So nothing in this file is instrumented.
#define FECTL_CHILD_CODE __attribute__((no_sanitize("address", "undefined", "thread")))

namespace fectl::platform {
namespace {

using Step = LaunchError::Step;

constexpr int kSignalMax = 64;
// The kernel's own signal set and action, which differ from the C library's types.
constexpr size_t kKernelSignalSetBytes = 8;
struct KernelSignalAction {
  uint64_t words[4];  // all zero: the default action, no flags, empty mask
};
// Looked at without a list of the open ones; beyond it a process needs /proc to be mounted.
constexpr int kBlindCloseMax = 65536;

// In the layout of getdents64().
struct DirectoryEntry {
  uint64_t inode;
  int64_t offset;
  uint16_t bytes;
  uint8_t type;
  char name[];
};

FECTL_CHILD_CODE long Fcntl(int fd, int command, long argument) {
  return syscall(SYS_fcntl, fd, command, argument);
}

FECTL_CHILD_CODE bool ResetSignalActions() {
  const KernelSignalAction fallback = {};
  for (int number = 1; number <= kSignalMax; ++number) {
    if (number == 9 || number == 19) continue;  // KILL and STOP have no other action
    // An ignored signal would stay ignored over exec, as the blocked ones would stay blocked.
    if (syscall(SYS_rt_sigaction, number, &fallback, nullptr, kKernelSignalSetBytes) != 0) return false;
  }
  return true;
}

FECTL_CHILD_CODE bool UnblockSignals() {
  const uint64_t none = 0;
  return syscall(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, &none, nullptr, kKernelSignalSetBytes) == 0;
}

// Gives descriptor `source` the number `target` and lets it survive exec.
FECTL_CHILD_CODE bool Place(int source, int target) {
  if (source != target) return syscall(SYS_dup3, source, target, 0) == target;
  return Fcntl(target, F_SETFD, 0) == 0;
}

FECTL_CHILD_CODE bool PlaceDescriptors(ChildPlan* plan) {
  // First everything that lies where another one must go is moved out of the way, above all targets.
  for (int target = 0; target < plan->source_count; ++target) {
    const int source = plan->sources[target];
    if (source == target || source >= plan->source_count) continue;
    plan->target = target;
    if (source < 0 && target != STDIN_FILENO) {
      errno = EBADF;
      return false;
    }
    const long moved = source < 0 ? syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC)
                                  : Fcntl(source, F_DUPFD_CLOEXEC, plan->source_count);
    if (moved < 0) return false;
    plan->sources[target] = static_cast<int>(moved);
    if (source >= 0 || moved >= plan->source_count) continue;
    // /dev/null itself came to lie among the targets. The low number goes on existing until its target is
    // placed.
    const long higher = Fcntl(static_cast<int>(moved), F_DUPFD_CLOEXEC, plan->source_count);
    if (higher < 0) return false;
    plan->sources[target] = static_cast<int>(higher);
  }
  for (int target = 0; target < plan->source_count; ++target) {
    plan->target = target;
    if (!Place(plan->sources[target], target)) return false;
  }
  plan->target = -1;
  return true;
}

// -1: not a number ("." and "..").
FECTL_CHILD_CODE int NumberFrom(const char* name) {
  int number = 0;
  for (; *name != '\0'; ++name) {
    if (*name < '0' || *name > '9') return -1;
    number = number * 10 + (*name - '0');
  }
  return number;
}

// For kernels and sandboxes without close_range().
FECTL_CHILD_CODE bool CloseAtExecOneByOne(int first) {
  const long folder = syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) {
    for (int fd = first; fd < kBlindCloseMax; ++fd) Fcntl(fd, F_SETFD, FD_CLOEXEC);
    return true;
  }
  alignas(DirectoryEntry) char buffer[2048];
  while (true) {
    const long bytes = syscall(SYS_getdents64, folder, buffer, sizeof(buffer));
    if (bytes <= 0) return bytes == 0;
    for (long at = 0; at < bytes;) {
      const void* const position = buffer + at;
      const DirectoryEntry* const entry = static_cast<const DirectoryEntry*>(position);
      const int fd = NumberFrom(entry->name);
      if (fd >= first) Fcntl(fd, F_SETFD, FD_CLOEXEC);
      at += entry->bytes;
    }
  }
}

// At exec and not now: until then nothing is lost, and a failed start needs nothing of it.
FECTL_CHILD_CODE bool CloseOthersAtExec(int first) {
  if (syscall(SYS_close_range, first, ~0u, CLOSE_RANGE_CLOEXEC) == 0) return true;
  return CloseAtExecOneByOne(first);
}

// A table of its own, which holds no number above the highest source: the kernel copies no more than that.
// (With a copy from the start it would copy, and close at exec, all that the master has open.)
FECTL_CHILD_CODE bool LeaveSharedDescriptors(ChildPlan* plan) {
  int highest = STDERR_FILENO;
  for (int i = 0; i < plan->source_count; ++i) {
    if (plan->sources[i] > highest) highest = plan->sources[i];
  }
  plan->cannot_leave = syscall(SYS_close_range, highest + 1, ~0u, CLOSE_RANGE_UNSHARE) != 0;
  return !plan->cannot_leave;
}

FECTL_CHILD_CODE bool HasIds(const ChildPlan& plan) {
  uid_t uids[3] = {};
  gid_t gids[3] = {};
  if (syscall(SYS_getresuid, &uids[0], &uids[1], &uids[2]) != 0) return false;
  if (syscall(SYS_getresgid, &gids[0], &gids[1], &gids[2]) != 0) return false;
  for (int i = 0; i < 3; ++i) {
    if (uids[i] != plan.uid || gids[i] != plan.gid) {
      errno = EPERM;
      return false;
    }
  }
  return true;
}

FECTL_CHILD_CODE bool TakeStep(Step step, ChildPlan* plan) {
  switch (step) {
    case Step::kClone:
      return true;
    case Step::kSession:
      return syscall(SYS_setsid) >= 0;
    case Step::kSignals:
      return ResetSignalActions();
    case Step::kDescriptors:
      if (plan->shares_descriptors && !LeaveSharedDescriptors(plan)) return false;
      return PlaceDescriptors(plan) && CloseOthersAtExec(plan->source_count);
    case Step::kLimits:
      syscall(SYS_umask, plan->umask);
      return plan->open_files == nullptr ||
             syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, plan->open_files, nullptr) == 0;
    case Step::kDirectory:
      return plan->directory == nullptr || syscall(SYS_chdir, plan->directory) == 0;
    case Step::kGroups:
      return !plan->switch_identity || syscall(SYS_setgroups, plan->group_count, plan->groups) == 0;
    case Step::kGroup:
      return !plan->switch_identity || syscall(SYS_setresgid, plan->gid, plan->gid, plan->gid) == 0;
    case Step::kNoNewPrivileges:
      if (plan->no_new_privileges && syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
      // Only here, when no handler of the master's is left that could run in the child.
      return UnblockSignals();
    case Step::kUser:
      // As late as can be: from here until exec other processes of that user can stop this one.
      return !plan->switch_identity ||
             (syscall(SYS_setresuid, plan->uid, plan->uid, plan->uid) == 0 && HasIds(*plan));
    case Step::kExecute:
      syscall(SYS_execve, plan->executable, plan->argv, plan->environment);
      return false;
  }
  return false;
}

}  // namespace

FECTL_CHILD_CODE int RunChild(void* argument) {
  ChildPlan* const plan = static_cast<ChildPlan*>(argument);
  for (int step = 0; step <= static_cast<int>(Step::kExecute); ++step) {
    plan->step = static_cast<Step>(step);
    if (TakeStep(plan->step, plan)) continue;
    plan->error = errno;
    break;
  }
  // Not exit(): its handlers are the master's.
  while (true) syscall(SYS_exit_group, 127);
}

}  // namespace fectl::platform
