#include "master/runtime/command_line.h"

#include <gflags/gflags.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

// gflags holds the values. The words are read below, because its own reading knows no short options, ends the
// process on a mistake, and shows the flags of every library that is linked in.
DEFINE_string(config, "", "the configuration file");
DEFINE_bool(check, false, "check the configuration and say what is wrong; start nothing");
DEFINE_bool(strict, false, "with --check: exit 1 where the start would warn");
DEFINE_bool(print_config, false, "print the effective configuration as TOML; start nothing");
DEFINE_string(load, "", "load this configuration and print it for another fectld; start nothing");
DEFINE_string(log_server, "", "be the logger of another fectld, with these descriptors");
DEFINE_int32(examine, 0, "look into this process, a worker of another fectld that hangs");
DEFINE_bool(daemon, false,
            "run in the background; return when the master serves, or with the reason why not");

namespace fectl::runtime {
namespace {

using Action = CommandLine::Action;

constexpr std::array<Option, 10> kOptions = {{
    {"-c", "--config", "FILE", "config", Action::kServe,
     "read this configuration (default: fectld.toml in the current directory)"},
    {"", "--check", "", "check", Action::kCheck,
     "only check the configuration: exit 0, or 2 with what is wrong"},
    {"", "--strict", "", "strict", Action::kServe,
     "with --check: exit 1 where something is missing that a service, or fectld, needs"},
    {"", "--print-config", "", "print_config", Action::kPrintConfig,
     "only print the configuration with all defaults, as TOML"},
    {"", "--load", "FILE", "load", Action::kLoad, ""},
    {"", "--log-server", "FD,FD", "log_server", Action::kLogServer, ""},
    {"", "--examine", "PID", "examine", Action::kExamine, ""},
    {"-d", "--daemon", "", "daemon", Action::kServe,
     "go to the background: returns when the master serves, or says why not"},
    {"-V", "--version", "", "", Action::kVersion, "print the version"},
    {"-h", "--help", "", "", Action::kHelp, "print this text"},
}};

const Option* Find(std::string_view word) {
  for (const Option& option : kOptions) {
    if (word == option.name || (!option.letter.empty() && word == option.letter)) return &option;
  }
  return nullptr;
}

absl::Status Wrong(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(std::string(what), " (see fectld --help)"));
}

absl::Status SetFlag(const Option& option, const std::string& value) {
  if (gflags::SetCommandLineOption(option.flag, value.c_str()).empty()) {
    return Wrong(absl::StrCat("option ", std::string(option.name), " cannot be \"", value, "\""));
  }
  return absl::OkStatus();
}

// Reads one option that begins at args[*i], and moves *i to its last word.
absl::Status Read(const std::vector<std::string>& args, size_t* i, CommandLine* line) {
  const std::string& word = args[*i];
  const size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
  const Option* option = Find(std::string_view(word).substr(0, equals));
  if (option == nullptr) {
    return Wrong(word.starts_with("-") ? absl::StrCat("there is no option ", word)
                                       : absl::StrCat("unexpected argument \"", word,
                                                      "\"; the configuration is given with -c"));
  }
  if (!option->value.empty()) {
    std::string value;
    if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (*i + 1 < args.size()) {
      value = args[++*i];
      if (Find(value) != nullptr) {
        return Wrong(absl::StrCat("option ", word, " needs a value, and ", value,
                                  " is an option (a file of that name is ./", value, ")"));
      }
    }
    if (value.empty()) return Wrong(absl::StrCat("option ", word, " needs a value"));
    return SetFlag(*option, value);
  }
  if (equals != std::string::npos)
    return Wrong(absl::StrCat("option ", std::string(option->name), " takes no value"));
  if (*option->flag == '\0') {
    line->action = option->action;
    return absl::OkStatus();
  }
  return SetFlag(*option, "true");
}

}  // namespace

std::span<const Option> Options() {
  return kOptions;
}

absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& args) {
  const gflags::FlagSaver saver;  // flags are global: nothing of one call is to be seen in the next
  CommandLine line;
  for (size_t i = 0; i < args.size(); ++i) {
    if (absl::Status read = Read(args, &i, &line); !read.ok()) return read;
  }
  line.config = FLAGS_config;
  line.daemon = FLAGS_daemon;
  line.strict = FLAGS_strict;
  if (line.action == Action::kServe && FLAGS_check) line.action = Action::kCheck;
  if (line.action == Action::kServe && FLAGS_print_config) line.action = Action::kPrintConfig;
  if (line.action == Action::kServe && !FLAGS_load.empty()) {
    line.action = Action::kLoad;
    line.config = FLAGS_load;
  }
  if (line.action == Action::kServe && !FLAGS_log_server.empty()) {
    line.action = Action::kLogServer;
    const std::vector<std::string> fds = absl::StrSplit(FLAGS_log_server, ',');
    if (fds.size() > 2 || !absl::SimpleAtoi(fds.front(), &line.link_fd) ||
        (fds.size() == 2 && !absl::SimpleAtoi(fds.back(), &line.memory_fd)))
      return Wrong("option --log-server takes descriptors");
  }
  if (line.action == Action::kServe && FLAGS_examine != 0) {
    line.action = Action::kExamine;
    line.pid = FLAGS_examine;
    if (line.pid <= 1) return Wrong("option --examine takes the pid of a worker");
  }
  if (line.strict && line.action != Action::kCheck && line.action != Action::kHelp &&
      line.action != Action::kVersion)
    return Wrong("option --strict belongs to --check");
  return line;
}

std::string HelpText() {
  std::string text =
      "fectld: starts the workers of the services in a configuration, and keeps them serving.\n"
      "\n"
      "usage: fectld [-c FILE] [-d]\n"
      "       fectld [-c FILE] --check [--strict] | --print-config\n"
      "\n"
      "options:\n";
  for (const Option& option : kOptions) {
    if (option.help.empty()) continue;
    std::string left =
        option.letter.empty() ? "      " : std::string("  ") + std::string(option.letter) + ", ";
    left += option.name;
    if (!option.value.empty()) absl::StrAppend(&left, " ", std::string(option.value));
    left.resize(24, ' ');
    absl::StrAppend(&text, left, std::string(option.help), "\n");
  }
  text +=
      "\n"
      "signals: TERM stops every service gracefully, then fectld; INT and QUIT stop them quickly; a second "
      "one\n"
      "         is more urgent than the first. USR1 opens the log files anew.\n"
      "exit status: 0 stopped as asked; 1 could not start or go on; 2 wrong usage or configuration.\n"
      "The running master is controlled with fectl (see fectl --help).\n";
  return text;
}

}  // namespace fectl::runtime
