#include "client/why/run_why.h"

#include <optional>
#include <string>
#include <variant>

#include "client/exit_code.h"
#include "client/fail_about.h"
#include "client/session/selection.h"
#include "client/session/session.h"
#include "client/session/worker_of.h"
#include "client/why/why_text.h"

namespace fectl::client {

int RunWhy(const Context& context) {
  const std::string& word = context.invocation.operands[0];
  // A pattern may have brackets, but no name has.
  const std::optional<WorkerOf> target = IsSelector(word) ? WorkerOf{word, 0} : ReadTarget(word);
  if (!target.has_value())
    return Fail(context, kUsage, "\"" + word + "\" is neither SERVICE nor SERVICE/N, N a worker from 1");
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
  if (!session.ok()) return Fail(context, session.status());
  const absl::Status able = session->NeedLevelThree(
      "this fectld is too old to explain itself; fectl status SERVICE tells what is known");
  if (!able.ok()) return Fail(context, able);
  const absl::StatusOr<std::string> service = SelectOne(*session, target->service, "why");
  if (!service.ok()) return Fail(context, service.status());
  proto::Request request;
  request.verb = proto::Verb::kWhy;
  request.service = *service;
  request.arguments = proto::WorkerNumber{target->worker};
  const absl::StatusOr<proto::Response> answer = session->Ask(request);
  if (!answer.ok()) return Fail(context, answer.status());
  const auto* const view = std::get_if<proto::WhyView>(&answer->detail);
  if (view == nullptr) return FailAbout(context, *session, *answer, *service);
  context.output.Out(context.invocation.json ? WhyJson(*view) : WhyText(*view));
  return kDone;
}

}  // namespace fectl::client
