#include "client/changes/run_plan.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "client/changes/plan_text.h"
#include "client/exit_code.h"
#include "client/fail_about.h"
#include "client/session/session.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

using proto::PlanView;
using proto::Request;
using proto::Response;

// What is wrong with a configuration is told in lines, which stay lines.
std::string EscapedLines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    out += base::EscapeForTerminal(text.substr(0, end)) + "\n";
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

int FailInLines(const Context& context, const std::string& words) {
  if (context.invocation.json) return Fail(context, kFailed, words);
  context.output.Err("fectl: " + EscapedLines(words));
  return kFailed;
}

std::string Absolute(const Context& context, const std::string& file) {
  if (file.empty() || file.front() == '/') return file;
  std::error_code failed;
  const std::string from =
      context.directory.empty() ? std::filesystem::current_path(failed).string() : context.directory;
  return std::filesystem::path(from + "/" + file).lexically_normal().string();
}

template <typename Tell>
int TellAnswer(const Context& context, Session& session, const Request& request, Tell tell) {
  const absl::StatusOr<Response> answer = session.Ask(request);
  if (!answer.ok()) return Fail(context, answer.status());
  if (const auto* plan = std::get_if<PlanView>(&answer->detail)) return tell(*plan);
  if (answer->kind == Response::Kind::kError) return FailInLines(context, answer->text);
  return FailAbout(context, session, *answer, "");
}

// Asks, and gives the plan to `tell`, which gives the exit code.
template <typename Tell>
int Ask(const Context& context, Request::Verb verb, Tell tell) {
  const Invocation& invocation = context.invocation;
  if (invocation.revert && !invocation.config.empty())
    return Fail(context, kUsage, "--revert goes back to what ran; it takes no --config");
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
  if (!session.ok()) return Fail(context, session.status());
  const absl::Status able =
      session->NeedLevelThree("this fectld is too old to change its configuration without a restart");
  if (!able.ok()) return Fail(context, able);
  Request request;
  request.verb = verb;
  request.arguments = proto::PlanRequest{.id = invocation.operands.empty() ? "" : invocation.operands[0],
                                         .file = Absolute(context, invocation.config),
                                         .revert = invocation.revert,
                                         .wait = invocation.wait};
  return TellAnswer(context, *session, request, tell);
}

void Warn(const Context& context, const PlanView& plan) {
  context.output.Err(EscapedLines(plan.warnings));
}

int TellPlan(const Context& context, const PlanView& plan) {
  const int exit_code = !plan.refused.empty() ? kFailed : plan.changes.empty() ? kDone : kChanges;
  if (context.invocation.json) {
    context.output.Out(PlanJson(plan, exit_code));
    return exit_code;
  }
  Warn(context, plan);
  context.output.Out(PlanText(plan, context.colours_on));
  if (exit_code == kFailed)
    context.output.Err("fectl: this cannot be applied: " + base::EscapeForTerminal(plan.refused) + "\n");
  if (exit_code == kChanges)
    context.output.Out("plan " + plan.id + "; fectl apply " + plan.id + " does it\n");
  return exit_code;
}

int TellApplied(const Context& context, const PlanView& plan) {
  const int exit_code = plan.outcome == "failed" ? kFailed : kDone;
  if (context.invocation.json) {
    context.output.Out(PlanJson(plan, exit_code));
    return exit_code;
  }
  Warn(context, plan);
  context.output.Out(PlanText(plan, context.colours_on));
  const std::string version = "version " + std::to_string(plan.version);
  if (exit_code == kFailed) {
    context.output.Err("fectl: " + version +
                       " was not applied as a whole: " + base::EscapeForTerminal(plan.failure) +
                       "\nfectl apply tries again, fectl apply --revert goes back\n");
  } else if (plan.outcome == "started") {
    context.output.Out(version + " is being applied; fectl status shows what became of it\n");
  } else if (!plan.changes.empty()) {
    context.output.Out(version + " runs\n");
  }
  return exit_code;
}

}  // namespace

int RunPlan(const Context& context) {
  return Ask(context, Request::Verb::kPlan,
             [&context](const PlanView& plan) { return TellPlan(context, plan); });
}

int RunApply(const Context& context) {
  return Ask(context, Request::Verb::kApply,
             [&context](const PlanView& plan) { return TellApplied(context, plan); });
}

int RunRevertOf(const Context& context, Session& session, const std::string& service) {
  Request request;
  request.verb = Request::Verb::kApply;
  request.arguments = proto::PlanRequest{.revert = true, .wait = true, .service = service};
  return TellAnswer(context, session, request,
                    [&context](const PlanView& plan) { return TellApplied(context, plan); });
}

}  // namespace fectl::client
