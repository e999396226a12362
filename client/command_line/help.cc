#include "client/command_line/help.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace fectl::client {
namespace {

std::string Signature(const Command& command) {
  std::string text(command.name);
  if (command.operands != Operands::kNone) text += " " + std::string(Synopsis(command.operands));
  return text;
}

std::string Signature(const Option& option) {
  std::string text = option.letter == 0 ? "    " : std::string("-") + option.letter + ", ";
  text += "--" + std::string(option.name);
  if (!option.value.empty()) text += " " + std::string(option.value);
  return text;
}

using Lines = std::vector<std::pair<std::string, std::string_view>>;

std::string Indented(const Lines& lines) {
  size_t width = 0;
  for (const auto& [left, right] : lines) width = std::max(width, left.size());
  std::string out;
  for (const auto& [left, right] : lines) {
    out += "  " + left + std::string(width - left.size() + 2, ' ') + std::string(right) + "\n";
  }
  return out;
}

// Of all commands, and of the one that is named.
std::string OptionLines(std::string_view command) {
  Lines lines;
  for (const Option& option : Options()) {
    if (option.commands.empty() || BelongsTo(option, command))
      lines.emplace_back(Signature(option), option.help);
  }
  return Indented(lines);
}

// What may stand in the place of a service's name.
std::string SelectorLines(const Command& command) {
  switch (command.operands) {
    case Operands::kServices:
    case Operands::kOptionalService:
      return "\nSERVICE is a name, a pattern such as 'web-*' (* stands for any characters, ? for\n"
             "one), or @LABEL, which stands for all services that have this label.\n";
    case Operands::kOneService:
    case Operands::kTarget:
    case Operands::kServiceAndNumber:
    case Operands::kServiceAndPaths:
    case Operands::kTargetAndMessage:
    case Operands::kRollout:
      return "\nSERVICE is a name, or a pattern such as 'web-*' or @LABEL that one service fits.\n";
    default:
      return "";
  }
}

}  // namespace

std::string GeneralHelp() {
  Lines commands;
  for (const Command& command : Commands()) commands.emplace_back(Signature(command), command.summary);
  return "Usage: fectl [OPTION]... COMMAND [SERVICE]...\n"
         "Tells a running fectld what to do, and shows what it does.\n"
         "SERVICE is a name, or a pattern ('web-*') or @LABEL for those that fit.\n"
         "\n"
         "Commands:\n" +
         Indented(commands) +
         "\n"
         "Options, before or after the command (what follows -- are names):\n" +
         OptionLines("") +
         "\n"
         "Exit codes: 0 done; 1 refused or failed, with the reason on stderr;\n"
         "2 wrong usage; 3 no fectld is there; 4 not permitted; 5 plan: changes.\n";
}

std::string CommandHelp(const Command& command) {
  return "Usage: fectl [OPTION]... " + Signature(command) + "\n\n" + std::string(command.semantics) +
         SelectorLines(command) + "\nOptions (what follows -- are names, even if they begin with a dash):\n" +
         OptionLines(command.name);
}

}  // namespace fectl::client
