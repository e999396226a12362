#include "client/changes/run_scale.h"

#include <cstdlib>
#include <string>
#include <variant>

#include "client/exit_code.h"
#include "client/fail_about.h"
#include "client/json_text.h"
#include "client/session/selection.h"
#include "client/session/session.h"
#include "client/text/last_lines.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;

// The words of the command line are checked: N, +N or -N.
proto::ScaleRequest Wanted(const Invocation& invocation) {
  proto::ScaleRequest wanted;
  wanted.reset = invocation.reset;
  if (invocation.operands.size() < 2) return wanted;
  const std::string& number = invocation.operands[1];
  const bool relative = number.front() == '+' || number.front() == '-';
  (relative ? wanted.by : wanted.to) = std::atoi(number.c_str());
  return wanted;
}

}  // namespace

int RunScale(const Context& context) {
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
  if (!session.ok()) return Fail(context, session.status());
  const absl::Status able = session->NeedLevelThree("this fectld is too old to change a number of workers");
  if (!able.ok()) return Fail(context, able);
  const absl::StatusOr<std::string> selected = SelectOne(*session, context.invocation.operands[0], "scale");
  if (!selected.ok()) return Fail(context, selected.status());
  const std::string& service = *selected;
  Request request;
  request.verb = proto::Verb::kScale;
  request.service = service;
  request.arguments = Wanted(context.invocation);
  const absl::StatusOr<Response> answer = session->Ask(request);
  if (!answer.ok()) return Fail(context, answer.status());
  const auto* const outcome = std::get_if<proto::Outcome>(&answer->detail);
  const std::string name = base::EscapeForTerminal(service);
  if (answer->kind == Response::Kind::kServiceFailed) {
    const int failed =
        Fail(context, kFailed, service + ": not all of the new workers came up: " + answer->text);
    if (outcome != nullptr && !context.invocation.json) context.output.Err(LastLinesText(outcome->lines));
    return failed;
  }
  if (answer->kind != Response::Kind::kDone || outcome == nullptr) {
    if (answer->kind == Response::Kind::kError) return Fail(context, kFailed, answer->text);
    return FailAbout(context, *session, *answer, service);
  }
  if (context.invocation.json) {
    context.output.Out(ScaledJson(service, outcome->num, outcome->ready));
  } else if (outcome->ready == outcome->num) {
    context.output.Out(name + ": " + std::to_string(outcome->num) +
                       (outcome->num == 1 ? " worker serves\n" : " workers serve\n"));
  } else {
    context.output.Out(name + ": " + std::to_string(outcome->num) + " wanted, " +
                       std::to_string(outcome->ready) + " serve (" + base::EscapeForTerminal(outcome->state) +
                       ")\n");
  }
  return kDone;
}

}  // namespace fectl::client
