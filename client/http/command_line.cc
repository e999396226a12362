#include "client/http/command_line.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/status/status.h"
#include "client/http/host_check.h"

namespace fectl::http {
namespace {

constexpr std::array<Option, 9> kOptions = {{
    {"--sock", "PATH", "fectld's control socket (default: as for fectl)"},
    {"--listen", "ADDRESS",
     "127.0.0.1:PORT, [::1]:PORT or the absolute path of a UNIX socket; without fectld, and once for each"},
    {"--host", "NAME", "a name that requests may be for, beside localhost and the address itself"},
    {"--essential", "SERVICES",
     "names with commas between them: /readyz is about these (default: all but oneshots and those that are "
     "stopped)"},
    {"--max-unavailable", "N", "so many workers of a service may be missing: 1, or 25% (default: 0)"},
    {"--last-lines", "", "show what failed workers wrote last to whoever can connect"},
    {"--remote", "", "take sockets that other machines reach"},
    {"--version", "", "print the version"},
    {"--help", "", "print this text"},
}};

absl::Status Wrong(const std::string& what) {
  return absl::InvalidArgumentError(what + " (see fectl-http --help)");
}

absl::Status SetFlag(std::string_view name, CommandLine* line) {
  if (name == "--last-lines") line->last_lines = true;
  if (name == "--remote") line->remote = true;
  if (name == "--version") line->action = CommandLine::Action::kVersion;
  if (name == "--help") line->action = CommandLine::Action::kHelp;
  return absl::OkStatus();
}

absl::Status SetEssential(const std::string& value, CommandLine* line) {
  std::string_view rest = value;
  for (;;) {
    const size_t comma = rest.find(',');
    const std::string_view name = rest.substr(0, comma);
    if (name.empty()) return Wrong("option --essential takes names of services, not \"" + value + "\"");
    line->readiness.essential.emplace_back(name);
    if (comma == std::string_view::npos) return absl::OkStatus();
    rest.remove_prefix(comma + 1);
  }
}

absl::Status SetValue(std::string_view name, const std::string& value, CommandLine* line) {
  if (value.empty()) return Wrong("option " + std::string(name) + " needs a value");
  if (name == "--essential") return SetEssential(value, line);
  if (name == "--sock") line->sock = value;
  if (name == "--listen") line->listen.push_back(value);
  if (name == "--host") {
    if (HostName(value).empty()) return Wrong("option --host takes a name, not \"" + value + "\"");
    line->hosts.push_back(value);
  }
  if (name == "--max-unavailable") {
    const absl::StatusOr<Missing> missing = ParseMissing(value);
    if (!missing.ok()) return Wrong("option --max-unavailable " + std::string(missing.status().message()));
    line->readiness.missing = *missing;
  }
  return absl::OkStatus();
}

}  // namespace

std::span<const Option> Options() {
  return kOptions;
}

absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& words) {
  CommandLine line;
  for (size_t i = 0; i < words.size() && line.action == CommandLine::Action::kServe; ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("-")) return Wrong("\"" + word + "\" is no option, and nothing else is taken");
    const size_t equals = word.find('=');
    const std::string name = word == "-h" ? "--help" : word == "-V" ? "--version" : word.substr(0, equals);
    const auto option =
        std::find_if(kOptions.begin(), kOptions.end(), [&](const Option& one) { return one.name == name; });
    if (option == kOptions.end()) return Wrong("there is no option " + name);
    absl::Status status;
    if (option->value.empty()) {
      if (equals != std::string::npos) return Wrong("option " + name + " takes no value");
      status = SetFlag(name, &line);
    } else if (equals != std::string::npos) {
      status = SetValue(name, word.substr(equals + 1), &line);
    } else {
      status = SetValue(name, i + 1 < words.size() ? words[i + 1] : "", &line);
      ++i;
    }
    if (!status.ok()) return status;
  }
  return line;
}

std::string HelpText() {
  std::string text =
      "usage: fectl-http [OPTION]...\n\n"
      "Metrics, probes, status, events and a page of a fectld, over HTTP, to be looked at only. It is a "
      "service\n"
      "of fectld and takes the sockets of that; with --listen it also runs by hand. See fectl-http(8).\n\n";
  for (const Option& option : kOptions) {
    text += "  " + std::string(option.name);
    if (!option.value.empty()) text += "=" + std::string(option.value);
    text += "\n      " + std::string(option.help) + "\n";
  }
  return text;
}

}  // namespace fectl::http
