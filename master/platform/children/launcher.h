#ifndef MASTER_PLATFORM_CHILDREN_LAUNCHER_H_
#define MASTER_PLATFORM_CHILDREN_LAUNCHER_H_

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "master/platform/children/launch_error.h"
#include "master/platform/children/launch_in_flight.h"
#include "master/platform/children/low_descriptors.h"
#include "master/platform/credentials/capabilities.h"
#include "master/platform/credentials/identity.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

// What stays the same each time that one place starts a process.
struct LaunchSpec {
  // A path, from `directory` on if it is relative; or without a slash a name, which is looked for anew at
  // each start in the folders of `search_path`, as execvp(3) does. It is the new process that looks: the file
  // system may not answer.
  std::string executable = {};
  std::string search_path = {};
  std::vector<std::string> argv = {};         // argv[0] included
  std::vector<std::string> environment = {};  // "NAME=value"; complete, nothing of the master's is added
  std::string directory = {};                 // empty: the master's
  std::optional<Identity> identity = {};      // nullopt: the master's
  std::optional<rlimit> open_files = {};      // RLIMIT_NOFILE of the process; nullopt: the master's
  mode_t umask = 022;
  // A worker can then never gain rights by executing a set-uid file.
  bool no_new_privileges = true;
  // What the process has, and what it executes as well. nullopt: of root everything that the master has, of
  // any other user nothing. (The kernel leaves them alone at a change of user where neither is root.)
  std::optional<CapabilitySet> capabilities = {};
  // A new process that has not even its descriptors by then is given up (ETIMEDOUT): until it has, the master
  // waits.
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
  pid_t pid = 0;              // leads its own session and process group
  base::UniqueFd pidfd = {};  // not valid on a kernel without pidfds
  // Whether it has come to its program by now; if it has not, this tells in the end why it did not. Keep it
  // until the process has ended.
  LaunchInFlight in_flight = {};
};

using LaunchOutcome = std::variant<LaunchResult, LaunchError>;

// A LaunchSpec in the form that execve() wants.
class PreparedLaunch {
 public:
  explicit PreparedLaunch(LaunchSpec spec);

  const LaunchSpec& spec() const { return strings_->spec; }

  // Starts the process. Returns when it runs `executable`; with the step that failed, in which case nothing
  // is left of it; or after a few milliseconds with a process that is still on its way there (`in_flight`).
  // The caller sleeps until then; the cost does not grow with its memory. One thread at a time; any signal
  // mask is fine. With `low` the cost does not grow with the number of open descriptors either.
  LaunchOutcome Launch(const LaunchDescriptors& descriptors, LowDescriptors* low = nullptr) const;

 private:
  struct Attempt {
    LaunchOutcome outcome;
    bool cannot_leave = false;  // the master's table of descriptors, which it shared
  };
  // What a new process reads, which may be longer than this exists.
  struct Strings {
    explicit Strings(LaunchSpec the_spec);

    LaunchSpec spec;
    std::vector<std::string> candidates;  // for the executable
    // Each ends with nullptr.
    std::vector<char*> executables;
    std::vector<char*> argv;
    std::vector<char*> environment;
  };

  Attempt Run(std::vector<int> sources, bool shares_descriptors) const;

  std::shared_ptr<const Strings> strings_;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CHILDREN_LAUNCHER_H_
