#ifndef FECTL_CLIENT_COMMAND_LINE_COMMANDS_H_
#define FECTL_CLIENT_COMMAND_LINE_COMMANDS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto_spec/control_verbs.h"

namespace fectl::client {

enum class CommandKind {
  kStatus,
  kStart,
  kStop,
  kReload,
  kRestart,
  kPause,
  kResume,
  kSPid,
  kPid,
  kVersion,
  kVersionCheck,
  kPing,
  kQuit,
  kSend,
  kListen,
  kPlan,
  kApply,
  kScale,
  kRollout,
  kRollback,
  kRun,
  kEvents,
  kWhy,
  kWait,
  kTop,
  kLogs,
  kIncident,
  kServe,
  kInit,
  kWatch,
  kCompletion,
  kHelp,
};

// What may follow a command.
enum class Operands {
  kNone,
  kOptionalService,
  kOneService,
  kServices,  // one or more, or `all`
  kOptionalCommand,
  kApplication,       // MODULE:NAME, and arguments for it
  kProposed,          // nothing, or MODULE:NAME or a program, and arguments for it
  kServiceAndPaths,   // one service, and files or folders
  kTargetAndMessage,  // SERVICE or SERVICE/N, and JSON
  kOptionalPlan,      // the id of a plan
  kTarget,            // SERVICE or SERVICE/N
  kServiceAndNumber,  // one service and N, +N or -N; or the service alone
  kIncident,          // nothing, list, show ID or export ID
  kRollout,           // status, promote, pause or abort, and one service
  kShell,             // bash or zsh
};

struct Command {
  CommandKind kind;
  std::string_view name;
  Operands operands;
  std::string_view summary;  // one line of `fectl --help`
  // What `fectl help NAME` says below the usage line: what the command does, when it returns, what its exit
  // codes mean. Lines of at most 80 columns, the last one with its newline.
  std::string_view semantics;
  // The request that it is; nullptr where it is another or none. Its row has the name and the summary.
  const proto::VerbRow* verb = nullptr;
};

struct Option {
  std::string_view name;   // long, without the dashes
  char letter;             // 0: none
  std::string_view value;  // the placeholder of its value, or "" for a switch
  std::string_view help;   // one line
  // The commands that it belongs to, with blanks between them; empty: it is for all of them.
  std::string_view commands = "";
  // The words that its value may be; none: it is not one of a few.
  std::span<const std::string_view> choices = {};
};

// The tables behind the parser, the help texts and the test of the man page.
std::span<const Command> Commands();
std::span<const Option> Options();

// Null when there is no such command.
const Command* FindCommand(std::string_view name);
const Command& CommandOf(CommandKind kind);
const Option* FindOption(std::string_view long_name);
const Option* FindOption(char letter);
// Whether it is for this command, and not for all of them.
bool BelongsTo(const Option& option, std::string_view command);

std::vector<std::string> CommandNames();

// "[SERVICE]", "SERVICE... | all", ...
std::string_view Synopsis(Operands operands);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_COMMAND_LINE_COMMANDS_H_
