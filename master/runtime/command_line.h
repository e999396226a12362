#ifndef MASTER_RUNTIME_COMMAND_LINE_H_
#define MASTER_RUNTIME_COMMAND_LINE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fectl::runtime {

// What fectld was asked to do.
struct CommandLine {
  enum class Action { kServe, kCheck, kPrintConfig, kHelp, kVersion };

  Action action = Action::kServe;
  std::string config;  // empty: not given
  bool daemon = false;
};

// `args` without the program's name. InvalidArgument: one sentence for people.
absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& args);

// The short help.
std::string HelpText();

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_COMMAND_LINE_H_
