#include "master/platform/children/launcher_child.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "master/platform/children/raw_call.h"

// Nothing in this file is instrumented (raw_call.h). Functions that can fail return the errno, or 0.

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

// The errno of a call that answered this, or 0.
FECTL_CHILD_CODE int ErrorOf(long answer) {
  return answer < 0 ? static_cast<int>(-answer) : 0;
}

FECTL_CHILD_CODE long Fcntl(int fd, int command, long argument) {
  return RawCall(SYS_fcntl, fd, command, argument);
}

FECTL_CHILD_CODE int ResetSignalActions() {
  const KernelSignalAction fallback = {};
  for (int number = 1; number <= kSignalMax; ++number) {
    if (number == 9 || number == 19) continue;  // KILL and STOP have no other action
    // An ignored signal would stay ignored over exec, as the blocked ones would stay blocked.
    const long answer = RawCall(SYS_rt_sigaction, number, &fallback, nullptr, kKernelSignalSetBytes);
    if (answer != 0) return ErrorOf(answer);
  }
  return 0;
}

FECTL_CHILD_CODE int UnblockSignals() {
  const uint64_t none = 0;
  return ErrorOf(RawCall(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, &none, nullptr, kKernelSignalSetBytes));
}

// Gives descriptor `source` the number `target` and lets it survive exec.
FECTL_CHILD_CODE int Place(int source, int target) {
  if (source != target) return ErrorOf(RawCall(SYS_dup3, source, target, 0));
  return ErrorOf(Fcntl(target, F_SETFD, 0));
}

FECTL_CHILD_CODE int PlaceDescriptors(ChildPlan* plan) {
  // First everything that lies where another one must go is moved out of the way, above all targets.
  for (int target = 0; target < plan->source_count; ++target) {
    const int source = plan->sources[target];
    if (source == target || source >= plan->source_count) continue;
    plan->target = target;
    if (source < 0 && target != STDIN_FILENO) return EBADF;
    const long moved = source < 0 ? RawCall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC)
                                  : Fcntl(source, F_DUPFD_CLOEXEC, plan->source_count);
    if (moved < 0) return ErrorOf(moved);
    plan->sources[target] = static_cast<int>(moved);
    if (source >= 0 || moved >= plan->source_count) continue;
    // /dev/null itself came to lie among the targets. The low number goes on existing until its target is
    // placed.
    const long higher = Fcntl(static_cast<int>(moved), F_DUPFD_CLOEXEC, plan->source_count);
    if (higher < 0) return ErrorOf(higher);
    plan->sources[target] = static_cast<int>(higher);
  }
  for (int target = 0; target < plan->source_count; ++target) {
    plan->target = target;
    if (const int error = Place(plan->sources[target], target); error != 0) return error;
  }
  plan->target = -1;
  return 0;
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
FECTL_CHILD_CODE int CloseAtExecOneByOne(int first) {
  const long folder = RawCall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) {
    for (int fd = first; fd < kBlindCloseMax; ++fd) Fcntl(fd, F_SETFD, FD_CLOEXEC);
    return 0;
  }
  alignas(DirectoryEntry) char buffer[2048];
  while (true) {
    const long bytes = RawCall(SYS_getdents64, folder, buffer, sizeof(buffer));
    if (bytes <= 0) return ErrorOf(bytes);
    for (long at = 0; at < bytes;) {
      const void* const position = buffer + at;
      const DirectoryEntry* const entry = static_cast<const DirectoryEntry*>(position);
      const int fd = NumberFrom(entry->name);
      if (fd >= first) Fcntl(fd, F_SETFD, FD_CLOEXEC);
      // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): the kernel has written it.
      at += entry->bytes;
    }
  }
}

// At exec and not now: until then nothing is lost, and a failed start needs nothing of it.
FECTL_CHILD_CODE int CloseOthersAtExec(int first) {
  if (RawCall(SYS_close_range, first, ~0u, CLOSE_RANGE_CLOEXEC) == 0) return 0;
  return CloseAtExecOneByOne(first);
}

// A table of its own, which holds no number above the highest source: the kernel copies no more than that.
// (With a copy from the start it would copy, and close at exec, all that the master has open.)
FECTL_CHILD_CODE int LeaveSharedDescriptors(ChildPlan* plan) {
  int highest = STDERR_FILENO;
  for (int i = 0; i < plan->source_count; ++i) {
    if (plan->sources[i] > highest) highest = plan->sources[i];
  }
  const long answer = RawCall(SYS_close_range, highest + 1, ~0u, CLOSE_RANGE_UNSHARE);
  plan->cannot_leave = answer != 0;
  return ErrorOf(answer);
}

FECTL_CHILD_CODE int OwnDescriptors(ChildPlan* plan) {
  int error = plan->shares_descriptors ? LeaveSharedDescriptors(plan) : 0;
  if (error == 0) error = PlaceDescriptors(plan);
  return error != 0 ? error : CloseOthersAtExec(plan->source_count);
}

FECTL_CHILD_CODE int ForbidNewPrivileges(const ChildPlan& plan) {
  const long answer = plan.no_new_privileges ? RawCall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) : 0;
  if (answer != 0) return ErrorOf(answer);
  // Only here, when no handler of the master's is left that could run in the child.
  return UnblockSignals();
}

// What the keyring of a login session holds is not for another user. Still as the master's user, which the
// new keyring then counts for: ordinary users may have only 200. Where the call is missing or forbidden
// nothing can be read from a keyring either.
FECTL_CHILD_CODE int LeaveSessionKeyring() {
  const int error = ErrorOf(RawCall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr));
  return error == ENOSYS || error == EPERM ? 0 : error;
}

FECTL_CHILD_CODE int SetGroups(const ChildPlan& plan) {
  if (!plan.change.groups) return 0;
  const int error = ErrorOf(RawCall(SYS_setgroups, plan.group_count, plan.groups));
  return error == EPERM && !plan.change.gid && !plan.change.uid ? 0 : error;
}

FECTL_CHILD_CODE int SwitchUser(const ChildPlan& plan) {
  if (!plan.change.gid && !plan.change.uid) return 0;
  if (plan.change.uid) {
    // Without it root's capabilities would go with root. Refused, it shows when they are set.
    if (plan.capabilities != 0) RawCall(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
    const long answer = RawCall(SYS_setresuid, plan.uid, plan.uid, plan.uid);
    if (answer != 0) return ErrorOf(answer);
  }
  uid_t uids[3] = {};
  gid_t gids[3] = {};
  if (RawCall(SYS_getresuid, &uids[0], &uids[1], &uids[2]) != 0) return EPERM;
  if (RawCall(SYS_getresgid, &gids[0], &gids[1], &gids[2]) != 0) return EPERM;
  for (int i = 0; i < 3; ++i) {
    if (uids[i] != plan.uid || gids[i] != plan.gid) return EPERM;
  }
  return 0;
}

FECTL_CHILD_CODE int SetCapabilities(const ChildPlan& plan) {
  if (!plan.set_capabilities) return 0;
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const uint32_t low = static_cast<uint32_t>(plan.capabilities);
  const uint32_t high = static_cast<uint32_t>(plan.capabilities >> 32);
  const __user_cap_data_struct data[2] = {{low, low, low}, {high, high, high}};
  // With it goes from the ambient set what is not among them.
  if (const long answer = RawCall(SYS_capset, &header, data); answer != 0) return ErrorOf(answer);
  for (int number = 0; number < 64; ++number) {
    if ((plan.capabilities >> number & 1) == 0) continue;
    const long answer = RawCall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0);
    if (answer != 0) return ErrorOf(answer);
  }
  return 0;
}

// As execvp(3): what is missing is passed over, and what may not be executed, unless there is nothing else.
FECTL_CHILD_CODE int Execute(ChildPlan* plan) {
  int error = ENOENT;
  int denied = -1;
  int count = 0;
  for (; plan->executables[count] != nullptr; ++count) {
    plan->tried = count;
    error = ErrorOf(RawCall(SYS_execve, plan->executables[count], plan->argv, plan->environment));
    if (error == EACCES && denied < 0) denied = count;
    if (error != ENOENT && error != ENOTDIR && error != EACCES) return error;
  }
  if (count == 1) return error;
  plan->tried = denied;
  return denied < 0 ? ENOENT : EACCES;
}

FECTL_CHILD_CODE int TakeStep(Step step, ChildPlan* plan) {
  switch (step) {
    case Step::kClone:
      return 0;
    case Step::kSession:
      return ErrorOf(RawCall(SYS_setsid));
    case Step::kKeyring:
      return plan->change.uid ? LeaveSessionKeyring() : 0;
    case Step::kSignals:
      return ResetSignalActions();
    case Step::kDescriptors:
      return OwnDescriptors(plan);
    case Step::kLimits:
      RawCall(SYS_umask, plan->umask);
      if (plan->open_files == nullptr) return 0;
      return ErrorOf(RawCall(SYS_prlimit64, 0, RLIMIT_NOFILE, plan->open_files, nullptr));
    case Step::kDirectory:
      return plan->directory == nullptr ? 0 : ErrorOf(RawCall(SYS_chdir, plan->directory));
    case Step::kGroups:
      return SetGroups(*plan);
    case Step::kGroup:
      if (!plan->change.gid) return 0;
      return ErrorOf(RawCall(SYS_setresgid, plan->gid, plan->gid, plan->gid));
    case Step::kNoNewPrivileges:
      return ForbidNewPrivileges(*plan);
    case Step::kUser:
      // As late as can be: from here until exec other processes of that user can stop this one.
      return SwitchUser(*plan);
    case Step::kCapabilities:
      return SetCapabilities(*plan);
    case Step::kExecute:
      return Execute(plan);
  }
  return 0;
}

}  // namespace

FECTL_CHILD_CODE int RunChild(void* argument) {
  ChildPlan* const plan = static_cast<ChildPlan*>(argument);
  for (int number = 0; number <= static_cast<int>(Step::kExecute); ++number) {
    Step step = static_cast<Step>(number);
    // A built-in, as std::atomic's functions may be instrumented ones.
    __atomic_store(&plan->step, &step, __ATOMIC_RELEASE);
    plan->error = TakeStep(step, plan);
    if (plan->error != 0) break;
  }
  // Not exit(): its handlers are the master's.
  while (true) RawCall(SYS_exit_group, 127);
}

}  // namespace fectl::platform
