#ifndef MASTER_PLATFORM_CHILDREN_LAUNCH_ERROR_H_
#define MASTER_PLATFORM_CHILDREN_LAUNCH_ERROR_H_

#include <string>

namespace fectl::platform {

// Why a start came to nothing.
struct LaunchError {
  // In the order in which they are taken.
  enum class Step {
    kClone,
    kSession,
    kKeyring,
    kSignals,
    kDescriptors,
    kLimits,
    kDirectory,
    kGroups,
    kGroup,
    kNoNewPrivileges,
    kUser,
    kCapabilities,
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

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CHILDREN_LAUNCH_ERROR_H_
