#include "client/events/run_events.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "client/command_line/command_line.h"
#include "client/events/cursor.h"
#include "client/events/event_text.h"
#include "client/events/hook.h"
#include "client/events/place.h"
#include "client/events/since.h"
#include "client/exit_code.h"
#include "client/process/signals.h"
#include "client/session/clock.h"
#include "client/session/log_stream.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

// A logger or a master that was lost is there again in a moment; one that was stopped for good is looked for
// less often.
constexpr int64_t kFirstPauseMs = 50;
constexpr int64_t kLongestPauseMs = 2000;
// How long a command that was asked to end may take.
constexpr int64_t kEndMs = 5000;
// Events that are only printed are done with when they are printed, and a cursor that is written for each of
// them costs more than all else.
constexpr int64_t kCursorMs = 1000;

class Reading {
 public:
  Reading(const Context& context, Signals* signals, std::optional<Cursor> cursor)
      : context_(context),
        options_(context.invocation.events),
        signals_(signals),
        place_(std::move(cursor), options_.types.empty()) {
    if (!options_.exec.empty()) hook_.emplace(options_.exec);
  }

  int Run() {
    int64_t pause_ms = kFirstPauseMs;
    for (;;) {
      absl::StatusOr<LogStream> stream = LogStream::Open(context_.socket_path, context_.limits, Request());
      if (stream.ok()) {
        const uint64_t before = taken_;
        const std::optional<int> end = Follow(&*stream);
        if (end.has_value()) return Finish(*end);
        if (taken_ > before) pause_ms = kFirstPauseMs;
        was_connected_ = true;
      } else if (!was_connected_ || !options_.follow || !absl::IsUnavailable(stream.status())) {
        return Finish(Fail(context_, stream.status()));
      }
      // It was replaced, or is being started: what comes then is behind what was seen.
      if (Pause(pause_ms)) return Finish(kDone);
      pause_ms = std::min(pause_ms * 2, kLongestPauseMs);
    }
  }

 private:
  proto::EventsRequest Request() const {
    proto::EventsRequest request{.follow = options_.follow, .types = options_.types};
    if (place_.last().has_value()) {
      request.after = place_.last()->seq;
      request.boot = place_.last()->boot;
    } else if (options_.since.has_value()) {
      const Since since = *ReadSince(*options_.since);  // the command line was checked
      request.after = since.after;
      request.since_ms = since.at_ms;
      if (since.length_ms.has_value()) request.since_ms = WallSeconds() * 1000 - *since.length_ms;
      request.now = since.now;
    }
    return request;
  }

  // The exit code; nullopt: the logger has gone, and is to be looked for again.
  std::optional<int> Follow(LogStream* stream) {
    for (;;) {
      // One event after the other: while a command is at work the next one waits.
      while (!busy()) {
        const std::optional<proto::LogAnswer> answer = stream->Take();
        if (!answer.has_value()) break;
        if (const std::optional<int> end = Take(*answer)) return end;
      }
      if (context_.output.out_closed() || context_.output.write_error() != 0) return kDone;
      if (!busy() && !stream->end().ok()) {
        if (absl::IsAborted(stream->end())) {
          if (options_.follow) return std::nullopt;
          return Fail(context_, kFailed, "the logger closed the connection before its end");
        }
        return Fail(context_, stream->end());
      }
      if (Wait(stream)) return kDone;
    }
  }

  bool busy() const { return hook_.has_value() && hook_->state() != Hook::State::kIdle; }

  std::optional<int> Take(const proto::LogAnswer& answer) {
    if (const auto* event = std::get_if<proto::EventLine>(&answer)) {
      ++taken_;
      const std::optional<Cursor> before = place_.last();
      const Place::Verdict verdict = place_.Take(*event);
      if (!verdict.is_new) return std::nullopt;
      if (verdict.gap.has_value() && *verdict.gap != told_gap_) {
        if (const std::optional<int> end = TakeGap(*verdict.gap, before)) return end;
      }
      queued_ = *event;
      return Next();
    }
    if (const auto* gap = std::get_if<proto::EventGap>(&answer)) return TakeGap(*gap, place_.last());
    if (const auto* error = std::get_if<proto::LogError>(&answer))
      return Fail(context_, kFailed, error->message);
    if (std::holds_alternative<proto::LogEnd>(answer)) return kDone;
    return std::nullopt;  // of a later release
  }

  // What is missing is told like an event.
  std::optional<int> TakeGap(const proto::EventGap& gap, const std::optional<Cursor>& before) {
    told_gap_ = gap;
    if (!hook_.has_value()) {
      Print(GapJson(gap), GapText(gap));
      return std::nullopt;
    }
    done_at_end_ = before;  // it is told anew where the command does not get that far
    return BeginHook(GapJson(gap));
  }

  // Prints the event that was taken, or has the command run for it when it is free.
  std::optional<int> Next() {
    if (!queued_.has_value() || busy()) return std::nullopt;
    const proto::EventLine event = *std::exchange(queued_, std::nullopt);
    const Cursor cursor{event.boot, event.seq};
    if (hook_.has_value()) {
      done_at_end_ = cursor;
      return BeginHook(event.json);
    }
    Print(event.json, EventText(event));
    done_ = cursor;
    return KeepCursor(/*now=*/false);
  }

  void Print(const std::string& json, const std::string& text) {
    context_.output.Out((context_.invocation.json ? base::EscapeJsonForTerminal(json) : text) + "\n");
  }

  std::optional<int> BeginHook(const std::string& json) {
    const absl::Status begun = hook_->Begin(json, MonotonicMs());
    if (!begun.ok()) return Fail(context_, begun);
    return std::nullopt;
  }

  // The command may have ended, or be due again.
  std::optional<int> ProceedHook() {
    if (!busy()) return std::nullopt;
    const Hook::State before = hook_->state();
    if (hook_->Proceed(MonotonicMs())) {
      done_ = done_at_end_;
      if (const std::optional<int> end = KeepCursor(/*now=*/true)) return end;
      return Next();
    }
    if (before != Hook::State::kWaits && hook_->state() == Hook::State::kWaits) {
      context_.output.Err("fectl: the command " + hook_->trouble() + "; it is run again for this event in " +
                          std::to_string((hook_->retry_at_ms() - MonotonicMs() + 500) / 1000) + " s\n");
    }
    return std::nullopt;
  }

  std::optional<int> KeepCursor(bool now) {
    if (options_.cursor.empty() || !done_.has_value() || done_ == kept_) return std::nullopt;
    const int64_t time = MonotonicMs();
    if (!now && time < keep_at_ms_) return std::nullopt;
    const absl::Status written = WriteCursor(options_.cursor, *done_);
    if (!written.ok()) return Fail(context_, kFailed, std::string(written.message()));
    kept_ = done_;
    keep_at_ms_ = time + kCursorMs;
    return std::nullopt;
  }

  // How long nothing has to be done by itself.
  int WaitMs() const {
    int64_t wake = context_.limits.deadline_ms;
    if (busy() && hook_->state() == Hook::State::kWaits) wake = std::min(wake, hook_->retry_at_ms());
    if (done_ != kept_ && !options_.cursor.empty()) wake = std::min(wake, keep_at_ms_);
    if (wake == kNever) return -1;
    return static_cast<int>(std::clamp<int64_t>(wake - MonotonicMs(), 0, 60'000));
  }

  // True: it is to end. `stream` is nullptr while there is none.
  bool Wait(LogStream* stream) {
    pollfd ready[] = {{signals_->fd(), POLLIN, 0},
                      {context_.output.out_fd(), 0, 0},
                      // Of a stream whose events wait for a command nothing more is read: it waits, too.
                      {stream == nullptr || busy() ? -1 : stream->fd(),
                       stream == nullptr ? short{0} : stream->poll_events(), 0}};
    poll(ready, 3, WaitMs());
    while (const std::optional<int> signal = signals_->Take()) {
      if (*signal != SIGCHLD) return true;
    }
    if ((ready[1].revents & (POLLERR | POLLHUP)) != 0) return true;
    if (stream != nullptr && ready[2].revents != 0) stream->OnReady(ready[2].revents);
    failed_ = ProceedHook();
    if (!failed_.has_value()) failed_ = KeepCursor(/*now=*/false);
    return failed_.has_value() || MonotonicMs() >= context_.limits.deadline_ms;
  }

  bool Pause(int64_t pause_ms) {
    const int64_t until = MonotonicMs() + pause_ms;
    for (int64_t now = MonotonicMs(); now < until; now = MonotonicMs()) {
      pollfd ready[] = {{signals_->fd(), POLLIN, 0}, {context_.output.out_fd(), 0, 0}};
      poll(ready, 2, static_cast<int>(until - now));
      while (const std::optional<int> signal = signals_->Take()) {
        if (*signal != SIGCHLD) return true;
      }
      if ((ready[1].revents & (POLLERR | POLLHUP)) != 0) return true;
    }
    return MonotonicMs() >= context_.limits.deadline_ms;
  }

  int Finish(int exit_code) {
    EndHook();
    if (const std::optional<int> failed = KeepCursor(/*now=*/true)) return *failed;
    return failed_.value_or(exit_code);
  }

  // A command at work is asked to end, and what it does not get done is delivered again next time.
  void EndHook() {
    if (!hook_.has_value() || !hook_->runs()) return;
    hook_->End(/*kill=*/false);
    const int64_t until = MonotonicMs() + kEndMs;
    bool killed = false;
    while (hook_->runs()) {
      const int64_t left = until - MonotonicMs();
      if (left <= 0 && !std::exchange(killed, true)) hook_->End(/*kill=*/true);
      pollfd ready = {signals_->fd(), POLLIN, 0};
      poll(&ready, 1, static_cast<int>(std::clamp<int64_t>(left, 10, kEndMs)));
      while (const std::optional<int> signal = signals_->Take()) {
        if (*signal != SIGCHLD) hook_->End(/*kill=*/true);
      }
      if (hook_->Proceed(MonotonicMs())) done_ = done_at_end_;
    }
  }

  const Context& context_;
  const EventsOptions& options_;
  Signals* signals_;
  Place place_;
  std::optional<Hook> hook_;
  std::optional<proto::EventLine> queued_;  // taken, and behind a gap that the command is at work for
  std::optional<proto::EventGap> told_gap_;
  std::optional<Cursor> done_;         // with
  std::optional<Cursor> done_at_end_;  // when the command has ended with 0
  std::optional<Cursor> kept_;         // in the file
  std::optional<int> failed_;
  int64_t keep_at_ms_ = 0;
  uint64_t taken_ = 0;
  bool was_connected_ = false;
};

}  // namespace

int RunEvents(const Context& context) {
  const EventsOptions& options = context.invocation.events;
  std::optional<Cursor> cursor;
  if (!options.cursor.empty()) {
    absl::StatusOr<std::optional<Cursor>> read = ReadCursor(options.cursor);
    if (!read.ok()) return Fail(context, kFailed, std::string(read.status().message()));
    cursor = *std::move(read);
  }
  absl::StatusOr<Signals> signals = Signals::Block();
  if (!signals.ok()) return Fail(context, signals.status());
  return Reading(context, &*signals, std::move(cursor)).Run();
}

}  // namespace fectl::client
