#include "client/live/run_wait.h"

#include <poll.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "client/exit_code.h"
#include "client/json_text.h"
#include "client/session/clock.h"
#include "client/session/selection.h"
#include "client/session/session.h"
#include "client/text/nearest.h"
#include "client/text/progress.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

// The answer is to come soon after the state does, and a wait of hours is to cost nothing.
constexpr int64_t kFirstPauseMs = 20;
constexpr int64_t kLongestPauseMs = 200;

std::string Name(const Awaited& awaited) {
  switch (awaited.kind) {
    case Awaited::Kind::kReady:
      return "ready";
    case Awaited::Kind::kStopped:
      return "stopped";
    case Awaited::Kind::kFailed:
      return "failed";
    case Awaited::Kind::kVersion:
      break;
  }
  return "version " + std::to_string(awaited.version);
}

bool IsReady(const proto::ServiceView& service) {
  if (service.type == "oneshot") return service.state == "done";
  return service.state == "running" && service.ready >= service.num;
}

std::string StateInWords(const proto::ServiceView& service) {
  std::string words = service.state + ", " + std::to_string(service.ready) + " of " +
                      std::to_string(service.num) + " workers serve";
  if (!service.cause.empty()) words += ": " + service.cause;
  return words;
}

// Asks again and again until there is a verdict.
class Waiting {
 public:
  Waiting(const Context& context, Session* session, std::string service, const Awaited& awaited)
      : context_(context),
        session_(session),
        service_(std::move(service)),
        awaited_(awaited),
        began_(MonotonicMs()),
        progress_(&context.output, context.show_progress, began_) {}

  int Run() {
    const std::string what = "waiting for " + base::EscapeForTerminal(service_) + " to be " + Name(awaited_);
    for (int64_t pause = kFirstPauseMs;; pause = std::min(pause * 3 / 2, kLongestPauseMs)) {
      const absl::StatusOr<proto::MasterView> master = session_->Overview();
      const int64_t now = MonotonicMs();
      const bool late = absl::IsDeadlineExceeded(master.status()) && now >= context_.limits.deadline_ms;
      if (!master.ok() && !late) return FailWith(master.status());
      const Verdict verdict = late ? Verdict{} : Look(*master);
      if (verdict.kind == Verdict::Kind::kHopeless) return FailWith(verdict.words);
      if (verdict.kind == Verdict::Kind::kReached) return Done(now);
      if (now >= context_.limits.deadline_ms)
        return FailWith("not " + Name(awaited_) + " within the time given: " + seen_);
      progress_.Show(what, now);
      const int64_t left = std::max<int64_t>(0, context_.limits.deadline_ms - now);
      poll(nullptr, 0, static_cast<int>(std::min(pause, left)));
    }
  }

 private:
  Verdict Look(const proto::MasterView& master) {
    const auto service = std::ranges::find(master.services, service_, &proto::ServiceView::name);
    if (service != master.services.end()) {
      seen_ = StateInWords(*service);
      return Judge(awaited_, master, *service);
    }
    // One that was there has been removed; one that never was is a mistake, whatever it was to be.
    if (!seen_.empty() && awaited_.kind == Awaited::Kind::kStopped) return {Verdict::Kind::kReached};
    std::vector<std::string> names;
    for (const proto::ServiceView& one : master.services) names.push_back(one.name);
    return {Verdict::Kind::kHopeless, "there is no such service" + WhichService(service_, names)};
  }

  int Done(int64_t now) {
    progress_.Erase();
    if (context_.invocation.json) context_.output.Out(DoneJson(now - began_));
    return kDone;
  }
  int FailWith(const absl::Status& why) {
    progress_.Erase();
    return Fail(context_, why);
  }
  int FailWith(const std::string& why) {
    progress_.Erase();
    return Fail(context_, kFailed, service_ + ": " + why);
  }

  const Context& context_;
  Session* session_;
  std::string service_;
  Awaited awaited_;
  int64_t began_;
  Progress progress_;
  std::string seen_;  // its state, when it was looked at last
};

}  // namespace

Verdict Judge(const Awaited& awaited, const proto::MasterView& master, const proto::ServiceView& service) {
  const auto reached = [](bool is) { return Verdict{is ? Verdict::Kind::kReached : Verdict::Kind::kNotYet}; };
  if (awaited.kind == Awaited::Kind::kStopped) return reached(service.state == "stopped");
  if (awaited.kind == Awaited::Kind::kFailed) return reached(service.state == "failed");
  if (service.state == "failed") return {Verdict::Kind::kHopeless, StateInWords(service)};
  if (awaited.kind == Awaited::Kind::kReady) return reached(IsReady(service));
  if (master.config_version < awaited.version) return {};
  // A version is there when it is brought about, or has already changed this service.
  const bool goes_on = master.config_applying > 0 && service.config_version < awaited.version;
  if (goes_on) return {};
  if (!service.not_taken.empty()) return {Verdict::Kind::kHopeless, service.not_taken};
  return reached(IsReady(service));
}

int RunWait(const Context& context) {
  const Awaited awaited = *ReadAwaited(context.invocation.wait_for);  // the command line was checked
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
  if (!session.ok()) return Fail(context, session.status());
  const absl::StatusOr<std::string> service = SelectOne(*session, context.invocation.operands[0], "wait");
  if (!service.ok()) return Fail(context, service.status());
  return Waiting(context, &*session, *service, awaited).Run();
}

}  // namespace fectl::client
