#include "client/session/operation.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "client/session/base_view.h"
#include "client/session/worker_of.h"
#include "client/text/nearest.h"
#include "client/text/time_text.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;

// Why a request was refused, in our words. Empty: the kind is no refusal.
std::string_view Refusal(Response::Kind kind) {
  switch (kind) {
    case Response::Kind::kErrorNotReady:
      return "fectld is not ready";
    case Response::Kind::kErrorUnknownService:
      return "there is no such service";
    case Response::Kind::kErrorServiceStarting:
      return "it is starting";
    case Response::Kind::kErrorServiceRunning:
      return "it is running";
    case Response::Kind::kErrorServiceReloading:
      return "its workers are being replaced";
    case Response::Kind::kErrorServiceStopping:
      return "it is stopping";
    case Response::Kind::kErrorServiceStopped:
      return "it is stopped";
    case Response::Kind::kErrorServiceFailed:
      return "it has failed; fectl start starts it again";
    case Response::Kind::kError:
      return "fectld does not know the request";
    default:
      return "";
  }
}

// Why the request was refused, in the best words there are. The master names the service first ("web is
// stopped"), and so does the line that this becomes a part of.
std::string RefusalWords(const Response& answer, const std::string& service) {
  const bool unknown = answer.kind == Response::Kind::kErrorUnknownService;
  if (unknown || answer.text.empty()) return std::string(Refusal(answer.kind));
  if (answer.text.starts_with(service + " ")) return "it" + answer.text.substr(service.size());
  return answer.text;
}

// The answers that mean "it has been done", for each command.
bool MeansDone(CommandKind command, Response::Kind kind) {
  if (kind == Response::Kind::kDone) return true;
  if (command == CommandKind::kStop) return kind == Response::Kind::kServiceStopped;
  return kind == Response::Kind::kServiceStarted;
}

// What was asked for is so already: asking again is no mistake, and scripts may repeat themselves.
std::string_view AlreadySo(CommandKind command, Response::Kind kind) {
  if (command == CommandKind::kStart && kind == Response::Kind::kErrorServiceRunning) {
    return "was running already";
  }
  if (command == CommandKind::kStop && kind == Response::Kind::kErrorServiceStopped) {
    return "was stopped already";
  }
  return "";
}

bool BringsWorkersUp(CommandKind command) {
  return command == CommandKind::kStart || command == CommandKind::kReload ||
         command == CommandKind::kRestart;
}

// The old workers of a replacement are looked at until none is left, but for no longer than this: most end at
// once, also those that do not finish what they have open, and the others take as long as their clients.
constexpr int64_t kLookMs = 500;
constexpr int64_t kLookPauseMs = 20;

bool Replaces(CommandKind command) {
  return command == CommandKind::kReload || command == CommandKind::kRestart;
}

std::string OldWorkersText(int count, std::string_view one, std::string_view many) {
  return "; " + std::to_string(count) +
         (count == 1 ? " old worker " + std::string(one) : " old workers " + std::string(many));
}

// What people should know besides that it was done.
std::string Besides(const OldWorkers& old, bool paused) {
  std::string text;
  if (old.leaving > 0) text += OldWorkersText(old.leaving, "is still leaving", "are still leaving");
  if (old.undrained > 0) {
    text += OldWorkersText(old.undrained, "ended without draining", "ended without draining");
    if (old.undrained_sigterm == old.undrained) {
      text += " (SIGTERM)";
    } else if (old.undrained_sigterm > 0) {
      text += " (" + std::to_string(old.undrained_sigterm) + " of them by SIGTERM)";
    }
  }
  if (paused) text += "; it stays paused until fectl resume";
  return text;
}

std::string Workers(const proto::ServiceView& view) {
  const std::string noun = view.num == 1 ? " worker" : " workers";
  if (view.state == "paused") return std::to_string(view.num) + noun;
  const std::string of = view.ready == view.num ? "" : std::to_string(view.ready) + " of ";
  return of + std::to_string(view.num) + noun;
}

std::string Suggestion(const std::string& name, const proto::MasterView& overview) {
  std::vector<std::string> names;
  for (const proto::ServiceView& service : overview.services) names.push_back(service.name);
  return WhichService(name, names);
}

}  // namespace

std::string_view PastTense(CommandKind command) {
  switch (command) {
    case CommandKind::kStop:
      return "stopped";
    case CommandKind::kReload:
      return "reloaded";
    case CommandKind::kRestart:
      return "restarted";
    case CommandKind::kPause:
      return "paused";
    case CommandKind::kResume:
      return "resumed";
    default:
      return "started";
  }
}

Operation::Operation(CommandKind command, std::string service, proto::Level level, bool one_of_all)
    : command_(command), service_(service), one_of_all_(one_of_all), level_(level) {
  if (const std::optional<WorkerOf> one = ReadWorkerOf(service); one.has_value()) {
    service_ = one->service;
    worker_ = one->worker;
  }
  result_.service = std::move(service);
}

Request Operation::FirstRequest() const {
  Request request;
  request.verb = CommandOf(command_).verb->verb;
  request.service = service_;
  if (level_ >= proto::Level::kThree && Replaces(command_)) {
    request.arguments = proto::LeaveWait{static_cast<double>(kLookMs) / 1000, worker_};
  }
  return request;
}

void Operation::Done(std::string_view how) {
  result_.ok = true;
  result_.line = how;
}

void Operation::Fail(std::string_view verb, std::string reason) {
  result_.ok = false;
  result_.line = std::string(CommandOf(command_).name) + " " + std::string(verb) + ": " + reason;
  result_.reason = std::move(reason);
}

std::optional<Request> Operation::OnAnswer(const Response& answer, int64_t took_ms) {
  if (first_.has_value()) return OnFollowUp(answer, took_ms);
  first_ = answer.kind;
  result_.answer = proto::WireWord(answer.kind);
  result_.took_ms = took_ms;
  const auto* outcome = std::get_if<proto::Outcome>(&answer.detail);
  if (outcome == nullptr) return OnFirstAnswer(answer);
  result_.took_ms = std::min(took_ms, static_cast<int64_t>(outcome->took_s * 1000));
  result_.lines = outcome->lines;
  result_.lines_of = outcome->lines_of;
  result_.rollout = outcome->rollout;
  std::optional<Request> next = OnFirstAnswer(answer);
  // What would be asked next is known already, unless it is about other services.
  if (!next.has_value() || next->verb != Request::Verb::kInspect) return next;
  OnOutcome(*outcome);
  return std::nullopt;
}

void Operation::OnOutcome(const proto::Outcome& outcome) {
  proto::ServiceView view;
  view.state = outcome.state;
  view.cause = outcome.cause;
  view.num = outcome.num;
  view.ready = outcome.ready;
  view.still_leaving = outcome.still_leaving;
  view.undrained = outcome.undrained;
  view.undrained_sigterm = outcome.undrained_sigterm;
  if (first_ == Response::Kind::kErrorServiceRunning) return TellWhatRan(view);
  TellWhatServes(view);
  if (result_.old_workers.has_value()) result_.old_workers->replaced = outcome.replaced;
}

std::optional<Request> Operation::OnFirstAnswer(const Response& answer) {
  if (MeansDone(command_, answer.kind)) {
    Done(std::string(PastTense(command_)) + " (" + SpokenDuration(result_.took_ms) + ")");
    if (level_ >= proto::Level::kTwo && BringsWorkersUp(command_)) return FollowUp(Request::Verb::kInspect);
    return std::nullopt;
  }
  if (const std::string_view already = AlreadySo(command_, answer.kind); !already.empty()) {
    Done(already);
    // A paused service runs too, and does not do what start is for.
    if (level_ >= proto::Level::kTwo && command_ == CommandKind::kStart)
      return FollowUp(Request::Verb::kInspect);
    return std::nullopt;
  }
  // An operator stopped it, which no command that means all others is to undo, or to fail for.
  if (one_of_all_ && answer.kind == Response::Kind::kErrorServiceStopped) {
    Done("is stopped: left alone");
    return std::nullopt;
  }
  if (!Refusal(answer.kind).empty()) {
    Fail("refused", RefusalWords(answer, result_.service));
    const bool unknown = answer.kind == Response::Kind::kErrorUnknownService;
    if (unknown && level_ >= proto::Level::kTwo) return FollowUp(Request::Verb::kOverview);
    return std::nullopt;
  }
  if (answer.kind == Response::Kind::kErrorNotPermitted) {
    result_.permitted = false;
    Fail("refused", answer.text);
    return std::nullopt;
  }
  if (answer.kind == Response::Kind::kServiceFailed) {
    Fail("failed",
         answer.text.empty() ? "fectld gave no reason; see fectl status " + result_.service : answer.text);
    if (answer.text.empty()) return FollowUp(Request::Verb::kStatus);
    return std::nullopt;
  }
  std::string instead = "fectld answered " + result_.answer;
  if (answer.kind == Response::Kind::kServiceStarted) instead = "the service was started instead";
  if (answer.kind == Response::Kind::kServiceStopped) instead = "the service was stopped instead";
  Fail("failed", answer.text.empty() ? instead : answer.text);
  return std::nullopt;
}

std::optional<Request> Operation::FollowUp(Request::Verb verb) {
  Request request;
  request.verb = verb;
  if (proto::TakesService(verb) || verb == Request::Verb::kInspect) request.service = service_;
  return request;
}

void Operation::TellWhatServes(const proto::ServiceView& view) {
  const std::string replaced = worker_ > 0 ? "1 worker" : Workers(view);
  result_.line =
      std::string(PastTense(command_)) + " (" + replaced + ", " + SpokenDuration(result_.took_ms) + ")";
  if (!Replaces(command_)) return;
  result_.old_workers = {view.still_leaving, view.undrained, view.undrained_sigterm};
  result_.line += Besides(*result_.old_workers, view.state == "paused");
}

// Of a service that was running when it was to be started.
void Operation::TellWhatRan(const proto::ServiceView& view) {
  if (view.state == "paused") {
    Fail("refused", "it is paused; fectl resume lets it accept again");
  } else if (view.ready == 0 && view.num > 0) {
    Fail("failed", "it runs already, but no worker serves" + (view.cause.empty() ? "" : ": " + view.cause));
  }
}

// Each look tells of all old workers, so the last one counts.
std::optional<Request> Operation::OnLook(const proto::ServiceView& view, int64_t took_ms) {
  TellWhatServes(view);
  if (!Replaces(command_)) return std::nullopt;
  if (view.still_leaving == 0 || took_ms - result_.took_ms >= kLookMs) return std::nullopt;
  pause_ms_ = kLookPauseMs;
  return FollowUp(Request::Verb::kInspect);
}

std::optional<Request> Operation::OnFollowUp(const Response& answer, int64_t took_ms) {
  if (answer.kind == Response::Kind::kInspect && first_ == Response::Kind::kErrorServiceRunning) {
    TellWhatRan(answer.inspect);
  } else if (answer.kind == Response::Kind::kInspect && result_.ok) {
    return OnLook(answer.inspect, took_ms);
  } else if (answer.kind == Response::Kind::kOverview && !result_.ok) {
    Fail("refused", result_.reason + Suggestion(result_.service, answer.overview));
  } else if (answer.kind == Response::Kind::kServiceStatus && !result_.ok) {
    const std::string reason = LastFailure(answer.status);
    if (!reason.empty()) Fail("failed", reason);
  }
  return std::nullopt;
}

void Operation::OnEnd(const absl::Status& why, int64_t took_ms) {
  if (first_.has_value()) return;
  result_.took_ms = took_ms;
  Fail("failed", std::string(why.message()));
}

}  // namespace fectl::client
