#include "client/watch/run_watch.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/exit_code.h"
#include "client/process/signals.h"
#include "client/session/clock.h"
#include "client/session/connect.h"
#include "client/session/selection.h"
#include "client/session/session.h"
#include "client/text/nearest.h"
#include "client/watch/reload_command.h"
#include "client/watch/reloader.h"
#include "client/watch/tree_watch.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

// The name of the service, which there is as far as fectld can say it.
absl::StatusOr<std::string> LookForService(const Context& context, const std::string& word) {
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
  if (!session.ok()) return session.status();
  if (IsSelector(word)) return SelectOne(*session, word, "watch");
  const absl::StatusOr<std::vector<std::string>> names = session->ServiceNames();
  if (!names.ok()) return names.status();
  if (std::ranges::find(*names, word) != names->end()) return word;
  const std::string text = word + ": there is no such service" + WhichService(word, *names);
  return absl::UnknownError(absl::string_view(text.data(), text.size()));
}

// Until a signal says that it is enough.
void Watch(Reloader& reloader, Signals& signals) {
  for (;;) {
    const int64_t wake = reloader.wake_ms();
    const int64_t wait = wake == kNever ? -1 : std::clamp<int64_t>(wake - MonotonicMs(), 0, 60'000);
    pollfd ready[] = {{reloader.fd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}};
    poll(ready, 2, static_cast<int>(wait));
    while (const std::optional<int> signal = signals.Take()) {
      if (*signal != SIGCHLD) return reloader.Stop();
      reloader.TakeEnd();
    }
    if (ready[0].revents != 0) reloader.OnReady(MonotonicMs());
    reloader.OnTime(MonotonicMs());
  }
}

}  // namespace

int RunWatch(const Context& context) {
  std::vector<std::string> paths(context.invocation.operands.begin() + 1, context.invocation.operands.end());
  if (paths.empty()) paths = {"."};
  const absl::StatusOr<std::string> found = LookForService(context, context.invocation.operands[0]);
  if (!found.ok()) return Fail(context, found.status());
  const std::string& service = *found;
  absl::StatusOr<TreeWatch> watch = TreeWatch::Create(paths, context.directory);
  if (!watch.ok()) return Fail(context, kFailed, std::string(watch.status().message()));
  absl::StatusOr<Signals> signals = Signals::Block();
  if (!signals.ok()) return Fail(context, signals.status());
  Reloader reloader(*std::move(watch), ReloadCommand(context, context.socket_path, "reload", service),
                    &context.output);
  std::string shown;
  for (const std::string& path : paths) shown += (shown.empty() ? "" : ", ") + base::EscapeForTerminal(path);
  context.output.Err("fectl: watching " + shown + " for " + base::EscapeForTerminal(service) +
                     "; Ctrl-C ends it\n");
  Watch(reloader, *signals);
  return kDone;
}

}  // namespace fectl::client
