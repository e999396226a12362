#include "master/platform/children/daemonize.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "master/platform/children/children_wait.h"

namespace fectl::platform {
namespace {

constexpr char kReady = 'R';
constexpr char kFailed = 'F';  // the reason follows
constexpr size_t kReasonBytesMax = 4096;

// The command may be gone (interrupted by its user); then nobody is told, and no signal ends the daemon for
// it.
void Tell(const base::UniqueFd& line, const std::string& report) {
  ssize_t sent;
  do {
    sent = send(line.get(), report.data(), report.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
}

absl::Status ReadReport(base::UniqueFd line) {
  std::string report;
  std::array<char, 1024> part;
  while (true) {
    const ssize_t bytes = read(line.get(), part.data(), part.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) break;
    report.append(part.data(), bytes);
    // The line stays open in the daemon until its report object is gone; success need not wait for that.
    if (report[0] == kReady) return absl::OkStatus();
  }
  if (report.empty()) return absl::UnavailableError("the daemon ended before it was ready");
  return absl::UnavailableError(absl::string_view(report.data() + 1, report.size() - 1));
}

}  // namespace

void StartReport::Ready() {
  if (!line_.valid()) return;
  Tell(line_, std::string(1, kReady));
  line_.reset();
}

void StartReport::Failed(std::string_view reason) {
  if (!line_.valid()) return;
  Tell(line_, kFailed + std::string(reason.substr(0, kReasonBytesMax - 1)));
  line_.reset();
}

absl::StatusOr<std::variant<StartReport, StartedFromHere>> Daemonize() {
  int ends[2] = {-1, -1};
  // A socket for the sake of MSG_NOSIGNAL.
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return absl::ErrnoToStatus(errno, "cannot create a socket pair");
  }
  base::UniqueFd from_daemon(ends[0]);
  base::UniqueFd to_caller(ends[1]);
  const pid_t middle = fork();
  if (middle < 0) return absl::ErrnoToStatus(errno, "cannot start the daemon");
  if (middle > 0) {
    to_caller.reset();
    Reap(middle);
    return StartedFromHere{ReadReport(std::move(from_daemon))};
  }
  from_daemon.reset();
  StartReport report(std::move(to_caller));
  if (setsid() < 0) {
    report.Failed("cannot start a session");
    _exit(1);
  }
  // A second fork: only the leader of a session can get a terminal, and the daemon is not to be one.
  const pid_t daemon = fork();
  if (daemon < 0) report.Failed("cannot start the daemon");
  if (daemon != 0) _exit(daemon < 0 ? 1 : 0);
  return report;
}

}  // namespace fectl::platform
