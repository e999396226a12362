#include "client/logs/run_logs.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/command_line/command_line.h"
#include "client/events/since.h"
#include "client/exit_code.h"
#include "client/logs/line_words.h"
#include "client/process/signals.h"
#include "client/session/clock.h"
#include "client/session/log_stream.h"
#include "client/session/selection.h"
#include "client/session/session.h"

namespace fectl::client {
namespace {

// A logger that was killed is there again in a moment; a fectld that was stopped for good is looked for less
// often.
constexpr int64_t kFirstPauseMs = 50;
constexpr int64_t kLongestPauseMs = 2'000;
constexpr int64_t kLines = 100;

std::string GapWords(uint64_t lines) {
  return "fectl: " + std::to_string(lines) + (lines == 1 ? " line is" : " lines are") +
         " missing here: they came faster than they were read\n";
}

class Following {
 public:
  Following(const Context& context, Signals* signals, std::vector<std::string> services)
      : context_(context),
        options_(context.invocation.logs),
        signals_(signals),
        services_(std::move(services)) {}

  int Run() {
    int64_t pause_ms = kFirstPauseMs;
    for (;;) {
      const uint64_t before = taken_;
      absl::StatusOr<LogStream> stream = LogStream::Open(context_.socket_path, context_.limits, Request());
      if (stream.ok()) {
        if (const std::optional<int> end = Follow(&*stream)) return *end;
        connected_ = true;
      } else if (!connected_ || !absl::IsUnavailable(stream.status())) {
        return Fail(context_, stream.status());
      }
      if (taken_ > before) pause_ms = kFirstPauseMs;
      if (Pause(pause_ms)) return kDone;
      pause_ms = std::min(pause_ms * 2, kLongestPauseMs);
    }
  }

 private:
  proto::LogsRequest Request() const {
    proto::LogsRequest request{
        .services = services_, .follow = options_.follow, .previous = options_.previous};
    request.grep = options_.grep;
    if (options_.worker > 0) request.worker = options_.worker;
    if (options_.since.has_value()) {
      const Since since = *ReadSince(*options_.since);  // the command line was checked
      request.since_ms = since.at_ms;
      if (since.length_ms.has_value()) request.since_ms = WallSeconds() * 1000 - *since.length_ms;
      if (since.now) request.lines = 0;
    }
    if (options_.lines.has_value()) {
      request.lines = *options_.lines;
    } else if (!request.since_ms.has_value() && !request.lines.has_value()) {
      request.lines = kLines;
    }
    // After the first connection the reader has what was there, and wants what came since.
    if (connected_) {
      request.after = last_;
      if (last_.empty()) request.since_ms = first_ms_;
      request.lines.reset();
    }
    return request;
  }

  // The exit code; nullopt: the logger has gone, and is to be looked for again.
  std::optional<int> Follow(LogStream* stream) {
    for (;;) {
      while (const std::optional<proto::LogAnswer> answer = stream->Take()) {
        if (const std::optional<int> end = Take(*answer)) return end;
      }
      if (context_.output.out_closed() || context_.output.write_error() != 0) return kDone;
      if (!stream->end().ok()) {
        if (!absl::IsAborted(stream->end())) return Fail(context_, stream->end());
        if (options_.follow) return std::nullopt;
        return Fail(context_, kFailed, "the logger closed the connection before its end");
      }
      if (Wait(stream)) return kDone;
    }
  }

  std::optional<int> Take(const proto::LogAnswer& answer) {
    if (const auto* line = std::get_if<proto::LogLine>(&answer)) {
      ++taken_;
      if (line->n.has_value()) last_[line->service] = *line->n;
      context_.output.Out(context_.invocation.json ? LineAsJson(*line)
                                                   : LineWords(*line, context_.out_is_terminal));
    } else if (const auto* gap = std::get_if<proto::LineGap>(&answer)) {
      if (context_.invocation.json) {
        context_.output.Out(proto::EncodeLogAnswer(*gap) + "\n");
      } else {
        context_.output.Err(GapWords(gap->lines));
      }
    } else if (const auto* error = std::get_if<proto::LogError>(&answer)) {
      return Fail(context_, error->message.starts_with("you may not") ? kNotPermitted : kFailed,
                  error->message);
    } else if (std::holds_alternative<proto::LogEnd>(answer)) {
      return kDone;
    }
    return std::nullopt;
  }

  // True: it is enough.
  bool Wait(LogStream* stream) {
    pollfd ready[] = {{stream->fd(), stream->poll_events(), 0},
                      {signals_->fd(), POLLIN, 0},
                      {context_.output.out_fd(), 0, 0}};
    if (poll(ready, 3, -1) < 0) return false;
    if (Interrupted() || (ready[2].revents & (POLLERR | POLLHUP)) != 0) return true;
    stream->OnReady(ready[0].revents);
    return false;
  }

  bool Pause(int64_t milliseconds) {
    const int64_t end = MonotonicMs() + milliseconds;
    for (int64_t left = milliseconds; left > 0; left = end - MonotonicMs()) {
      pollfd ready[] = {{signals_->fd(), POLLIN, 0}, {context_.output.out_fd(), 0, 0}};
      if (poll(ready, 2, static_cast<int>(left)) < 0) continue;
      if (Interrupted() || (ready[1].revents & (POLLERR | POLLHUP)) != 0) return true;
    }
    return false;
  }

  bool Interrupted() {
    while (const std::optional<int> signal = signals_->Take()) {
      if (*signal != SIGCHLD) return true;
    }
    return false;
  }

  const Context& context_;
  const LogsOptions& options_;
  Signals* signals_;
  std::vector<std::string> services_;
  std::map<std::string, int64_t> last_;  // numbers of lines, by service
  const int64_t first_ms_ = WallSeconds() * 1000;
  uint64_t taken_ = 0;
  bool connected_ = false;
};

}  // namespace

int RunLogs(const Context& context) {
  std::vector<std::string> services;
  if (!context.invocation.all) {
    // The names are the master's to know; lines come from the logger.
    absl::StatusOr<Session> session =
        Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
    if (!session.ok()) return Fail(context, session.status());
    const absl::StatusOr<std::vector<SelectedService>> selected =
        Select(*session, context.invocation.operands);
    if (!selected.ok()) return Fail(context, selected.status());
    for (const SelectedService& service : *selected) services.push_back(service.name);
  }
  absl::StatusOr<Signals> signals = Signals::Block();
  if (!signals.ok()) return Fail(context, signals.status());
  return Following(context, &*signals, std::move(services)).Run();
}

}  // namespace fectl::client
