#include "client/changes/run_oneshot.h"

#include <cstdio>
#include <string>
#include <variant>

#include "client/exit_code.h"
#include "client/fail_about.h"
#include "client/json_text.h"
#include "client/session/session.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;

Request About(proto::Verb verb, const std::string& service) {
  Request request;
  request.verb = verb;
  request.service = service;
  return request;
}

std::string Seconds(double seconds) {
  char text[32];
  snprintf(text, sizeof text, "%.1f s", seconds);
  return text;
}

}  // namespace

int RunOneshot(const Context& context) {
  const std::string& service = context.invocation.operands[0];
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
  if (!session.ok()) return Fail(context, session.status());
  const absl::Status able = session->NeedLevelThree("this fectld is too old to have oneshots");
  if (!able.ok()) return Fail(context, able);
  const absl::StatusOr<Response> looked = session->Ask(About(proto::Verb::kInspect, service));
  if (!looked.ok()) return Fail(context, looked.status());
  if (looked->kind != Response::Kind::kInspect) return FailAbout(context, *session, *looked, service);
  if (looked->inspect.type != "oneshot")
    return Fail(context, kUsage, service + " is no oneshot, which ends by itself: fectl start " + service);
  if (looked->inspect.state == "starting")
    return Fail(context, kFailed, service + " is running already: try again when it has ended");
  const absl::StatusOr<Response> answer = session->Ask(About(proto::Verb::kStart, service));
  if (!answer.ok()) return Fail(context, answer.status());
  const auto* const outcome = std::get_if<proto::Outcome>(&answer->detail);
  if (answer->kind == Response::Kind::kServiceStarted && outcome != nullptr) {
    context.output.Out(context.invocation.json ? RunJson(service, 0, "")
                                               : base::EscapeForTerminal(service) + ": done in " +
                                                     Seconds(outcome->took_s) + "\n");
    return kDone;
  }
  if (answer->kind != Response::Kind::kServiceFailed || outcome == nullptr || outcome->exit_code <= 0)
    return FailAbout(context, *session, *answer, service);
  if (context.invocation.json) context.output.Out(RunJson(service, outcome->exit_code, answer->text));
  context.output.Err("fectl: " + base::EscapeForTerminal(service + ": " + answer->text) + "\n");
  return outcome->exit_code;
}

}  // namespace fectl::client
