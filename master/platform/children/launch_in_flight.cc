#include "master/platform/children/launch_in_flight.h"

#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>

#include "master/platform/children/children_wait.h"
#include "master/platform/children/launcher_child.h"
#include "master/platform/children/raw_call.h"
#include "master/platform/credentials/capabilities.h"
#include "master/platform/files/removed_directory.h"
#include "master/platform/process/exec_limits.h"
#include "proto_spec/base/path.h"

namespace fectl::platform {
namespace {

using Step = LaunchError::Step;

// RunChild() needs less than 4 KiB with the buffer of its slowest path; the kernel's exec uses its own.
constexpr size_t kStackBytes = 32 * 1024;

constexpr int64_t kNanosPerSecond = 1'000'000'000;
// A program that is not in memory comes from a healthy disk within this time.
constexpr int64_t kPatience = 10'000'000;
// Beside one that already hangs, as the next one will probably hang as well. A start that does not takes
// less.
constexpr int64_t kPatienceBesideOthers = 1'000'000;

// The child begins with the master's handlers, which must not run in it: it is born with all signals blocked,
// and unblocks them when it has reset its own. And nothing interrupts the wait for it.
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

// The kernel gives the memory that the child shares the dumpable flag of a process that changed its user.
// The master's own setting is put back when the last such child has left: before that, other processes of
// the child's user could trace it, and with it the master's memory.
class DumpableKept {
 public:
  explicit DumpableKept(bool switch_identity) : counted_(switch_identity) {
    if (counted_ && count_++ == 0) before_ = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  }
  ~DumpableKept() {
    if (counted_ && --count_ == 0) prctl(PR_SET_DUMPABLE, before_ == 1 ? 1 : 0, 0, 0, 0);
  }
  DumpableKept(const DumpableKept&) = delete;
  DumpableKept& operator=(const DumpableKept&) = delete;

 private:
  static inline int count_ = 0;
  static inline int before_ = 0;

  bool counted_;
};

std::string PathOf(const ChildPlan& plan, int candidate) {
  return base::JoinPath(plan.directory == nullptr ? "" : plan.directory, plan.executables[candidate]);
}

// The file that the error of exec is about; empty: it is about all that it could have been. (A script whose
// interpreter is missing is refused as if it were missing itself. Files are looked at only after the system
// has answered for them.)
std::string ExecutableOf(const ChildPlan& plan) {
  if (plan.tried >= 0) return PathOf(plan, plan.tried);
  for (int i = 0; plan.executables[i] != nullptr; ++i) {
    std::string path = PathOf(plan, i);
    if (access(path.c_str(), F_OK) == 0) return path;
  }
  return "";
}

std::string NameOf(const ChildPlan& plan) {
  const std::string path = ExecutableOf(plan);
  return path.empty() ? plan.argv[0] : path;
}

std::string SubjectOf(const ChildPlan& plan) {
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
    case Step::kCapabilities:
      return NamesOf(plan.capabilities);
    case Step::kExecute:
      return NameOf(plan);
    case Step::kClone:
    case Step::kSession:
    case Step::kKeyring:
    case Step::kSignals:
    case Step::kNoNewPrivileges:
      return "";
  }
  return "";
}

// The first that is longer than one may be: "the variable X takes 200000 bytes". Empty: none is.
std::string TooLong(char* const* strings, const std::string& kind, size_t* total) {
  for (; *strings != nullptr; ++strings) {
    const std::string_view string(*strings);
    const size_t bytes = string.size() + 1;
    *total += bytes + sizeof(char*);
    if (bytes <= ExecStringBytesMax()) continue;
    const std::string name(kind.empty() ? "an argument"
                                        : kind + std::string(string.substr(0, string.find('='))));
    return name + " takes " + std::to_string(bytes) + " bytes, and Linux allows " +
           std::to_string(ExecStringBytesMax());
  }
  return "";
}

// For "Argument list too long": what is.
std::string WhatIsTooLong(const ChildPlan& plan) {
  size_t total = 0;
  if (std::string argument = TooLong(plan.argv, "", &total); !argument.empty()) return argument;
  if (std::string variable = TooLong(plan.environment, "the variable ", &total); !variable.empty())
    return variable;
  return "arguments and variables take " + std::to_string(total) + " bytes together, and Linux allows " +
         std::to_string(ExecBytesMax());
}

// What the errno does not say.
std::string HintOf(const ChildPlan& plan) {
  if (plan.step == Step::kDirectory) return DirectoryWasRemoved(plan.error, plan.directory);
  if (plan.step == Step::kCapabilities) {
    const CapabilitySet missing = plan.capabilities & ~GetHeldCapabilities().permitted;
    return missing == 0 ? "" : "fectld itself has not " + NamesOf(missing);
  }
  if (plan.step != Step::kExecute) return "";
  if (plan.error == E2BIG) return WhatIsTooLong(plan);
  const std::string path = ExecutableOf(plan);
  if (plan.executables[0] != nullptr) {
    std::string removed = DirectoryWasRemoved(plan.error, PathOf(plan, 0));
    if (!removed.empty()) return removed;
  }
  if (path.empty()) return "PATH is " + std::string(plan.search_path);
  struct stat status = {};
  const bool there = stat(path.c_str(), &status) == 0;
  if (there && plan.error == EACCES && S_ISDIR(status.st_mode)) return "it is a directory";
  if (there && plan.error == ENOENT) return "the file is there, but not the interpreter that it names";
  return "";
}

}  // namespace

// On the heap, as it may have to stay longer than any call.
struct LaunchInFlight::Shared {
  Shared(const ChildPlan& the_plan, std::vector<int> the_sources, std::shared_ptr<const void> the_strings)
      : strings(std::move(the_strings)),
        sources(std::move(the_sources)),
        plan(the_plan),
        dumpable(!the_plan.change.same_ids()) {
    plan.sources = sources.data();
    plan.source_count = static_cast<int>(sources.size());
    ++count;
  }
  ~Shared() { --count; }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  bool in_use() { return std::atomic_ref<pid_t>(sharing).load(std::memory_order_acquire) != 0; }

  static inline int count = 0;

  std::shared_ptr<const void> strings;
  std::vector<int> sources;
  ChildPlan plan;
  DumpableKept dumpable;
  pid_t sharing = 0;  // not 0: the child uses all this
  bool abandoned = false;
  alignas(16) std::array<char, kStackBytes> stack;  // not cleared
};

// The child still runs on this memory, and nothing waits for its end: the memory is leaked.
void LaunchInFlight::Release::operator()(Shared* shared) const {
  if (!shared->in_use()) delete shared;
}

LaunchInFlight::LaunchInFlight(const ChildPlan& plan, std::vector<int> sources,
                               std::shared_ptr<const void> strings)
    : shared_(new Shared(plan, std::move(sources), std::move(strings))) {}

// CLONE_VM, and a wait with a limit in place of CLONE_VFORK's without one. clone() and not clone3(): it takes
// the same flags that matter here, containers do not forbid it, and the C library has it for every processor.
// That the handlers of the master are not cleared at once is no danger, as the child is born with all signals
// blocked and a fault of its own then ends it without a handler.
pid_t LaunchInFlight::Start(int64_t limit_ns, base::UniqueFd* pidfd) {
  ChildPlan* const plan = &shared_->plan;
  pid_t* const sharing = &shared_->sharing;
  char* const top = shared_->stack.data() + shared_->stack.size();  // grows downwards on all that we know
  const int flags = CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD | (plan->shares_descriptors ? CLONE_FILES : 0);
  const int64_t patience = Shared::count > 1 ? kPatienceBesideOthers : kPatience;
  AllSignalsBlocked blocked;
  *sharing = 1;
  int fd = -1;
  pid_t pid = clone(RunChild, top, flags | CLONE_PIDFD, plan, &fd, nullptr, sharing);
  if (pid < 0 && (errno == EINVAL || errno == ENOSYS || errno == EPERM)) {
    // A sandbox that does not know the flag.
    pid = clone(RunChild, top, flags, plan, nullptr, nullptr, sharing);
  }
  if (pid < 0) {
    *sharing = 0;
    return pid;
  }
  pidfd->reset(fd);  // still -1 where the kernel is too old to know the flag
  for (int64_t waited = 0; !WaitUntilZero(sharing, std::min(patience, limit_ns)); waited += patience) {
    // From then on it touches nothing of ours but this, unless its calls write our errno.
    if (kRawCallsLeaveErrno && StepOf(*plan) > Step::kDescriptors) return pid;
    if (waited + patience < limit_ns) continue;
    SendSignal(pid, fd, SIGKILL).IgnoreError();
    while (!WaitUntilZero(sharing, limit_ns)) {
    }
    plan->error = ETIMEDOUT;
    break;
  }
  return pid;
}

bool LaunchInFlight::pending() const {
  return shared_ != nullptr && shared_->in_use();
}

void LaunchInFlight::Abandon() {
  shared_->abandoned = true;
}

bool LaunchInFlight::failed() const {
  const ChildPlan& plan = shared_->plan;
  // One that no longer uses our memory, did not fail, and never came to exec was killed on its way there.
  return plan.error != 0 || plan.step != Step::kExecute || shared_->abandoned;
}

std::optional<LaunchError> LaunchInFlight::Failure(const ExitStatus& end) const {
  if (shared_ == nullptr || !failed()) return std::nullopt;
  const ChildPlan& plan = shared_->plan;
  if (plan.error == 0) return LaunchError{.step = plan.step, .signal = end.code, .subject = SubjectOf(plan)};
  return LaunchError{
      .step = plan.step, .error = plan.error, .subject = SubjectOf(plan), .hint = HintOf(plan)};
}

bool LaunchInFlight::cannot_leave() const {
  return shared_->plan.cannot_leave;
}

}  // namespace fectl::platform
