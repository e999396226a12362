#include "client/run_quit.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "client/clock.h"
#include "client/exit_code.h"
#include "client/json_text.h"
#include "client/progress.h"
#include "client/session.h"
#include "client/text/time_text.h"

namespace fectl::client {
namespace {

constexpr char kWhat[] = "waiting for fectld to end";

// A descriptor of the master's process, which becomes readable when it has exited; invalid when the master
// cannot be known for sure: one of the base level does not tell its pid, and a pid from another pid namespace
// is a stranger here. The kernel's own word for who listens there settles it.
UniqueFd OpenMaster(int connection, int64_t pid) {
  ucred peer = {};
  socklen_t size = sizeof peer;
  if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return UniqueFd();
  if (pid <= 0 || peer.pid != pid) return UniqueFd();
  return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, peer.pid, 0)));
}

// True when the process has exited before `until_ms`.
bool AwaitExit(const UniqueFd& master, int64_t until_ms) {
  for (;;) {
    const int64_t left = until_ms - MonotonicMs();
    pollfd exited = {master.get(), POLLIN, 0};
    const int ready = poll(&exited, 1, static_cast<int>(std::clamp<int64_t>(left, 0, 60'000)));
    if (ready > 0) return true;
    if (ready == 0 && left <= 0) return false;
  }
}

}  // namespace

int RunQuit(const Context& context) {
  const int64_t began = MonotonicMs();
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
  if (!session.ok()) return Fail(context, session.status());
  // Opened while the master is certainly there, so that its number cannot be another process's.
  const UniqueFd master = OpenMaster(session->channel().fd(), session->master_pid());

  Progress progress(&context.output, context.show_progress, began);
  proto::Request quit;
  quit.verb = proto::Request::Verb::kQuit;
  const absl::StatusOr<proto::Response> answer = session->Ask(quit, &progress, kWhat);
  absl::Status end = answer.status();
  if (answer.ok()) {
    if (answer->kind != proto::Response::Kind::kDone) {
      progress.Erase();
      if (answer->kind == proto::Response::Kind::kErrorNotPermitted)
        return Fail(context, NotPermitted(*answer));
      return Fail(context, kFailed, "quit refused: " + WrongAnswer(*answer, "", {}));
    }
    end = AwaitEnd(session->channel(), &progress, kWhat);
  }
  progress.Erase();
  // The end of the connection is what was asked for, even where it comes before a Done.
  if (!absl::IsAborted(end)) return Fail(context, end);
  if (master.valid()) {
    const Limits& limits = context.limits;
    const int64_t until_ms = std::min(limits.deadline_ms, MonotonicMs() + limits.silence_ms);
    if (!AwaitExit(master, until_ms)) {
      return Fail(context, kFailed,
                  "fectld has closed its control socket, but its process " +
                      std::to_string(session->master_pid()) + " is still there");
    }
  }
  const int64_t took_ms = MonotonicMs() - began;
  context.output.Out(context.invocation.json ? DoneJson(took_ms)
                                             : "fectld has ended (" + SpokenDuration(took_ms) + ")\n");
  return kDone;
}

}  // namespace fectl::client
