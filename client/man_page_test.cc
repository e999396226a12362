// The man page and the code's tables must name the same commands and options.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "client/command_line/commands.h"

namespace fectl::client {
namespace {

std::vector<std::string> LinesOf(const std::string& section) {
  std::ifstream file("client/fectl.1");
  EXPECT_TRUE(file.is_open());
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(".Sh ")) inside = line == ".Sh " + section;
    if (inside) lines.push_back(line);
  }
  EXPECT_FALSE(lines.empty()) << section;
  return lines;
}

// How mdoc writes what may follow a command.
std::string Macro(Operands operands) {
  switch (operands) {
    case Operands::kNone:
      return "";
    case Operands::kOptionalService:
      return " Op Ar SERVICE";
    case Operands::kOneService:
      return " Ar SERVICE";
    case Operands::kServices:
      return " Ar SERVICE ...";
    case Operands::kOptionalCommand:
      return " Op Ar COMMAND";
    case Operands::kApplication:
      return " Ar MODULE : Ns Ar NAME Op Ar ARGUMENT ...";
    case Operands::kProposed:
      return " Op Ar MODULE : Ns Ar NAME | Ar PROGRAM";
    case Operands::kServiceAndPaths:
      return " Ar SERVICE Op Ar PATH ...";
    case Operands::kShell:
      return " Cm bash | zsh";
    case Operands::kOptionalPlan:
      return " Op Ar ID";
    case Operands::kTarget:
      return " Ar SERVICE Ns Op / Ns Ar N";
    case Operands::kIncident:
      return " Op Cm list | show Ar ID | Cm export Ar ID";
    case Operands::kRollout:
      return " Cm status | promote | pause | abort Ar SERVICE";
    case Operands::kServiceAndNumber:
      return " Ar SERVICE Ar N | Cm + Ns Ar N | Cm \\- Ns Ar N";
    case Operands::kTargetAndMessage:
      return " Ar SERVICE Ns Op / Ns Ar N Ar JSON";
  }
  return "";
}

std::string Macro(const Option& option) {
  const std::string value = option.value.empty() ? "" : " Ar " + std::string(option.value);
  const std::string letter = option.letter == 0 ? "" : std::string("Fl ") + option.letter + value + " , ";
  return letter + "Fl \\-" + std::string(option.name) + value;
}

TEST(ManPage, DescribesTheCommandsOfTheTableAndNoOthers) {
  std::vector<std::string> described;
  for (const std::string& line : LinesOf("COMMANDS")) {
    if (line.starts_with(".It Cm ")) described.push_back(line.substr(7));
  }
  std::vector<std::string> wanted;
  for (const Command& command : Commands())
    wanted.push_back(std::string(command.name) + Macro(command.operands));
  EXPECT_THAT(described, testing::ElementsAreArray(wanted));
}

// The options that are described in a section.
std::vector<std::string> OptionsIn(const std::string& section) {
  std::vector<std::string> described;
  for (const std::string& line : LinesOf(section)) {
    if (line.starts_with(".It Fl")) described.push_back(line.substr(4));
  }
  return described;
}

// The options of these commands, in the order of the table; of none: those of all commands.
std::vector<std::string> OptionsOf(const std::vector<std::string_view>& commands) {
  std::vector<std::string> wanted;
  for (const Option& option : Options()) {
    const bool of_these =
        std::ranges::any_of(commands, [&](std::string_view command) { return BelongsTo(option, command); });
    if (commands.empty() ? option.commands.empty() : of_these) wanted.push_back(Macro(option));
  }
  return wanted;
}

TEST(ManPage, DescribesTheOptionsOfTheTableAndNoOthers) {
  using testing::ElementsAreArray;
  using testing::UnorderedElementsAreArray;
  EXPECT_THAT(OptionsIn("DESCRIPTION"), UnorderedElementsAreArray(OptionsOf({})));
  EXPECT_THAT(OptionsIn("FINDING OUT WHAT HAPPENS"),
              UnorderedElementsAreArray(OptionsOf({"status", "events", "why", "wait", "top"})));
  EXPECT_THAT(OptionsIn("CHANGING WHAT RUNS"), ElementsAreArray(OptionsOf({"plan", "apply", "scale"})));
  EXPECT_THAT(OptionsIn("WHAT WORKERS WRITE"), ElementsAreArray(OptionsOf({"logs"})));
  EXPECT_THAT(OptionsIn("SERVING AN APPLICATION"), ElementsAreArray(OptionsOf({"serve", "init"})));
}

TEST(ManPage, DASH_TellsWhatFollowsTwoDashes) {
  std::string text;
  for (const std::string& line : LinesOf("DESCRIPTION")) text += line + " ";
  EXPECT_THAT(text,
              testing::HasSubstr("What follows .Ql \\-\\- are names, even if they begin with a dash, "));
}

TEST(ManPage, DescribesTheExitCodes) {
  std::vector<std::string> described;
  for (const std::string& line : LinesOf("EXIT STATUS")) {
    if (line.starts_with(".It ")) described.push_back(line.substr(4));
  }
  EXPECT_THAT(described, testing::ElementsAre("0", "1", "2", "3", "4", "5"));
}

TEST(ManPage, DescribesTheJsonOfEveryCommandWhichGivesAny) {
  std::set<std::string> described;
  for (const std::string& line : LinesOf("JSON")) {
    if (!line.starts_with(".It Cm ")) continue;
    const std::regex word("[a-z-]+");
    const std::string names = line.substr(7);
    for (std::sregex_iterator i(names.begin(), names.end(), word), end; i != end; ++i)
      described.insert(i->str());
  }
  std::set<std::string> wanted;
  for (const Command& command : Commands()) {
    // These two print texts.
    if (command.kind != CommandKind::kHelp && command.kind != CommandKind::kCompletion)
      wanted.emplace(command.name);
  }
  EXPECT_EQ(described, wanted);
}

}  // namespace
}  // namespace fectl::client
