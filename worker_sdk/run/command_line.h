// The words with which fectl-run was started.
#ifndef FECTL_WORKER_SDK_RUN_COMMAND_LINE_H_
#define FECTL_WORKER_SDK_RUN_COMMAND_LINE_H_

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "proto_spec/program_signs.h"

namespace fectl::run {

struct CommandLine {
  enum class Action { kRun, kHelp, kVersion };
  Action action = Action::kRun;
  proto::ProgramSign ready;
  proto::ProgramSign watchdog;
  std::string stop_signal;           // "TERM"
  std::vector<std::string> command;  // not empty for kRun
};

struct Option {
  std::string_view name;   // "--ready"
  std::string_view value;  // "SIGN"; empty: none
  std::string_view help;
};
std::span<const Option> Options();

// InvalidArgument: one sentence that names the option and says what to do.
absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& words);

std::string HelpText();

// The command with each {fd:NAME} replaced by the number that the socket of that name has in the program.
// InvalidArgument: there is no such socket; the text names those that there are.
absl::StatusOr<std::vector<std::string>> WithDescriptors(
    const std::vector<std::string>& command, const std::vector<std::pair<std::string, int>>& sockets);

}  // namespace fectl::run

#endif  // FECTL_WORKER_SDK_RUN_COMMAND_LINE_H_
