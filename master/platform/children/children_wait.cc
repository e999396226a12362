#include "master/platform/children/children_wait.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace fectl::platform {
namespace {

// waitid() without the meaningless parts; 0 or errno.
int Wait(idtype_t what, pid_t pid, int options, siginfo_t* info) {
  *info = {};
  int result;
  do {
    result = waitid(what, static_cast<id_t>(pid), info, options);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

ExitStatus StatusFrom(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return {ExitStatus::Kind::kExited, info.si_status, false};
  return {ExitStatus::Kind::kSignaled, info.si_status, info.si_code == CLD_DUMPED};
}

// 0 and 1, and what is negative, mean others than one child of ours in kill(2).
bool IsChildNumber(pid_t pid) {
  return pid > 1;
}

absl::Status Sent(int result) {
  if (result == 0) return absl::OkStatus();
  if (errno == ESRCH) return absl::NotFoundError("no such process");
  return absl::ErrnoToStatus(errno, "cannot send a signal");
}

}  // namespace

std::optional<EndedProcess> LookAt(pid_t pid) {
  siginfo_t info;
  const int error = Wait(P_PID, pid, WEXITED | WNOHANG | WNOWAIT, &info);
  if (error == ECHILD) return EndedProcess{pid, {ExitStatus::Kind::kUnknown, 0, false}};
  if (error != 0 || info.si_pid == 0) return std::nullopt;
  return EndedProcess{pid, StatusFrom(info)};
}

std::optional<EndedProcess> LookAtAny() {
  siginfo_t info;
  if (Wait(P_ALL, 0, WEXITED | WNOHANG | WNOWAIT, &info) != 0 || info.si_pid == 0) return std::nullopt;
  return EndedProcess{info.si_pid, StatusFrom(info)};
}

ExitStatus Reap(pid_t pid) {
  siginfo_t info;
  if (Wait(P_PID, pid, WEXITED, &info) != 0) return {ExitStatus::Kind::kUnknown, 0, false};
  return StatusFrom(info);
}

absl::Status SendSignal(pid_t pid, int pidfd, int number) {
  if (!IsChildNumber(pid)) return absl::InvalidArgumentError("not the number of a child");
  if (pidfd >= 0) {
    if (syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0) == 0) return absl::OkStatus();
    if (errno != ENOSYS && errno != EPERM) return Sent(-1);
    // A sandbox may forbid the newer call only.
  }
  return Sent(kill(pid, number));
}

absl::Status SendSignalToGroup(pid_t leader, int number) {
  if (!IsChildNumber(leader)) return absl::InvalidArgumentError("not the number of a child");
  return Sent(kill(-leader, number));
}

// Asked for stopped processes only, waitid() knows of no zombie: ECHILD means that no child lives there.
bool ChildLivesInGroup(pid_t group) {
  siginfo_t info;
  return Wait(P_PGID, group, WSTOPPED | WNOHANG | WNOWAIT, &info) == 0;
}

bool ChildIsInGroup(pid_t group) {
  siginfo_t info;
  return Wait(P_PGID, group, WEXITED | WNOHANG | WNOWAIT, &info) == 0;
}

pid_t GroupOf(pid_t pid) {
  return getpgid(pid);
}

}  // namespace fectl::platform
