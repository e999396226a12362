#include "master/platform/launcher.h"

#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <utility>

#include "master/platform/children_wait.h"
#include "master/platform/exit_status.h"
#include "master/platform/launcher_child.h"
#include "master/platform/privileges.h"
#include "master/platform/signal_name.h"

namespace fectl::platform {
namespace {

using Step = LaunchError::Step;

// RunChild() needs less than 4 KiB with the buffer of its slowest path; the kernel's exec uses its own.
constexpr size_t kStackBytes = 32 * 1024;

constexpr int64_t kNanosPerSecond = 1'000'000'000;

// While the child shares our memory no handler may run in it, nor in us between our wake-up and the mask's
// return.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() { Set(~uint64_t{0}, &old_); }
  ~AllSignalsBlocked() { Set(old_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  // The raw call, as the C library's keeps its two internal signals open.
  static void Set(uint64_t mask, uint64_t* old) {
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, old, sizeof(mask));
  }

  uint64_t old_ = 0;
};

// The word that the kernel clears, with a futex wake-up, in the moment in which the child no longer uses our
// memory: at exec or at its end. The wake-up is one for all processes, so the wait must not be a private one.
bool WaitUntilZero(pid_t* word, int64_t limit_ns) {
  const timespec limit = {.tv_sec = limit_ns / kNanosPerSecond, .tv_nsec = limit_ns % kNanosPerSecond};
  std::atomic_ref<pid_t> value(*word);
  while (const pid_t seen = value.load(std::memory_order_acquire)) {
    // EINTR cannot come, as all signals are blocked; EAGAIN says that the word has changed in between.
    if (syscall(SYS_futex, word, FUTEX_WAIT, seen, &limit, nullptr, 0) != 0 && errno == ETIMEDOUT) {
      return value.load(std::memory_order_acquire) == 0;
    }
  }
  return true;
}

// The kernel gives the memory that the child shares the dumpable flag of a process that changed its user;
// after it has gone the master's own setting is put back.
class DumpableKept {
 public:
  explicit DumpableKept(const ChildPlan& plan) {
    if (plan.switch_identity) before_ = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  }
  ~DumpableKept() {
    if (before_ >= 0) prctl(PR_SET_DUMPABLE, before_ == 1 ? 1 : 0, 0, 0, 0);
  }
  DumpableKept(const DumpableKept&) = delete;
  DumpableKept& operator=(const DumpableKept&) = delete;

 private:
  int before_ = -1;  // nothing to put back
};

// CLONE_VM, and a wait with a limit in place of CLONE_VFORK's without one. clone() and not clone3(): it takes
// the same flags that matter here, containers do not forbid it, and the C library has it for every processor.
// That the handlers of the master are not cleared at once is no danger, as the child is born with all signals
// blocked and a fault of its own then ends it without a handler.
//
// Returns when the child executes or has ended; -1 with errno. While it waits, the child writes the same
// errno.
pid_t CloneAndWait(ChildPlan* plan, int64_t limit_ns, UniqueFd* pidfd) {
  alignas(16) std::array<char, kStackBytes> stack;
  char* const top = stack.data() + stack.size();  // grows downwards on every processor that we know
  const int flags = CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD | (plan->shares_descriptors ? CLONE_FILES : 0);
  AllSignalsBlocked blocked;
  const DumpableKept dumpable(*plan);
  pid_t sharing = 1;
  int fd = -1;
  pid_t pid = clone(RunChild, top, flags | CLONE_PIDFD, plan, &fd, nullptr, &sharing);
  if (pid < 0 && (errno == EINVAL || errno == ENOSYS || errno == EPERM)) {
    // A sandbox that does not know the flag.
    pid = clone(RunChild, top, flags, plan, nullptr, nullptr, &sharing);
  }
  if (pid < 0) return pid;
  pidfd->reset(fd);  // still -1 where the kernel is too old to know the flag
  if (!WaitUntilZero(&sharing, limit_ns)) {
    SendSignal(pid, fd, SIGKILL).IgnoreError();
    // Its stack is in this function's frame.
    while (!WaitUntilZero(&sharing, limit_ns)) {
    }
    plan->error = ETIMEDOUT;
  }
  return pid;
}

std::vector<char*> Pointers(std::vector<std::string>* strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings->size() + 1);
  for (std::string& string : *strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string Subject(const ChildPlan& plan) {
  switch (plan.step) {
    case Step::kDescriptors:
      if (plan.target == STDIN_FILENO && plan.sources[STDIN_FILENO] < 0) return "0 (/dev/null)";
      return plan.target < 0 ? "" : std::to_string(plan.target);
    case Step::kLimits:
      return plan.open_files == nullptr ? "" : std::to_string(plan.open_files->rlim_cur);
    case Step::kDirectory:
      return plan.directory;
    case Step::kGroups:
    case Step::kUser:
      return std::to_string(plan.uid);
    case Step::kGroup:
      return std::to_string(plan.gid);
    case Step::kExecute:
      return plan.executable;
    case Step::kClone:
    case Step::kSession:
    case Step::kSignals:
    case Step::kNoNewPrivileges:
      return "";
  }
  return "";
}

// A script is refused with the same errno as a file that is missing when it is its interpreter that is
// missing, and people then look at a file that is plainly there.
std::string Hint(const ChildPlan& plan) {
  if (plan.step != Step::kExecute || plan.error != ENOENT) return "";
  if (plan.executable[0] != '/' || access(plan.executable, F_OK) != 0) return "";
  return "the file is there, but not the interpreter that it names";
}

std::string Words(Step step, const std::string& subject) {
  switch (step) {
    case Step::kClone:
      return "cannot start a process";
    case Step::kSession:
      return "cannot start a session";
    case Step::kSignals:
      return "cannot reset signals";
    case Step::kDescriptors:
      return subject.empty() ? "cannot close descriptors" : "cannot pass descriptor " + subject;
    case Step::kLimits:
      return "cannot set the limit of open files to " + subject;
    case Step::kDirectory:
      return "cannot change directory to " + subject;
    case Step::kGroups:
      return "cannot switch to the groups of user " + subject;
    case Step::kGroup:
      return "cannot switch to group " + subject;
    case Step::kUser:
      return "cannot switch to user " + subject;
    case Step::kNoNewPrivileges:
      return "cannot forbid new privileges";
    case Step::kExecute:
      return "cannot execute " + subject;
  }
  return "";
}

}  // namespace

std::string LaunchError::ToString() const {
  std::string words = Words(step, subject) + ": ";
  words += error != 0 ? std::string(strerror(error)) : "killed before exec by " + SignalName(signal);
  if (!hint.empty()) words += " (" + hint + ")";
  return words;
}

bool LaunchError::IsTransient() const {
  switch (error) {
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ETXTBSY:    // the file is being replaced
    case ETIMEDOUT:  // the start limit
      return true;
    default:
      return false;
  }
}

PreparedLaunch::PreparedLaunch(LaunchSpec spec)
    : spec_(std::make_unique<LaunchSpec>(std::move(spec))),
      argv_(Pointers(&spec_->argv)),
      environment_(Pointers(&spec_->environment)) {}

LaunchOutcome PreparedLaunch::Launch(const LaunchDescriptors& descriptors, LowDescriptors* low) const {
  std::vector<int> sources;
  sources.reserve(3 + descriptors.passed_fds.size());
  sources.push_back(descriptors.stdin_fd);
  sources.push_back(descriptors.stdout_fd >= 0 ? descriptors.stdout_fd : STDOUT_FILENO);
  sources.push_back(descriptors.stderr_fd >= 0 ? descriptors.stderr_fd : STDERR_FILENO);
  sources.insert(sources.end(), descriptors.passed_fds.begin(), descriptors.passed_fds.end());
  if (low == nullptr || !low->usable()) return Run(std::move(sources), false).outcome;

  std::vector<int> lent;
  lent.reserve(sources.size());
  for (const int source : sources) lent.push_back(low->Lend(source));
  Attempt attempt = Run(std::move(lent), true);
  low->TakeBack();
  if (!attempt.cannot_leave) return std::move(attempt.outcome);
  low->GiveUp();  // an older kernel or a sandbox
  return Run(std::move(sources), false).outcome;
}

PreparedLaunch::Attempt PreparedLaunch::Run(std::vector<int> sources, bool shares_descriptors) const {
  ChildPlan plan;
  plan.executable = spec_->executable.c_str();
  plan.argv = argv_.data();
  plan.environment = environment_.data();
  plan.directory = spec_->directory.empty() ? nullptr : spec_->directory.c_str();
  plan.sources = sources.data();
  plan.source_count = static_cast<int>(sources.size());
  plan.shares_descriptors = shares_descriptors;
  plan.open_files = spec_->open_files.has_value() ? &*spec_->open_files : nullptr;
  plan.umask = spec_->umask;
  plan.no_new_privileges = spec_->no_new_privileges;
  if (spec_->identity.has_value() && !IsPresentOrdinaryIdentity(*spec_->identity)) {
    plan.switch_identity = true;
    plan.uid = spec_->identity->uid;
    plan.gid = spec_->identity->gid;
    plan.groups = spec_->identity->groups.data();
    plan.group_count = spec_->identity->groups.size();
  }

  UniqueFd pidfd;
  const pid_t pid = CloneAndWait(&plan, spec_->start_limit_ns, &pidfd);
  if (pid < 0) return {LaunchError{.step = Step::kClone, .error = errno}};
  if (plan.error != 0) {
    Reap(pid);
    return {LaunchError{.step = plan.step, .error = plan.error, .subject = Subject(plan), .hint = Hint(plan)},
            plan.cannot_leave};
  }
  if (plan.step != Step::kExecute) {
    // It no longer uses our memory, did not fail, and never came to exec: somebody killed it on its way
    // there.
    const ExitStatus status = Reap(pid);
    return {LaunchError{.step = plan.step, .signal = status.code, .subject = Subject(plan)}};
  }
  // Safe although the process may have ended: nobody but us reaps it, so the number is still its own.
  if (!pidfd.valid()) pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  return {LaunchResult{pid, std::move(pidfd)}};
}

}  // namespace fectl::platform
