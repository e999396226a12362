#ifndef MASTER_RUNTIME_COMMAND_LINE_H_
#define MASTER_RUNTIME_COMMAND_LINE_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace fectl::runtime {

// What fectld was asked to do.
struct CommandLine {
  enum class Action { kServe, kCheck, kPrintConfig, kLoad, kLogServer, kExamine, kHelp, kVersion };

  Action action = Action::kServe;
  std::string config;   // also what kLoad loads; empty: not given
  bool strict = false;  // with kCheck: what would keep a part from starting is a failure
  bool daemon = false;
  // kLogServer: descriptors that the logger has got from its master; -1: there is none.
  int link_fd = -1;
  int memory_fd = -1;
  int pid = 0;  // kExamine: of the worker
};

struct Option {
  std::string_view letter;  // with its dash; empty: none
  std::string_view name;    // with its dashes
  std::string_view value;   // what it takes, "FILE"; empty: nothing
  const char* flag;         // of gflags; empty: the action below
  CommandLine::Action action;
  std::string_view help;  // empty: of fectld's own use, and not in the help
};

// The table behind the parser, the help and the test of the man page.
std::span<const Option> Options();

// `args` without the program's name. InvalidArgument: one sentence for people.
absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& args);

// The short help.
std::string HelpText();

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_COMMAND_LINE_H_
