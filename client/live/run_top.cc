#include "client/live/run_top.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/exit_code.h"
#include "client/fail_about.h"
#include "client/live/process_usage.h"
#include "client/live/screen.h"
#include "client/live/top_table.h"
#include "client/process/signals.h"
#include "client/session/clock.h"
#include "client/session/session.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;

// How often the master is asked. More often nobody can read.
constexpr int64_t kRenewMs = 1000;
// Where it is shown once: the time over which processor time is measured.
constexpr int64_t kOnceMs = 300;

constexpr char kKeys[] =
    "q quit  order: s service c cpu m memory h heartbeat o open r restarts u uptime, again: reversed  arrows "
    "scroll";

// What the workers are doing now.
class Sampler {
 public:
  explicit Sampler(Session* session) : session_(session) {
    // A master of another pid namespace has other numbers than this one's processes.
    ucred peer = {};
    socklen_t size = sizeof peer;
    is_here_ = getsockopt(session->channel().fd(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
               peer.pid == session->master_pid();
  }

  absl::StatusOr<Response> Ask() {
    Request request;
    request.verb = Request::Verb::kWorkers;
    return session_->Ask(request);
  }

  std::vector<TopRow> Rows(const proto::MasterView& view) {
    std::vector<TopRow> rows = TopRows(view);
    const int64_t now = MonotonicMs();
    for (TopRow& row : rows) {
      if (!is_here_ || row.pid <= 0) continue;
      const std::optional<ProcessUsage> usage = UsageOf(row.pid);
      if (!usage.has_value()) continue;
      row.memory_bytes = usage->memory_bytes;
      row.cpu_percent = meter_.Take(row.pid, *usage, now);
    }
    meter_.EndRound();
    return rows;
  }

 private:
  Session* session_;
  CpuMeter meter_;
  bool is_here_ = false;
};

// The screen, until it is ended.
class Top {
 public:
  Top(const Context& context, Session* session, Screen* screen, Signals* signals)
      : context_(context),
        session_(session),
        screen_(screen),
        signals_(signals),
        sampler_(session),
        order_(TopOrderOf(context.invocation.sort).value_or(TopOrder::kService)) {}

  // Ok: somebody ended it. Otherwise why it could not go on, and `answer` is not as wanted.
  absl::Status Run(std::optional<Response>* answer) {
    for (;;) {
      absl::StatusOr<Response> got = sampler_.Ask();
      if (!got.ok()) return got.status();
      if (got->kind != Response::Kind::kOverview) {
        *answer = *std::move(got);
        return absl::OkStatus();
      }
      view_ = std::move(got->overview);
      rows_ = sampler_.Rows(view_);
      const int64_t renew_at = MonotonicMs() + kRenewMs;
      while (MonotonicMs() < renew_at) {
        Draw();
        if (Wait(renew_at)) return absl::OkStatus();
      }
    }
  }

 private:
  // Rows that there is place for: behind the summary, the keys and the head.
  size_t page() const { return screen_->rows() > 3 ? screen_->rows() - 3 : 1; }

  void Draw() {
    SortRows(order_, reversed_, &rows_);
    std::vector<std::string> table = TopTable(rows_, context_.colours_on);
    const size_t last = rows_.size() > page() ? rows_.size() - page() : 0;
    first_ = std::min(first_, last);
    std::vector<std::string> lines = {TopSummary(view_, rows_), kKeys};
    if (!table.empty()) lines.push_back(table.front());
    for (size_t i = first_; i < std::min(first_ + page(), rows_.size()); ++i) lines.push_back(table[i + 1]);
    screen_->Draw(lines);
  }

  // Until a key, a signal, or that time. True: it is to end.
  bool Wait(int64_t until_ms) {
    pollfd ready[] = {{signals_->fd(), POLLIN, 0}, {screen_->fd(), POLLIN, 0}};
    const int64_t wait = std::clamp<int64_t>(until_ms - MonotonicMs(), 0, kRenewMs);
    poll(ready, 2, static_cast<int>(wait));
    while (const std::optional<int> signal = signals_->Take()) {
      if (OnSignal(*signal)) return true;
    }
    if (ready[1].revents == 0) return false;
    while (const std::optional<int> key = screen_->TakeKey()) {
      if (OnKey(*key)) return true;
    }
    return !screen_->has_keyboard() || (ready[1].revents & (POLLHUP | POLLERR)) != 0;
  }

  bool OnSignal(int signal) {
    switch (signal) {
      case SIGTSTP:
        screen_->Leave();
        signals_->StopAsAsked();
        screen_->Enter();
        return false;
      case SIGCONT:  // behind a SIGSTOP nobody could leave the screen
        screen_->Leave();
        screen_->Enter();
        return false;
      case SIGWINCH:
        screen_->Measure();
        return false;
      case SIGCHLD:
        return false;
      default:
        return true;
    }
  }

  bool OnKey(int key) {
    if (key == 'q' || key == 'Q') return true;
    if (const std::optional<TopOrder> order = TopOrderOf(key); order.has_value()) {
      reversed_ = *order == order_ && !reversed_;
      order_ = *order;
    }
    if (key == kKeyDown) ++first_;
    if (key == kKeyUp && first_ > 0) --first_;
    if (key == kKeyPageDown) first_ += page();
    if (key == kKeyPageUp) first_ -= std::min(first_, page());
    return false;
  }

  const Context& context_;
  Session* session_;
  Screen* screen_;
  Signals* signals_;
  Sampler sampler_;
  TopOrder order_;
  bool reversed_ = false;
  size_t first_ = 0;  // the row that is shown first
  proto::MasterView view_;
  std::vector<TopRow> rows_;
};

int TopOnce(const Context& context, Session& session) {
  Sampler sampler(&session);
  proto::MasterView view;
  std::vector<TopRow> rows;
  // Twice, since the time that a process has used is known from one look to the next.
  for (int look = 0; look < 2; ++look) {
    if (look > 0) poll(nullptr, 0, static_cast<int>(kOnceMs));
    absl::StatusOr<Response> answer = sampler.Ask();
    if (!answer.ok()) return Fail(context, answer.status());
    if (answer->kind != Response::Kind::kOverview) return FailAbout(context, session, *answer, "");
    view = std::move(answer->overview);
    rows = sampler.Rows(view);
  }
  SortRows(TopOrderOf(context.invocation.sort).value_or(TopOrder::kService), false, &rows);
  if (context.invocation.json) {
    context.output.Out(TopJson(view, rows));
    return kDone;
  }
  std::string text = TopSummary(view, rows) + "\n";
  for (const std::string& line : TopTable(rows, context.colours_on)) text += line + "\n";
  context.output.Out(text);
  return kDone;
}

}  // namespace

int RunTop(const Context& context) {
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
  if (!session.ok()) return Fail(context, session.status());
  const absl::Status able = session->NeedLevelThree("this fectld is too old to tell of all workers at once");
  if (!able.ok()) return Fail(context, able);
  if (context.invocation.json || !context.out_is_terminal) return TopOnce(context, *session);
  absl::Status end;
  std::optional<Response> answer;
  {
    absl::StatusOr<Signals> signals = Signals::Block({SIGTSTP, SIGCONT, SIGWINCH});
    if (!signals.ok()) return Fail(context, signals.status());
    absl::StatusOr<Screen> screen = Screen::Open(STDIN_FILENO, context.output.out_fd());
    if (!screen.ok()) return Fail(context, screen.status());
    end = Top(context, &*session, &*screen, &*signals).Run(&answer);
  }
  // What is said now stands on the screen that was found.
  if (answer.has_value()) return FailAbout(context, *session, *answer, "");
  return end.ok() ? kDone : Fail(context, end);
}

}  // namespace fectl::client
