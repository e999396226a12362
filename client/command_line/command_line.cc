#include "client/command_line/command_line.h"

#include <gflags/gflags.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>

#include "client/command_line/application_operands.h"
#include "client/command_line/awaited.h"
#include "client/command_line/completion.h"
#include "client/command_line/quoted.h"
#include "client/command_line/rollout_operands.h"
#include "client/events/since.h"
#include "client/text/nearest.h"
#include "proto_spec/events/event_types.h"

// gflags holds and checks the values. The words are read here, because its own reading of a command line
// prints the flags of every library for --help, and takes no short options.
DEFINE_string(sock, "", "the control socket of fectld");
DEFINE_double(timeout, 0, "seconds to wait at most; 0: no limit");
DEFINE_bool(json, false, "print JSON");
DEFINE_string(host, "127.0.0.1", "where to listen");
DEFINE_int32(port, 8000, "the port to listen on");
DEFINE_int32(workers, 1, "how many processes serve");
DEFINE_int32(threads, 0, "how many threads each of them has");
DEFINE_string(loop, "", "the event loop");
DEFINE_string(app_dir, "", "where the application is");
DEFINE_string(python, "", "the Python that runs it");
DEFINE_string(kind, "", "what the application is");
DEFINE_bool(watch, false, "reload when files change");
DEFINE_bool(print, false, "print the configuration");
DEFINE_string(config, "", "the configuration");
DEFINE_bool(revert, false, "go back");
DEFINE_bool(wait, false, "wait for the end");
DEFINE_bool(reset, false, "as configured");
DEFINE_bool(refresh, false, "again and again");
DEFINE_string(for, "ready", "what to wait for");
DEFINE_string(sort, "", "what comes first");
DEFINE_bool(follow, false, "go on");
DEFINE_string(since, "", "where to begin");
DEFINE_string(cursor, "", "where it is kept how far one is");
DEFINE_string(type, "", "only these");
DEFINE_string(exec, "", "run for each");
DEFINE_int32(lines, 100, "how many lines");
DEFINE_int32(worker, 0, "which worker");
DEFINE_bool(previous, false, "of the process before");
DEFINE_string(grep, "", "what lines have");

namespace fectl::client {
namespace {

// A hundred years: more is a typing mistake, and must not overflow milliseconds.
constexpr double kTimeoutSecondsMax = 3.2e9;

// Options that take a whole number within bounds.
struct NumberOption {
  std::string_view name;
  const int32_t* value;
  int least;
  int most;
};
const NumberOption kNumbers[] = {
    {"port", &FLAGS_port, 0, 65'535},      {"workers", &FLAGS_workers, 1, 10'000},
    {"threads", &FLAGS_threads, 1, 1'000}, {"lines", &FLAGS_lines, 0, 1'000'000},
    {"worker", &FLAGS_worker, 1, 10'000},
};

// gflags has no dashes in its names.
std::string FlagOf(const Option& option) {
  std::string flag(option.name);
  std::ranges::replace(flag, '-', '_');
  return flag;
}

std::string Listed(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

std::string DidYouMean(const std::string& nearest) {
  return nearest.empty() ? "" : "; did you mean " + nearest + "?";
}

// N, +N or -N, and not 0.
bool IsNumberOfWorkers(std::string_view text) {
  constexpr int kMost = 10'000;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  int number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || number > kMost) return false;
    number = number * 10 + (c - '0');
  }
  return number >= 1 && number <= kMost;
}

// Nothing, list, show ID or export ID.
bool IsAboutIncidents(const std::vector<std::string>& words) {
  if (words.size() < 2) return words.empty() || words[0] == "list";
  constexpr size_t kDigitsMax = 18;
  return words.size() == 2 && (words[0] == "show" || words[0] == "export") && words[1].size() <= kDigitsMax &&
         words[1].find_first_not_of("0123456789") == std::string::npos;
}

// For a word that was taken as an option.
constexpr char kIfItIsAName[] = "; a name that begins with a dash stands after --, as in: fectl stop -- -m";

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& args) : args_(args) {}

  std::variant<Invocation, UsageError> Run() {
    // Flags are global in gflags: what a run sets must not be there in the next one.
    const gflags::FlagSaver saver;
    for (; at_ < args_.size() && error_.empty(); ++at_) Take(args_[at_]);
    if (error_.empty()) Finish();
    if (!error_.empty()) return UsageError{error_, FLAGS_json || SaysJson()};
    result_.sock = FLAGS_sock;
    result_.json = FLAGS_json;
    result_.config = FLAGS_config;
    result_.revert = FLAGS_revert;
    result_.wait = FLAGS_wait;
    result_.reset = FLAGS_reset;
    result_.refresh = FLAGS_refresh;
    result_.wait_for = FLAGS_for;
    result_.sort = FLAGS_sort;
    result_.events.follow = FLAGS_follow;
    result_.events.cursor = FLAGS_cursor;
    result_.events.exec = FLAGS_exec;
    if (!FLAGS_since.empty()) result_.events.since = FLAGS_since;
    result_.logs.follow = FLAGS_follow;
    if (!FLAGS_since.empty()) result_.logs.since = FLAGS_since;
    if (!gflags::GetCommandLineFlagInfoOrDie("lines").is_default) result_.logs.lines = FLAGS_lines;
    result_.logs.worker = FLAGS_worker;
    result_.logs.previous = FLAGS_previous;
    result_.logs.grep = FLAGS_grep;
    result_.serve = {.host = FLAGS_host,
                     .port = FLAGS_port,
                     .workers = FLAGS_workers,
                     .threads = FLAGS_threads,
                     .loop = FLAGS_loop,
                     .app_dir = FLAGS_app_dir,
                     .python = FLAGS_python,
                     .kind = FLAGS_kind,
                     .watch = FLAGS_watch,
                     .print = FLAGS_print};
    return result_;
  }

 private:
  // An error in an earlier argument must be JSON too.
  bool SaysJson() const { return std::ranges::find(args_, "--json") != args_.end(); }

  void Take(std::string_view arg) {
    // No option is a digit, so that -2 is a number.
    const bool number = arg.size() > 1 && arg[0] == '-' && arg[1] >= '0' && arg[1] <= '9';
    if (only_words_ || arg.size() < 2 || arg[0] != '-' || number) {
      words_.emplace_back(arg);
    } else if (arg == "--") {
      only_words_ = true;
    } else if (arg[1] == '-') {
      TakeLong(arg.substr(2));
    } else {
      TakeShort(arg.substr(1));
    }
  }

  void TakeLong(std::string_view text) {
    const size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const Option* option = FindOption(name);
    if (option == nullptr) return UnknownOption("--" + std::string(name));
    std::optional<std::string> value;
    if (equals != std::string_view::npos) value = text.substr(equals + 1);
    Apply(*option, "--" + std::string(name), std::move(value));
  }

  // -mPATH, -m PATH, -m=PATH; -hV.
  void TakeShort(std::string_view letters) {
    const std::string all = "-" + std::string(letters);
    while (!letters.empty() && error_.empty()) {
      const std::string shown = "-" + std::string(letters.substr(0, 1));
      const Option* option = FindOption(letters[0]);
      if (option == nullptr) return UnknownOption(all);
      letters.remove_prefix(1);
      if (option->value.empty()) {
        Apply(*option, shown, std::nullopt);
        continue;
      }
      std::optional<std::string> value;
      if (!letters.empty()) value = letters.substr(letters[0] == '=' ? 1 : 0);
      return Apply(*option, shown, std::move(value));
    }
  }

  void UnknownOption(const std::string& shown) {
    std::vector<std::string> names;
    for (const Option& option : Options()) names.emplace_back(option.name);
    std::string nearest = Nearest(std::string_view(shown).substr(shown.find_first_not_of('-')), names);
    if (!nearest.empty()) nearest = "--" + nearest;
    error_ = "unknown option " + Quoted(shown) + (nearest.empty() ? kIfItIsAName : DidYouMean(nearest));
  }

  void Apply(const Option& option, const std::string& shown, std::optional<std::string> value) {
    if (!option.commands.empty()) special_ = &option;
    if (option.value.empty()) {
      if (value.has_value()) {
        error_ = shown + " takes no value";
      } else if (option.name == "help") {
        result_.help = true;
      } else if (option.name == "version") {
        result_.print_version = true;
      } else if (option.name == "check") {
        result_.check = true;
      } else if (option.name == "force") {
        result_.force = true;
      } else {
        gflags::SetCommandLineOption(FlagOf(option).c_str(), "true");
      }
      return;
    }
    if (!value.has_value()) {
      if (at_ + 1 == args_.size()) {
        error_ = shown + " needs a value: " + shown + " " + std::string(option.value) + kIfItIsAName;
        return;
      }
      value = args_[++at_];
      if (value->starts_with("--") && FindOption(std::string_view(*value).substr(2)) != nullptr) {
        error_ = shown + " needs a value, and " + *value + " is an option";
        return;
      }
    }
    if (value->empty()) {
      error_ = shown + " needs a value that is not empty";
      return;
    }
    // gflags gives an empty text when the value is not of the flag's type.
    const bool taken = !gflags::SetCommandLineOption(FlagOf(option).c_str(), value->c_str()).empty();
    const auto* number = std::ranges::find(kNumbers, option.name, &NumberOption::name);
    if (option.name == "timeout") {
      CheckTimeout(taken, *value);
    } else if (number != std::end(kNumbers)) {
      CheckNumber(*number, taken, *value);
    } else if (option.name == "since" && !ReadSince(*value).has_value()) {
      error_ =
          "--since needs the number of an event, a time as 90s, 10m, 2h, 3d or 2026-11-28T09:00:00Z, or now, "
          "not " +
          Quoted(*value);
    } else if (option.name == "type") {
      TakeTypes(*value);
    } else if (option.name == "for" && !ReadAwaited(*value).has_value()) {
      error_ = "--for needs ready, stopped, failed or version=N, not " + Quoted(*value);
    } else if (!option.choices.empty() && std::ranges::find(option.choices, *value) == option.choices.end()) {
      error_ = shown + " needs one of " + Listed(option.choices) + ", not " + Quoted(*value);
    } else if (!taken) {
      error_ = shown + " cannot be " + Quoted(*value);
    }
  }

  // It may be there several times.
  void TakeTypes(std::string_view list) {
    while (!list.empty()) {
      const size_t comma = std::min(list.find(','), list.size());
      const std::string word(list.substr(0, comma));
      list.remove_prefix(std::min(comma + 1, list.size()));
      if (word.empty()) continue;
      if (!proto::NamesEventTypes(word)) {
        std::vector<std::string> names;
        for (const proto::EventTypeRow& row : proto::kEventTypes) names.emplace_back(row.name);
        error_ = "no event is of the type " + Quoted(word) + DidYouMean(Nearest(word, names));
        return;
      }
      result_.events.types.push_back(word);
    }
  }

  void CheckNumber(const NumberOption& number, bool taken, const std::string& text) {
    if (taken && *number.value >= number.least && *number.value <= number.most) return;
    error_ = "--" + std::string(number.name) + " needs a number from " + std::to_string(number.least) +
             " to " + std::to_string(number.most) + ", not " + Quoted(text);
  }

  void CheckTimeout(bool taken, const std::string& text) {
    if (!taken || !std::isfinite(FLAGS_timeout) || FLAGS_timeout <= 0 || FLAGS_timeout > kTimeoutSecondsMax) {
      error_ = "--timeout needs a number of seconds above 0, like 2.5, not " + Quoted(text);
      return;
    }
    result_.timeout_ms = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(FLAGS_timeout * 1000)));
  }

  void Finish() {
    if (words_.empty()) {
      result_.command = CommandKind::kHelp;
      if (!result_.help && !result_.print_version) error_ = "no command was given";
      return;
    }
    const Command* command = FindCommand(words_[0]);
    if (command == nullptr) {
      error_ = "unknown command " + Quoted(words_[0]) + DidYouMean(Nearest(words_[0], CommandNames()));
      return;
    }
    result_.command = command->kind;
    if (result_.help) return;
    const bool is_list =
        command->operands == Operands::kServices || command->operands == Operands::kOptionalService;
    for (size_t i = 1; i < words_.size(); ++i) {
      // A service that is named twice is meant once.
      const bool is_there = std::ranges::find(result_.operands, words_[i]) != result_.operands.end();
      if (!is_list || !is_there) result_.operands.push_back(words_[i]);
    }
    if (result_.check && result_.command != CommandKind::kStatus) {
      error_ = "--check belongs to status: fectl status --check [SERVICE...]";
      return;
    }
    if (special_ != nullptr && !BelongsTo(*special_, command->name)) {
      const Command& owner = *FindCommand(special_->commands.substr(0, special_->commands.find(' ')));
      const std::string_view synopsis = Synopsis(owner.operands);
      error_ = "--" + std::string(special_->name) + " belongs to " + std::string(owner.name) + ": fectl " +
               std::string(owner.name) + (synopsis.empty() ? "" : " ") + std::string(synopsis);
      return;
    }
    CheckOperands(*command);
    const bool of_lines = command->kind == CommandKind::kLogs && !FLAGS_since.empty();
    if (error_.empty() && of_lines && ReadSince(FLAGS_since)->after.has_value())
      error_ = "--since " + FLAGS_since + " is the number of an event; logs needs a time, as 90s, 10m or now";
  }

  void CheckOperands(const Command& command) {
    const std::string name(command.name);
    const std::vector<std::string>& operands = result_.operands;
    if (std::ranges::find(operands, "") != operands.end()) {
      error_ = command.operands == Operands::kServices ? "a service's name cannot be empty"
                                                       : name + " takes no empty word";
      return;
    }
    switch (command.operands) {
      case Operands::kNone:
        if (!operands.empty()) error_ = name + " takes no service: " + Quoted(operands[0]) + " is too much";
        return;
      case Operands::kOptionalService:
      case Operands::kOptionalCommand:
        if (operands.size() > 1 && !result_.check)
          error_ = name + " takes one name: " + Quoted(operands[1]) + " is too much";
        break;
      case Operands::kOneService:
      case Operands::kTarget:
        if (operands.size() != 1)
          error_ = name + " needs the name of one service: fectl " + name +
                   std::string(" ").append(Synopsis(command.operands));
        break;
      case Operands::kServices:
        if (operands.empty())
          error_ = name + " needs the name of a service, or all: fectl " + name + " SERVICE...|all";
        break;
      case Operands::kApplication:
      case Operands::kProposed:
        error_ = command.operands == Operands::kProposed ? WhatIsWrongWithProposed(operands)
                                                         : WhatIsWrongWithApplication(operands);
        return;
      case Operands::kServiceAndPaths:
        if (operands.empty() || operands[0] == "all")
          error_ = name + " needs the name of one service: fectl " + name + " SERVICE [PATH]...";
        return;
      case Operands::kTargetAndMessage:
        if (operands.size() != 2)
          error_ = name + " needs the name of a service and a message: fectl " + name + " SERVICE[/N] JSON";
        return;
      case Operands::kOptionalPlan:
        if (operands.size() > 1) error_ = name + " takes one plan: " + Quoted(operands[1]) + " is too much";
        return;
      case Operands::kServiceAndNumber:
        CheckNumberOfWorkers();
        return;
      case Operands::kIncident:
        if (!IsAboutIncidents(operands))
          error_ = name + " takes list, show ID or export ID, where ID is a number";
        return;
      case Operands::kRollout:
        error_ = WhatIsWrongWithRollout(operands);
        return;
      case Operands::kShell:
        if (operands.size() != 1 || std::ranges::find(kShells, operands[0]) == kShells.end())
          error_ = name + " needs the name of a shell: fectl " + name + " bash|zsh";
        return;
    }
    if (error_.empty()) CheckNames(command);
  }

  void CheckNumberOfWorkers() {
    const std::vector<std::string>& operands = result_.operands;
    const char* const example = ", as in: fectl scale web 8, fectl scale web +2, fectl scale web --reset";
    if (operands.empty() || operands[0] == "all") {
      error_ = std::string("scale needs the name of one service") + example;
    } else if (operands.size() > 2) {
      error_ = "scale takes one number: " + Quoted(operands[2]) + " is too much";
    } else if (FLAGS_reset && operands.size() == 2) {
      error_ = "scale takes a number or --reset, not both";
    } else if (!FLAGS_reset && operands.size() == 1) {
      error_ = std::string("scale needs a number of workers") + example;
    } else if (operands.size() == 2 && !IsNumberOfWorkers(operands[1])) {
      error_ = "scale needs a number of workers from 1 to 10000, or +N or -N, not " + Quoted(operands[1]);
    }
  }

  void CheckNames(const Command& command) {
    std::vector<std::string>& operands = result_.operands;
    if (command.operands == Operands::kOptionalCommand) {
      if (operands.empty() || FindCommand(operands[0]) != nullptr) return;
      error_ = "unknown command " + Quoted(operands[0]) + DidYouMean(Nearest(operands[0], CommandNames()));
      return;
    }
    // No service can be named `all`, so the word means the same everywhere.
    const bool all = std::ranges::find(operands, "all") != operands.end();
    if (!all) return;
    if (command.operands == Operands::kOptionalService && operands.size() == 1) {
      operands.clear();
    } else if (command.operands == Operands::kOneService || command.operands == Operands::kTarget) {
      error_ = std::string(command.name) + " needs the name of one service, not all";
    } else if (operands.size() > 1) {
      error_ = "all stands alone: it cannot be mixed with the names of services";
    } else {
      operands.clear();
      result_.all = true;
    }
  }

  const std::vector<std::string>& args_;
  size_t at_ = 0;
  bool only_words_ = false;
  std::vector<std::string> words_;
  const Option* special_ = nullptr;  // the last one of those that belong to one command
  Invocation result_;
  std::string error_;
};

}  // namespace

std::variant<Invocation, UsageError> ParseCommandLine(const std::vector<std::string>& args) {
  return Parser(args).Run();
}

}  // namespace fectl::client
