#include "master/platform/process/process_limits.h"

#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "absl/strings/str_cat.h"

namespace fectl::platform {

absl::StatusOr<rlimit> RaiseOpenFilesLimit() {
  rlimit before = {};
  if (getrlimit(RLIMIT_NOFILE, &before) != 0) {
    return absl::ErrnoToStatus(errno, "cannot read the limit of open files");
  }
  const rlimit raised = {.rlim_cur = before.rlim_max, .rlim_max = before.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
    return absl::ErrnoToStatus(errno, "cannot raise the limit of open files");
  }
  return before;
}

std::string LimitBehind(int error) {
  rlimit limit = {};
  switch (error) {
    case EMFILE:
      if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return "";
      return absl::StrCat("all ", limit.rlim_cur,
                          " files that fectld may have open are in use, see `ulimit -n`");
    case ENFILE:
      return "the system has no more open files to give, see fs.file-max";
    default:
      return "";
  }
}

absl::Status WithLimit(const absl::Status& status, int error) {
  const std::string limit = LimitBehind(error);
  return limit.empty() ? status
                       : absl::Status(status.code(), absl::StrCat(status.message(), " (", limit, ")"));
}

absl::Status ForbidInspection() {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return absl::ErrnoToStatus(errno, "cannot forbid the inspection of this process");
  }
  return absl::OkStatus();
}

absl::Status ForbidCoreDump(pid_t pid) {
  rlimit limit = {};
  if (prlimit(pid, RLIMIT_CORE, nullptr, &limit) != 0) {
    return absl::ErrnoToStatus(errno, "cannot read the limit of core dumps");
  }
  // Less than any dump takes. 0 would not do: the kernel starts the program in core_pattern all the same, and
  // only 1 keeps it from that.
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 1);
  if (prlimit(pid, RLIMIT_CORE, &limit, nullptr) != 0) {
    return absl::ErrnoToStatus(errno, "cannot set the limit of core dumps");
  }
  return absl::OkStatus();
}

absl::Status BecomeSubreaper() {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    return absl::ErrnoToStatus(errno, "cannot become the reaper of orphans");
  }
  return absl::OkStatus();
}

}  // namespace fectl::platform
