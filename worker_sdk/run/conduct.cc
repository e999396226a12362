#include "worker_sdk/run/conduct.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fectl::run {
namespace {

using Kind = proto::ProgramSign::Kind;

// Four probes in the time that the program may be silent: one that is lost or late is no hang.
constexpr int64_t kProbesPerLimit = 4;

bool IsProbe(const proto::ProgramSign& sign) {
  return sign.kind == Kind::kHttp || sign.kind == Kind::kExec;
}

std::string InSeconds(int64_t ms) {
  std::string text = absl::StrCat(ms / 1000);
  if (ms % 1000 != 0) {
    text += "." + std::to_string(1000 + ms % 1000).substr(1);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + " s";
}

std::string Name(const proto::ProgramSign& sign) {
  return sign.kind == Kind::kExec ? sign.text : absl::StrCat("GET ", sign.text);
}

}  // namespace

Conduct::Conduct(proto::ProgramSign ready, proto::ProgramSign watchdog)
    : ready_sign_(std::move(ready)), watchdog_(std::move(watchdog)) {}

void Conduct::Started(int64_t now_ms) {
  if (ready_sign_.kind == Kind::kAfter) ready_at_ = now_ms + ready_sign_.ms;
  if (IsProbe(ready_sign_)) probe_at_ = now_ms;
}

int64_t Conduct::pause_ms() const {
  return ready_ ? std::max<int64_t>(1, watchdog_.ms / kProbesPerLimit) : kReadyPauseMs;
}

void Conduct::BecomeReady(int64_t now_ms) {
  if (ready_) return;
  ready_ = true;
  ready_at_.reset();
  trouble_.clear();
  // A probe that asks whether it is ready has no meaning any more; its answer is not waited for.
  probe_at_.reset();
  if (IsProbe(watchdog_)) probe_at_ = now_ms + pause_ms();
  silent_at_ = std::max(silent_at_, now_ms + watchdog_.ms);
}

void Conduct::Lives(int64_t now_ms) {
  silent_at_ = std::max(silent_at_, now_ms + watchdog_.ms);
  silent_ = false;
}

void Conduct::Notified(const Notification& said, int64_t now_ms) {
  if (said.status) said_ = *said.status;
  if (said.reloading) reloading_ = true;
  if (said.ready) {
    reloading_ = false;
    if (ready_sign_.kind == Kind::kNotify) BecomeReady(now_ms);
  }
  if (said.stopping && ready_) leaves_ = true;
  if (said.extend_ms) silent_at_ = std::max(silent_at_, now_ms + *said.extend_ms);
  if (watchdog_.kind == Kind::kNotify && ready_) {
    if (said.watchdog) Lives(now_ms);
    if (said.watchdog_trigger) silent_at_ = now_ms;
  }
  TimePassed(now_ms);
}

void Conduct::LineSeen(int64_t now_ms) {
  if (ready_sign_.kind == Kind::kLog) BecomeReady(now_ms);
}

void Conduct::Probed(bool good, const std::string& words, int64_t now_ms) {
  trouble_ = good ? "" : words;
  const bool was_ready = ready_;
  if (good && !was_ready) BecomeReady(now_ms);
  if (good && was_ready) Lives(now_ms);
  if (IsProbe(asked())) probe_at_ = now_ms + pause_ms();
}

void Conduct::TimePassed(int64_t now_ms) {
  if (ready_at_ && now_ms >= *ready_at_) BecomeReady(now_ms);
  // A program that leaves may have stopped answering already; `shutdown_timeout` bounds what it does then.
  silent_ = ready_ && !stops_ && watchdog_.kind != Kind::kNone && now_ms >= silent_at_;
}

std::optional<Conduct::Probe> Conduct::DueProbe(int64_t now_ms) {
  if (stops_ || !probe_at_ || now_ms < *probe_at_) return std::nullopt;
  probe_at_.reset();
  return Probe{asked(), ready_ ? watchdog_.ms : kReadyProbeMs};
}

std::optional<int64_t> Conduct::deadline_ms() const {
  if (stops_) return std::nullopt;
  std::optional<int64_t> due = ready_at_;
  const auto earlier = [&due](int64_t at) { due = due ? std::min(*due, at) : at; };
  if (probe_at_) earlier(*probe_at_);
  if (ready_ && !silent_ && watchdog_.kind != Kind::kNone) earlier(silent_at_);
  return due;
}

std::string Conduct::waits_for() const {
  switch (ready_sign_.kind) {
    case Kind::kNotify:
      return "READY=1";
    case Kind::kLog:
      return absl::StrCat("a line with \"", ready_sign_.text, "\"");
    case Kind::kAfter:
      return absl::StrCat(InSeconds(ready_sign_.ms), " without an end");
    default:
      return Name(ready_sign_) + (trouble_.empty() ? "" : ", which " + trouble_);
  }
}

std::string Conduct::status() const {
  if (stops_) return said_.empty() ? "stopping" : said_;
  if (!ready_) return absl::StrCat("waits for ", waits_for(), said_.empty() ? "" : ": ", said_);
  if (silent_) {
    const std::string what =
        watchdog_.kind == Kind::kNotify ? "no WATCHDOG=1" : "no good answer to " + Name(watchdog_);
    return absl::StrCat("hangs: ", what, " for ", InSeconds(watchdog_.ms), trouble_.empty() ? "" : "; it ",
                        trouble_);
  }
  std::string text = reloading_ ? "reloading" : said_;
  const auto add = [&text](std::string_view words) {
    text += (text.empty() ? "" : ", ") + std::string(words);
  };
  if (paused_) add("cannot be paused: goes on serving");
  if (watchdog_.kind == Kind::kNone) add("unwatched");
  return text;
}

}  // namespace fectl::run
