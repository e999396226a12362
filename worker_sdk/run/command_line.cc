#include "worker_sdk/run/command_line.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fectl::run {
namespace {

constexpr std::array<Option, 5> kOptions = {{
    {"--ready", "SIGN",
     "when the program is ready: notify, log:TEXT, http:/PATH, http:SOCKET/PATH, exec:COMMAND, after:SECONDS "
     "(default: after:1)"},
    {"--watchdog", "SIGN",
     "how it shows that it is alive: none, notify, http:/PATH, http:SOCKET/PATH, exec:COMMAND; =SECONDS "
     "behind "
     "it is the longest silence (default: none)"},
    {"--stop-signal", "SIGNAL", "the signal that asks it to leave (default: TERM)"},
    {"--version", "", "print the version"},
    {"--help", "", "print this text"},
}};

absl::Status Wrong(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(std::string(what), " (see fectl-run --help)"));
}

absl::Status Set(std::string_view name, const std::string& value, CommandLine* line) {
  absl::Status status;
  if (name == "--stop-signal") {
    auto signal = proto::ParseStopSignal(value);
    if (signal.ok()) line->stop_signal = *std::move(signal);
    status = signal.status();
  } else {
    const bool ready = name == "--ready";
    auto sign = ready ? proto::ParseReady(value) : proto::ParseWatchdog(value);
    if (sign.ok()) (ready ? line->ready : line->watchdog) = *std::move(sign);
    status = sign.status();
  }
  if (status.ok()) return status;
  return Wrong(absl::StrCat("option ", std::string(name), " ", std::string(status.message()), ", not \"",
                            value, "\""));
}

}  // namespace

std::span<const Option> Options() {
  return kOptions;
}

absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& words) {
  CommandLine line;
  line.ready = *proto::ParseReady(proto::kReadyDefault);
  line.watchdog = *proto::ParseWatchdog(proto::kWatchdogDefault);
  line.stop_signal = proto::kStopSignalDefault;
  size_t i = 0;
  for (; i < words.size() && words[i] != "--"; ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("-")) return Wrong(absl::StrCat("write -- before the command \"", word, "\""));
    const size_t equals = word.find('=');
    const std::string name = word == "-h" ? "--help" : word == "-V" ? "--version" : word.substr(0, equals);
    const auto option =
        std::find_if(kOptions.begin(), kOptions.end(), [&](const Option& o) { return o.name == name; });
    if (option == kOptions.end()) return Wrong(absl::StrCat("there is no option ", name));
    if (option->value.empty()) {
      line.action = name == "--help" ? CommandLine::Action::kHelp : CommandLine::Action::kVersion;
      return line;
    }
    std::string value;
    if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (i + 1 < words.size() && words[i + 1] != "--") {
      value = words[++i];
    } else {
      return Wrong(absl::StrCat("option ", name, " needs a value"));
    }
    if (absl::Status status = Set(name, value, &line); !status.ok()) return status;
  }
  if (i + 1 >= words.size() || words[i + 1].empty()) return Wrong("name the program to run behind --");
  line.command.assign(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
  return line;
}

std::string HelpText() {
  std::string text =
      "usage: fectl-run [OPTION]... -- COMMAND [ARGUMENT]...\n\n"
      "Runs a program that knows nothing of fectl as a worker of fectld. In its words {fd:NAME} is the "
      "number of\n"
      "the descriptor of the socket NAME. The options are also the keys ready, watchdog and stop_signal of "
      "a\n"
      "service in fectld.toml. See fectl-run(1).\n\n";
  for (const Option& option : kOptions) {
    const std::string value = option.value.empty() ? "" : absl::StrCat("=", std::string(option.value));
    absl::StrAppend(&text, "  ", std::string(option.name), value, "\n      ", std::string(option.help), "\n");
  }
  return text;
}

absl::StatusOr<std::vector<std::string>> WithDescriptors(
    const std::vector<std::string>& command, const std::vector<std::pair<std::string, int>>& sockets) {
  std::string missing;
  const auto number = [&](std::string_view name) -> std::string {
    for (const auto& [known, fd] : sockets) {
      if (known == name) return std::to_string(fd);
    }
    missing = std::string(name);
    return "";
  };
  std::vector<std::string> words;
  for (const std::string& word : command) words.push_back(proto::ReplaceDescriptors(word, number));
  if (missing.empty()) return words;
  std::string known;
  for (const auto& [name, fd] : sockets) absl::StrAppend(&known, known.empty() ? "" : ", ", name);
  return absl::InvalidArgumentError(absl::StrCat("{fd:", missing, "}: this worker has no socket \"", missing,
                                                 "\"; it has ", known.empty() ? "none" : known));
}

}  // namespace fectl::run
