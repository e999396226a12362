#include "client/rollouts/run_rollout.h"

#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "client/changes/run_plan.h"
#include "client/exit_code.h"
#include "client/fail_about.h"
#include "client/json_text.h"
#include "client/rollouts/rollout_text.h"
#include "client/session/selection.h"
#include "client/session/session.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;

constexpr char kTooOld[] = "this fectld is too old for rollouts";

// What was ordered, as the line that says so.
std::string_view Done(std::string_view order) {
  if (order == "promote") return "the rollout goes on";
  if (order == "pause") return "the rollout begins no further batch until it is promoted";
  return "the rollout is aborted; the old workers serve";
}

Request AskAbout(const std::string& service) {
  Request request;
  request.verb = proto::Verb::kRollout;
  request.service = service;
  return request;
}

int Steer(const Context& context, Session& session, const std::string& service, const std::string& order) {
  Request request;
  request.verb = proto::Verb::kSteer;
  request.service = service;
  request.arguments = proto::RolloutOrder{order};
  const absl::StatusOr<Response> answer = session.Ask(request);
  if (!answer.ok()) return Fail(context, answer.status());
  if (answer->kind == Response::Kind::kDone) {
    context.output.Out(context.invocation.json
                           ? SteeredJson(service, order)
                           : base::EscapeForTerminal(service) + ": " + std::string(Done(order)) + "\n");
    return kDone;
  }
  const bool refused =
      answer->kind == Response::Kind::kErrorServiceRunning || answer->kind == Response::Kind::kError;
  if (refused && !answer->text.empty()) return Fail(context, kFailed, answer->text);
  return FailAbout(context, session, *answer, service);
}

}  // namespace

int RunRollout(const Context& context) {
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
  if (!session.ok()) return Fail(context, session.status());
  if (const absl::Status able = session->NeedLevelThree(kTooOld); !able.ok()) return Fail(context, able);
  const std::string& order = context.invocation.operands[0];
  const absl::StatusOr<std::string> service = SelectOne(*session, context.invocation.operands[1], "rollout");
  if (!service.ok()) return Fail(context, service.status());
  if (order != "status") return Steer(context, *session, *service, order);
  const absl::StatusOr<Response> answer = session->Ask(AskAbout(*service));
  if (!answer.ok()) return Fail(context, answer.status());
  const auto* rollout = std::get_if<proto::RolloutView>(&answer->detail);
  if (rollout == nullptr) return FailAbout(context, *session, *answer, *service);
  context.output.Out(context.invocation.json ? RolloutJson(*service, *rollout)
                                             : RolloutText(*service, *rollout));
  return kDone;
}

int RunRollback(const Context& context) {
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
  if (!session.ok()) return Fail(context, session.status());
  if (const absl::Status able = session->NeedLevelThree(kTooOld); !able.ok()) return Fail(context, able);
  const absl::StatusOr<std::string> service = SelectOne(*session, context.invocation.operands[0], "rollback");
  if (!service.ok()) return Fail(context, service.status());
  const absl::StatusOr<Response> answer = session->Ask(AskAbout(*service));
  if (!answer.ok()) return Fail(context, answer.status());
  const auto* rollout = std::get_if<proto::RolloutView>(&answer->detail);
  if (rollout == nullptr) return FailAbout(context, *session, *answer, *service);
  if (rollout->outcome == "under way") return Steer(context, *session, *service, "abort");
  return RunRevertOf(context, *session, *service);
}

}  // namespace fectl::client
