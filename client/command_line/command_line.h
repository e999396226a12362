#ifndef FECTL_CLIENT_COMMAND_LINE_COMMAND_LINE_H_
#define FECTL_CLIENT_COMMAND_LINE_COMMAND_LINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "client/command_line/commands.h"

namespace fectl::client {

// The options of serve.
struct ServeOptions {
  std::string host = "127.0.0.1";
  int port = 8000;
  int workers = 1;
  int threads = 0;   // 0: not given
  std::string loop;  // these four are empty where they were not given
  std::string app_dir;
  std::string python;
  std::string kind;
  bool watch = false;
  bool print = false;
};

// The options of events.
struct EventsOptions {
  bool follow = false;
  std::optional<std::string> since{};
  std::string cursor{};  // empty: not given
  std::vector<std::string> types{};
  std::string exec{};  // empty: not given
};

// The options of logs.
struct LogsOptions {
  bool follow = false;
  std::optional<std::string> since{};  // as ReadSince() takes it
  std::optional<int64_t> lines{};
  int worker = 0;  // 0: all
  bool previous = false;
  std::string grep{};
};

// What the user asked for.
struct Invocation {
  CommandKind command = CommandKind::kHelp;
  // Services without duplicates, the command to explain, an application and its arguments, or a service and
  // paths.
  std::vector<std::string> operands;
  bool all = false;  // instead of services
  std::string sock;  // empty: not given
  std::optional<int64_t> timeout_ms;
  bool json = false;
  bool check = false;          // with status: only say what is not well
  bool force = false;          // with init: replace what is there
  bool help = false;           // explain `command` instead of doing it
  bool print_version = false;  // of this program
  ServeOptions serve;
  EventsOptions events;
  LogsOptions logs;
  std::string config;   // empty: not given
  bool revert = false;  // these three with plan, apply and scale
  bool wait = false;
  bool reset = false;
  bool refresh = false;  // with status: show it again and again
  std::string wait_for = "ready";
  std::string sort;  // with top; empty: not given
};

// One sentence about what is wrong with the command line.
struct UsageError {
  std::string text;
  bool json = false;  // --json was among the arguments
};

// `args` are the arguments without the program's name. Options may stand anywhere; `--` ends them.
std::variant<Invocation, UsageError> ParseCommandLine(const std::vector<std::string>& args);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_COMMAND_LINE_COMMAND_LINE_H_
