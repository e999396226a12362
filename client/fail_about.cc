#include "client/fail_about.h"

#include <vector>

#include "absl/status/statusor.h"
#include "client/exit_code.h"

namespace fectl::client {

int FailAbout(const Context& context, Session& session, const proto::Response& answer,
              const std::string& service) {
  using Kind = proto::Response::Kind;
  if (answer.kind == Kind::kErrorNotPermitted) return Fail(context, NotPermitted(answer));
  std::vector<std::string> names;
  if (answer.kind == Kind::kErrorUnknownService) {
    // Only for the suggestion: without it the message is still true.
    const absl::StatusOr<std::vector<std::string>> all = session.ServiceNames();
    if (all.ok()) names = *all;
  }
  return Fail(context, kFailed, WrongAnswer(answer, service, names));
}

}  // namespace fectl::client
