#include "client/live/run_refresh.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <sstream>
#include <vector>

#include "client/command_line/command_line.h"
#include "client/exit_code.h"
#include "client/live/screen.h"
#include "client/process/signals.h"
#include "client/session/clock.h"
#include "client/text/output.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::client {
namespace {

constexpr int64_t kRenewMs = 1000;
// Where only changes are shown.
constexpr int64_t kLookMs = 250;

struct Captured {
  int exit_code = kDone;
  std::string out;
  std::string err;
};

std::string Content(const base::UniqueFd& file) {
  std::string text;
  char bytes[65536];
  for (;;) {
    const ssize_t got = pread(file.get(), bytes, sizeof bytes, static_cast<off_t>(text.size()));
    if (got <= 0) return text;
    text.append(bytes, static_cast<size_t>(got));
  }
}

// What it prints now.
Captured Capture(const Context& context, const Shown& shown, bool json) {
  const base::UniqueFd out(memfd_create("out", MFD_CLOEXEC));
  const base::UniqueFd err(memfd_create("err", MFD_CLOEXEC));
  if (!out.valid() || !err.valid()) return {kFailed, "", "fectl: no memory for what is to be shown\n"};
  Output output(out.get(), err.get());
  Invocation invocation = context.invocation;
  invocation.json = json;
  Context inner{.invocation = invocation,
                .output = output,
                .socket_path = context.socket_path,
                .limits = context.limits,
                .colours_on = context.colours_on && !json};
  Captured captured;
  captured.exit_code = shown(inner);
  captured.out = Content(out);
  captured.err = Content(err);
  return captured;
}

// A master may be started again, or have no room for a while.
bool MayPass(int exit_code) {
  return exit_code == kDone || exit_code == kNoMaster;
}

// True: it is to end.
bool EndsAt(int signal, Signals* signals, Screen* screen) {
  if (signal == SIGCHLD) return false;
  if (screen == nullptr) return signal != SIGTSTP && signal != SIGCONT && signal != SIGWINCH;
  switch (signal) {
    case SIGTSTP:
      screen->Leave();
      signals->StopAsAsked();
      screen->Enter();
      return false;
    case SIGCONT:
      screen->Leave();
      screen->Enter();
      return false;
    case SIGWINCH:
      screen->Measure();
      return false;
    default:
      return true;
  }
}

// Waits until that time, a key or a signal. True: it is to end.
bool Wait(const Context& context, Signals* signals, Screen* screen, int64_t wait_ms) {
  pollfd ready[] = {{signals->fd(), POLLIN, 0},
                    {screen == nullptr ? context.output.out_fd() : screen->fd(),
                     static_cast<short>(screen == nullptr ? 0 : POLLIN), 0}};
  poll(ready, 2, static_cast<int>(wait_ms));
  while (const std::optional<int> signal = signals->Take()) {
    if (EndsAt(*signal, signals, screen)) return true;
  }
  if ((ready[1].revents & (POLLERR | POLLHUP)) != 0) return true;  // nobody looks any more
  if (screen == nullptr || ready[1].revents == 0) return false;
  while (const std::optional<int> key = screen->TakeKey()) {
    if (*key == 'q' || *key == 'Q') return true;
  }
  return !screen->has_keyboard();
}

int OnScreen(const Context& context, const Shown& shown, Signals* signals, Screen* screen) {
  for (;;) {
    const Captured captured = Capture(context, shown, /*json=*/false);
    if (!MayPass(captured.exit_code)) {
      screen->Leave();
      context.output.Err(captured.err);
      return captured.exit_code;
    }
    std::vector<std::string> lines;
    std::istringstream text(captured.out + captured.err);
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    screen->Draw(lines);
    if (Wait(context, signals, screen, kRenewMs)) return kDone;
  }
}

int AsLines(const Context& context, const Shown& shown, Signals* signals) {
  std::string before = "?";  // no text that was shown
  for (;;) {
    const Captured json = Capture(context, shown, /*json=*/true);
    const std::string now = WithoutTimes(json.out);
    if (now != before) {
      const bool first = before == "?";
      before = now;
      const Captured text = context.invocation.json ? json : Capture(context, shown, /*json=*/false);
      context.output.Err(text.err);
      context.output.Out((first || context.invocation.json || text.out.empty() ? "" : "\n") + text.out);
    }
    if (!MayPass(json.exit_code)) return json.exit_code;
    if (context.output.out_closed() || context.output.write_error() != 0) return kDone;
    if (Wait(context, signals, nullptr, kLookMs)) return kDone;
  }
}

}  // namespace

std::string WithoutTimes(std::string_view json) {
  // Members whose names end so hold seconds that pass by themselves. Within strings a quote is behind a
  // backslash, so these bytes are names only.
  constexpr std::string_view kMark = "_s\":";
  std::string text;
  for (;;) {
    const size_t at = json.find(kMark);
    if (at == std::string_view::npos) return text.append(json);
    text.append(json.substr(0, at + kMark.size()));
    json.remove_prefix(at + kMark.size());
    json.remove_prefix(std::min(json.find_first_not_of("0123456789.eE+-"), json.size()));
  }
}

int RunRefresh(const Context& context, const Shown& shown) {
  const Captured first = Capture(context, shown, /*json=*/false);
  if (first.exit_code != kDone) {  // what does not even begin is told as without it
    if (context.invocation.json) context.output.Out(Capture(context, shown, /*json=*/true).out);
    context.output.Err(first.err);
    return first.exit_code;
  }
  const bool full_screen = context.out_is_terminal && !context.invocation.json;
  absl::StatusOr<Signals> signals =
      full_screen ? Signals::Block({SIGTSTP, SIGCONT, SIGWINCH}) : Signals::Block();
  if (!signals.ok()) return Fail(context, signals.status());
  if (!full_screen) return AsLines(context, shown, &*signals);
  int exit_code = kDone;
  {
    absl::StatusOr<Screen> screen = Screen::Open(STDIN_FILENO, context.output.out_fd());
    if (!screen.ok()) return Fail(context, screen.status());
    exit_code = OnScreen(context, shown, &*signals, &*screen);
  }
  return exit_code;
}

}  // namespace fectl::client
