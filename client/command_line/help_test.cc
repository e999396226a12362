#include "client/command_line/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "client/text/terminal_text.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

using testing::HasSubstr;
using testing::Not;

void ExpectLinesFit(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(Columns(line), 80u) << line;
    EXPECT_EQ(line, base::EscapeForTerminal(line));
    EXPECT_TRUE(line.empty() || line.back() != ' ') << line;
  }
  EXPECT_TRUE(text.ends_with('\n'));
}

TEST(Help, GeneralHelpNamesEverythingOnOneScreen) {
  const std::string help = GeneralHelp();
  ExpectLinesFit(help);
  EXPECT_LE(std::count(help.begin(), help.end(), '\n'), 48);
  for (const Command& command : Commands()) EXPECT_THAT(help, HasSubstr("  " + std::string(command.name)));
  for (const Option& option : Options()) {
    const std::string listed = " --" + std::string(option.name) + " ";
    EXPECT_EQ(help.find(listed) != std::string::npos, option.commands.empty()) << option.name;
  }
  EXPECT_THAT(help, HasSubstr("Exit codes"));
}

TEST(Help, OptionsOfACommandStandInItsHelp) {
  for (const Command& command : Commands()) {
    const std::string help = CommandHelp(command);
    for (const Option& option : Options()) {
      const std::string listed = " --" + std::string(option.name) + " ";
      EXPECT_EQ(help.find(listed) != std::string::npos,
                option.commands.empty() || BelongsTo(option, command.name))
          << command.name << " " << option.name;
    }
  }
}

TEST(Help, TellsWhatMayStandInThePlaceOfAName) {
  EXPECT_THAT(GeneralHelp(), HasSubstr("@LABEL"));
  for (const Command& command : Commands()) {
    const bool takes_services = Synopsis(command.operands).find("SERVICE") != std::string_view::npos;
    EXPECT_EQ(CommandHelp(command).find("@LABEL") != std::string::npos, takes_services) << command.name;
  }
}

TEST(Help, PlanExplainsTheKindsOfChanges) {
  const std::string help = CommandHelp(CommandOf(CommandKind::kPlan));
  for (const char* kind : {"live", "scale", "roll", "add", "remove", "rename", "rebind", "restart"})
    EXPECT_THAT(help, HasSubstr("\n  " + std::string(kind) + " "));
  EXPECT_THAT(help, HasSubstr("Usage: fectl [OPTION]... plan\n"));
  EXPECT_THAT(help, HasSubstr("-c, --config FILE"));
  EXPECT_THAT(CommandHelp(CommandOf(CommandKind::kApply)),
              HasSubstr("Usage: fectl [OPTION]... apply [ID]\n"));
  EXPECT_THAT(CommandHelp(CommandOf(CommandKind::kScale)), HasSubstr("scale SERVICE N|+N|-N\n"));
}

TEST(Help, DASH_TellsWhatFollowsTwoDashes) {
  EXPECT_THAT(GeneralHelp(), HasSubstr("what follows -- are names"));
  EXPECT_THAT(CommandHelp(CommandOf(CommandKind::kStop)),
              HasSubstr("what follows -- are names, even if they begin with a dash"));
}

TEST(Help, KeepsTheLibrariesFlagsToItself) {
  EXPECT_THAT(GeneralHelp(), Not(HasSubstr("flagfile")));
  EXPECT_THAT(GeneralHelp(), Not(HasSubstr("tab_completion")));
}

TEST(Help, EveryCommandIsExplained) {
  for (const Command& command : Commands()) {
    const std::string help = CommandHelp(command);
    ExpectLinesFit(help);
    EXPECT_THAT(help, HasSubstr("Usage: fectl [OPTION]... " + std::string(command.name)));
    EXPECT_FALSE(command.semantics.empty());
  }
}

TEST(Help, OperationsTellTheirExitCodes) {
  for (const Command& command : Commands()) {
    if (command.operands != Operands::kServices) continue;
    EXPECT_THAT(CommandHelp(command), HasSubstr("Exits 0"));
  }
}

}  // namespace
}  // namespace fectl::client
