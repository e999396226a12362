#include "client/run_queries.h"

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "client/exit_code.h"
#include "client/fail_about.h"
#include "client/json_text.h"
#include "client/session/base_view.h"
#include "client/session/clock.h"
#include "client/session/selection.h"
#include "client/session/session.h"
#include "client/status_text.h"
#include "proto_spec/base/printable.h"
#include "proto_spec/version.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;

Request About(Request::Verb verb, const std::string& service = "") {
  Request request;
  request.verb = verb;
  request.service = service;
  return request;
}

// Prints `json` or `text`, whichever was asked for.
int Print(const Context& context, const std::string& json, const std::string& text) {
  context.output.Out(context.invocation.json ? json : text);
  return kDone;
}

// Asks one thing that is the same at both levels.
absl::StatusOr<Response> AskMaster(const Context& context, Request::Verb verb, Response::Kind wanted) {
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kBase);
  if (!session.ok()) return session.status();
  absl::StatusOr<Response> answer = session->Ask(About(verb));
  if (answer.ok() && answer->kind == Response::Kind::kErrorNotPermitted) return NotPermitted(*answer);
  if (answer.ok() && answer->kind != wanted) {
    const std::string text = WrongAnswer(*answer, "", {});
    return absl::UnknownError(absl::string_view(text.data(), text.size()));
  }
  return answer;
}

// Files of the configuration that were changed after they were read. Those that this user may not look at, or
// that are another machine's, are not among them.
std::vector<std::string> NewerFiles(const proto::MasterView& view) {
  std::vector<std::string> newer;
  for (const std::string& file : view.config_files) {
    struct stat found = {};
    if (stat(file.c_str(), &found) != 0) continue;
    const int64_t changed_ns = int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec;
    if (changed_ns > view.config_loaded_at_ns) newer.push_back(file);
  }
  return newer;
}

int StatusOfAll(const Context& context, Session& session) {
  const absl::Status listed =
      session.NeedLevelTwo("this fectld is too old to list its services: fectl status SERVICE");
  if (!listed.ok()) return Fail(context, listed);
  const absl::StatusOr<Response> answer = session.Ask(About(Request::Verb::kOverview));
  if (!answer.ok()) return Fail(context, answer.status());
  if (answer->kind != Response::Kind::kOverview) return FailAbout(context, session, *answer, "");
  if (context.invocation.json) return Print(context, ViewJson(proto::EncodeMasterView(answer->overview)), "");
  return Print(context, "",
               OverviewText(answer->overview, context.colours_on) +
                   ConfigurationText(answer->overview, NewerFiles(answer->overview)));
}

// Puts what the service is like into `view`. Otherwise says why that cannot be known; gives the exit code.
int Look(const Context& context, Session& session, const std::string& service, proto::ServiceView* view) {
  const bool base = session.level() == proto::Level::kBase;
  const absl::StatusOr<Response> answer =
      session.Ask(About(base ? Request::Verb::kStatus : Request::Verb::kInspect, service));
  if (!answer.ok()) return Fail(context, answer.status());
  if (answer->kind == Response::Kind::kServiceStatus) {
    *view = ViewOfBaseStatus(service, answer->status, WallSeconds());
  } else if (answer->kind == Response::Kind::kInspect) {
    *view = answer->inspect;
  } else {
    return FailAbout(context, session, *answer, service);
  }
  return kDone;
}

int StatusOfOne(const Context& context, Session& session, const std::string& service, bool first) {
  proto::ServiceView view;
  if (const int failed = Look(context, session, service, &view); failed != kDone) return failed;
  if (context.invocation.json) return Print(context, ViewJson(proto::EncodeServiceView(view)), "");
  return Print(context, "", (first ? "" : "\n") + ServiceText(view, context.colours_on));
}

int StatusOfSome(const Context& context, Session& session, const std::vector<SelectedService>& services) {
  for (const SelectedService& service : services) {
    const int failed = StatusOfOne(context, session, service.name, &service == &services.front());
    if (failed != kDone) return failed;
  }
  return kDone;
}

// One line for each service with which not all is well. With --json all that were looked at, and what is not
// well of each in `reason`.
int Check(const Context& context, const std::vector<proto::ServiceView>& views) {
  std::vector<CheckedService> checked;
  std::string lines;
  for (const proto::ServiceView& view : views) {
    std::string wrong = WhatIsNotWell(view);
    if (!wrong.empty()) lines += wrong + "\n";
    checked.push_back({view.name, view.state, std::move(wrong)});
  }
  Print(context, CheckJson(checked), lines);
  return lines.empty() ? kDone : kFailed;
}

int CheckAll(const Context& context, Session& session) {
  const absl::Status listed =
      session.NeedLevelTwo("this fectld is too old to list its services: fectl status --check SERVICE...");
  if (!listed.ok()) return Fail(context, listed);
  const absl::StatusOr<Response> answer = session.Ask(About(Request::Verb::kOverview));
  if (!answer.ok()) return Fail(context, answer.status());
  if (answer->kind != Response::Kind::kOverview) return FailAbout(context, session, *answer, "");
  return Check(context, answer->overview.services);
}

int CheckSome(const Context& context, Session& session, const std::vector<SelectedService>& services) {
  std::vector<proto::ServiceView> views;
  for (const SelectedService& service : services) {
    proto::ServiceView view;
    if (const int failed = Look(context, session, service.name, &view); failed != kDone) return failed;
    views.push_back(std::move(view));
  }
  return Check(context, views);
}

}  // namespace

int RunStatus(const Context& context) {
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
  if (!session.ok()) return Fail(context, session.status());
  const bool check = context.invocation.check;
  if (context.invocation.operands.empty())
    return check ? CheckAll(context, *session) : StatusOfAll(context, *session);
  const absl::StatusOr<std::vector<SelectedService>> selected = Select(*session, context.invocation.operands);
  if (!selected.ok()) return Fail(context, selected.status());
  return check ? CheckSome(context, *session, *selected) : StatusOfSome(context, *session, *selected);
}

int RunSPid(const Context& context) {
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
  if (!session.ok()) return Fail(context, session.status());
  const absl::StatusOr<std::string> service = SelectOne(*session, context.invocation.operands[0], "spid");
  if (!service.ok()) return Fail(context, service.status());
  const absl::StatusOr<Response> answer = session->Ask(About(Request::Verb::kSPid, *service));
  if (!answer.ok()) return Fail(context, answer.status());
  if (answer->kind != Response::Kind::kServiceWorkerPids)
    return FailAbout(context, *session, *answer, *service);
  std::string lines;
  for (const std::string& pid : answer->pids) lines += base::EscapeForTerminal(pid) + "\n";
  return Print(context, PidsJson(*service, answer->pids), lines);
}

int RunPid(const Context& context) {
  const absl::StatusOr<Response> answer = AskMaster(context, Request::Verb::kPid, Response::Kind::kPid);
  if (!answer.ok()) return Fail(context, answer.status());
  return Print(context, PidJson(answer->text), base::EscapeForTerminal(answer->text) + "\n");
}

int RunVersion(const Context& context) {
  const absl::StatusOr<Response> answer =
      AskMaster(context, Request::Verb::kVersion, Response::Kind::kVersion);
  if (!answer.ok()) return Fail(context, answer.status());
  return Print(context, VersionJson(answer->text), base::EscapeForTerminal(answer->text) + "\n");
}

int RunVersionCheck(const Context& context) {
  const absl::StatusOr<Response> answer =
      AskMaster(context, Request::Verb::kVersion, Response::Kind::kVersion);
  if (!answer.ok()) return Fail(context, answer.status());
  const std::string server = base::EscapeForTerminal(answer->text);
  const bool match = answer->text == proto::kServerName;
  if (context.invocation.json) context.output.Out(VersionCheckJson(proto::kServerName, answer->text));
  if (!match) {
    context.output.Err("fectl: versions differ: this program is " + std::string(proto::kServerName) +
                       ", the fectld which is running is " + server + "\n");
    return kFailed;
  }
  if (!context.invocation.json) context.output.Out("both are " + server + "\n");
  return kDone;
}

int RunPing(const Context& context) {
  const int64_t began = MonotonicMs();
  const absl::StatusOr<Response> answer = AskMaster(context, Request::Verb::kPing, Response::Kind::kPong);
  if (!answer.ok()) return Fail(context, answer.status());
  return Print(context, DoneJson(MonotonicMs() - began), "pong\n");
}

}  // namespace fectl::client
