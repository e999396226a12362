#include "client/run_quit.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "client/exit_code.h"
#include "client/json_text.h"
#include "client/session/clock.h"
#include "client/session/connect.h"
#include "client/session/session.h"
#include "client/text/progress.h"
#include "client/text/time_text.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::client {
namespace {

constexpr char kWhat[] = "waiting for fectld to end";

// How long a process may exist after its connections have ended, until that is taken for no end at all. A
// process that exits closes its descriptors just before its end can be seen.
constexpr int64_t kExitMs = 2'000;

// The process that listens at the other end, by the kernel's own word, which needs no answer: a master at its
// limit of descriptors gives none.
struct MasterProcess {
  pid_t pid = 0;         // 0: it is not known, as in another pid namespace
  base::UniqueFd ended;  // becomes readable when it has exited
};

MasterProcess OpenMaster(int connection) {
  ucred peer = {};
  socklen_t size = sizeof peer;
  MasterProcess master;
  if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return master;
  // A server within this very process, as tests have it, has no end that could be waited for.
  if (peer.pid <= 0 || peer.pid == getpid()) return master;
  base::UniqueFd ended(static_cast<int>(syscall(SYS_pidfd_open, peer.pid, 0)));
  if (!ended.valid()) return master;
  master.pid = peer.pid;
  master.ended = std::move(ended);
  return master;
}

// True when the process has exited before `until_ms`.
bool AwaitExit(const base::UniqueFd& master, int64_t until_ms) {
  for (;;) {
    const int64_t left = until_ms - MonotonicMs();
    pollfd exited = {master.get(), POLLIN, 0};
    const int ready = poll(&exited, 1, static_cast<int>(std::clamp<int64_t>(left, 0, 60'000)));
    if (ready > 0) return true;
    if (ready == 0 && left <= 0) return false;
  }
}

// Whether the master has ended, as far as can be known within `limit_ms`.
bool HasEnded(const Context& context, const MasterProcess& master, int64_t limit_ms) {
  if (master.ended.valid()) {
    return AwaitExit(master.ended, std::min(context.limits.deadline_ms, MonotonicMs() + limit_ms));
  }
  return absl::IsUnavailable(Connect(context.socket_path, context.limits).status());
}

std::string StillThere(const MasterProcess& master, bool answered) {
  const std::string process = master.pid > 0 ? "its process " + std::to_string(master.pid) + " is" : "it is";
  if (answered) return "fectld has closed its control socket, but " + process + " still there";
  return "fectld closed the connection without an answer, and " + process +
         " still there: it has no room for another client (its log says so); nothing was stopped";
}

}  // namespace

int RunQuit(const Context& context) {
  const int64_t began = MonotonicMs();
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
  if (!session.ok()) return Fail(context, session.status());
  // Opened while the master is certainly there, so that its number cannot be another process's.
  const MasterProcess master = OpenMaster(session->channel().fd());

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
  // The end of the connection is what was asked for, even where it comes before a Done; but only where the
  // master has ended with it.
  if (!absl::IsAborted(end)) return Fail(context, end);
  const bool needs_proof = master.ended.valid() || !answer.ok();
  if (needs_proof && !HasEnded(context, master, answer.ok() ? context.limits.silence_ms : kExitMs))
    return Fail(context, kFailed, StillThere(master, answer.ok()));
  const int64_t took_ms = MonotonicMs() - began;
  context.output.Out(context.invocation.json ? DoneJson(took_ms)
                                             : "fectld has ended (" + SpokenDuration(took_ms) + ")\n");
  return kDone;
}

}  // namespace fectl::client
