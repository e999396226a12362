#include "client/command_line/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/command_line/commands.h"

namespace fectl::client {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(CompletionScript, HoldsEveryCommandAndOption) {
  for (const std::string_view shell : kShells) {
    const std::string script = CompletionScript(shell);
    std::string commands = "candidates=(";
    for (const Command& command : Commands())
      commands += (&command == &Commands()[0] ? "" : " ") + std::string(command.name);
    EXPECT_THAT(script, HasSubstr(commands + ")"));
    for (const Option& option : Options()) {
      // In one of the two lists of options, as a whole word.
      const std::string name = "--" + std::string(option.name);
      EXPECT_THAT(script, testing::ContainsRegex("candidates[+]?=[(]([^)]* )?" + name + "[ )]"));
    }
    for (const char* name :
         {"@VALUED", "@CHOICES", "@OPTIONS", "@SERVE", "@COMMANDS", "@SHELLS", "@OPERATIONS", "@QUERIES"})
      EXPECT_THAT(script, Not(HasSubstr(name)));
    EXPECT_TRUE(script.ends_with("complete -o default -F _fectl fectl\n"));
  }
}

TEST(CompletionScript, CommandsAreToldByWhatTheyTake) {
  const std::string script = CompletionScript("bash");
  EXPECT_THAT(
      script,
      HasSubstr(
          "start | stop | reload | restart | pause | resume | logs) wants_services=yes candidates=(all)"));
  EXPECT_THAT(script,
              HasSubstr("status | spid | listen | rollback | run | why | wait) wants_services=yes ;;"));
  EXPECT_THAT(script,
              HasSubstr("send | scale | watch) if ((operands == 0)); then wants_services=yes; fi ;;"));
}

TEST(CompletionScript, WhatCanBeDoneWithIncidentsIsOffered) {
  EXPECT_THAT(CompletionScript("bash"),
              HasSubstr("incident) if ((operands == 0)); then candidates=(list show export)"));
}

TEST(CompletionScript, ValuesThatAreOneOfAFewAreOffered) {
  const std::string script = CompletionScript("bash");
  EXPECT_THAT(script, HasSubstr("    --kind) candidates=(asgi wsgi aiohttp) ;;\n"));
  EXPECT_THAT(script, HasSubstr("    --loop) candidates=(auto asyncio uvloop) ;;\n"));
}

TEST(CompletionScript, OptionsOfOneCommandAreOfferedForItAlone) {
  const std::string script = CompletionScript("bash");
  EXPECT_THAT(script, HasSubstr("          plan) candidates+=(--config --revert) ;;\n"));
  EXPECT_THAT(script, HasSubstr("          apply) candidates+=(--config --revert --wait) ;;\n"));
  EXPECT_THAT(script, HasSubstr("          scale) candidates+=(--reset) ;;\n"));
}

TEST(CompletionScript, ZshReadsItAsBashs) {
  EXPECT_THAT(CompletionScript("zsh"), HasSubstr("bashcompinit"));
  EXPECT_THAT(CompletionScript("bash"), Not(HasSubstr("bashcompinit")));
}

}  // namespace
}  // namespace fectl::client
