#include "master/platform/children/launch_error.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "master/platform/process/process_limits.h"
#include "proto_spec/base/signal_name.h"

namespace fectl::platform {
namespace {

using Step = LaunchError::Step;

std::string Words(Step step, const std::string& subject) {
  switch (step) {
    case Step::kClone:
      return "cannot start a process";
    case Step::kSession:
      return "cannot start a session";
    case Step::kKeyring:
      return "cannot start a session keyring";
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
    case Step::kCapabilities:
      return subject.empty() ? "cannot drop capabilities" : "cannot keep " + subject;
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
  words += error != 0 ? std::string(strerror(error)) : "killed before exec by " + base::SignalName(signal);
  const std::string more = hint.empty() ? LimitBehind(error) : hint;
  if (!more.empty()) words += " (" + more + ")";
  return words;
}

bool LaunchError::IsTransient() const {
  switch (error) {
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ETXTBSY:    // the file is being replaced
    case EDQUOT:     // of keyrings
    case ETIMEDOUT:  // the start limit
      return true;
    default:
      return false;
  }
}

}  // namespace fectl::platform
