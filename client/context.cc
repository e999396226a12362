#include "client/context.h"

#include "client/exit_code.h"
#include "client/json_text.h"
#include "client/text/nearest.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {

int Fail(const Context& context, int exit_code, std::string_view reason) {
  if (context.invocation.json) context.output.Out(ErrorJson(exit_code, reason));
  context.output.Err("fectl: " + base::EscapeForTerminal(reason) + "\n");
  return exit_code;
}

int Fail(const Context& context, const absl::Status& why) {
  const int exit_code = absl::IsUnavailable(why)        ? kNoMaster
                        : absl::IsInvalidArgument(why)  ? kUsage
                        : absl::IsPermissionDenied(why) ? kNotPermitted
                                                        : kFailed;
  return Fail(context, exit_code, std::string(why.message()));
}

std::string WrongAnswer(const proto::Response& answer, const std::string& service,
                        const std::vector<std::string>& services) {
  if (answer.kind == proto::Response::Kind::kErrorUnknownService) {
    return service + ": there is no such service" + (services.empty() ? "" : WhichService(service, services));
  }
  if (!answer.text.empty()) return answer.text;
  if (answer.kind == proto::Response::Kind::kErrorNotReady) return "fectld is not ready";
  return "fectld answered " + std::string(proto::WireWord(answer.kind));
}

}  // namespace fectl::client
