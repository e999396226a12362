// The words with which fectl-http was started.
#ifndef FECTL_CLIENT_HTTP_COMMAND_LINE_H_
#define FECTL_CLIENT_HTTP_COMMAND_LINE_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client/http/readiness.h"

namespace fectl::http {

struct CommandLine {
  enum class Action { kServe, kHelp, kVersion };
  Action action = Action::kServe;
  std::string sock{};                 // of fectld; empty: where fectl would look
  std::vector<std::string> listen{};  // addresses, for a start by hand
  std::vector<std::string> hosts{};   // names that requests may be for
  ReadinessRule readiness{};
  bool last_lines = false;  // what workers wrote last is shown, too
  bool remote = false;      // sockets that other machines reach are taken
};

struct Option {
  std::string_view name;   // "--listen"
  std::string_view value;  // "ADDRESS"; empty: none
  std::string_view help;
};
std::span<const Option> Options();

// InvalidArgument: one sentence that names the option and says what to do.
absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& words);

std::string HelpText();

}  // namespace fectl::http

#endif  // FECTL_CLIENT_HTTP_COMMAND_LINE_H_
