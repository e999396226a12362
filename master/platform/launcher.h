#ifndef MASTER_PLATFORM_LAUNCHER_H_
#define MASTER_PLATFORM_LAUNCHER_H_

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "master/platform/identity.h"
#include "master/platform/low_descriptors.h"
#include "master/platform/unique_fd.h"

namespace fectl::platform {

// What stays the same each time that one place starts a process.
struct LaunchSpec {
  std::string executable = {};                // absolute; FindExecutable() gives it
  std::vector<std::string> argv = {};         // argv[0] included
  std::vector<std::string> environment = {};  // "NAME=value"; complete, nothing of the master's is added
  std::string directory = {};                 // empty: the master's
  std::optional<Identity> identity = {};      // nullopt: the master's
  std::optional<rlimit> open_files = {};      // RLIMIT_NOFILE of the process; nullopt: the master's
  mode_t umask = 022;
  // A worker can then never gain rights by executing a set-uid file.
  bool no_new_privileges = true;
  // A start that has not come to exec by then is given up (ETIMEDOUT): the master waits for it, and must not
  // wait for ever when the program or its directory is on a file system that hangs, or when another process
  // of the identity's user stops this one just before exec.
  int64_t start_limit_ns = 5'000'000'000;
};

// What differs from one start to the next. All are borrowed for the call; the caller closes its copies after
// it.
struct LaunchDescriptors {
  int stdin_fd = -1;                     // -1: /dev/null
  int stdout_fd = -1;                    // -1: the master's
  int stderr_fd = -1;                    // -1: the master's
  std::span<const int> passed_fds = {};  // become 3, 4, 5, ... in this order; nothing else stays open
};

struct LaunchResult {
  pid_t pid = 0;        // leads its own session and process group
  UniqueFd pidfd = {};  // not valid on a kernel without pidfds
};

struct LaunchError {
  // In the order in which they are taken.
  enum class Step {
    kClone,
    kSession,
    kSignals,
    kDescriptors,
    kLimits,
    kDirectory,
    kGroups,
    kGroup,
    kNoNewPrivileges,
    kUser,
    kExecute,
  };

  Step step = Step::kClone;
  int error = 0;             // errno; 0: a signal ended it in this step, before it executed anything
  int signal = 0;            // that signal
  std::string subject = {};  // the path or number that the step is about
  std::string hint = {};     // empty, or what the errno does not say

  // For people: "cannot change directory to /srv/app: No such file or directory", or "... killed before exec
  // by SIGKILL".
  std::string ToString() const;

  // The same start may succeed later with nothing changed: a limit of processes, memory or descriptors was
  // reached.
  bool IsTransient() const;
};

using LaunchOutcome = std::variant<LaunchResult, LaunchError>;

// A LaunchSpec in the form that execve() wants, made once so that a respawn allocates next to nothing.
class PreparedLaunch {
 public:
  explicit PreparedLaunch(LaunchSpec spec);
  PreparedLaunch(PreparedLaunch&&) = default;
  PreparedLaunch& operator=(PreparedLaunch&&) = default;

  const LaunchSpec& spec() const { return *spec_; }

  // Starts the process. Returns when it runs `executable` (the caller sleeps until then, at most
  // start_limit_ns; as with vfork the cost does not grow with the master's memory) or with the step that
  // failed, in which case nothing is left of it. One thread at a time; any signal mask is fine. With `low`
  // the cost does not grow with the number of open descriptors either.
  LaunchOutcome Launch(const LaunchDescriptors& descriptors, LowDescriptors* low = nullptr) const;

 private:
  struct Attempt {
    LaunchOutcome outcome;
    bool cannot_leave = false;  // the master's table of descriptors, which it shared
  };

  Attempt Run(std::vector<int> sources, bool shares_descriptors) const;

  // On the heap, so that the pointers into it survive a move.
  std::unique_ptr<LaunchSpec> spec_;
  std::vector<char*> argv_;         // ends with nullptr
  std::vector<char*> environment_;  // ends with nullptr
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_LAUNCHER_H_
