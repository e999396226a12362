#include "worker_sdk/run/command_line.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::run {
namespace {

using Kind = proto::ProgramSign::Kind;
using testing::ElementsAre;
using testing::HasSubstr;

std::string Refusal(const std::vector<std::string>& words) {
  const auto line = ParseCommandLine(words);
  return line.ok() ? "" : std::string(line.status().message());
}

TEST(CommandLine, OnlyACommandHasTheDefaults) {
  const auto line = ParseCommandLine({"--", "nginx", "--", "-g"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->ready, (proto::ProgramSign{.kind = Kind::kAfter, .ms = 1'000}));
  EXPECT_EQ(line->watchdog, proto::ProgramSign{});
  EXPECT_EQ(line->stop_signal, "TERM");
  EXPECT_THAT(line->command, ElementsAre("nginx", "--", "-g"));
}

TEST(CommandLine, ValuesFollowAnEqualsSignOrStandInTheNextWord) {
  const auto line = ParseCommandLine(
      {"--ready", "log:up = yes", "--watchdog=http:/h=2", "--stop-signal", "SIGQUIT", "--", "x"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->ready.text, "up = yes");
  EXPECT_EQ(line->watchdog.ms, 2'000);
  EXPECT_EQ(line->stop_signal, "QUIT");
}

TEST(CommandLine, HelpAndVersionNeedNoCommand) {
  EXPECT_EQ(ParseCommandLine({"-h"})->action, CommandLine::Action::kHelp);
  EXPECT_EQ(ParseCommandLine({"--help"})->action, CommandLine::Action::kHelp);
  EXPECT_EQ(ParseCommandLine({"-V"})->action, CommandLine::Action::kVersion);
}

TEST(CommandLine, MistakesAreNamed) {
  EXPECT_EQ(Refusal({}), "name the program to run behind -- (see fectl-run --help)");
  EXPECT_EQ(Refusal({"--"}), Refusal({}));
  EXPECT_EQ(Refusal({"--", ""}), Refusal({}));
  EXPECT_EQ(Refusal({"nginx"}), "write -- before the command \"nginx\" (see fectl-run --help)");
  EXPECT_EQ(Refusal({"--read=notify", "--", "x"}), "there is no option --read (see fectl-run --help)");
  EXPECT_EQ(Refusal({"--ready", "--", "x"}), "option --ready needs a value (see fectl-run --help)");
  EXPECT_EQ(Refusal({"--stop-signal=KILL", "--", "x"}),
            "option --stop-signal must be TERM, INT, QUIT, HUP, USR1, USR2 or WINCH, not \"KILL\" (see "
            "fectl-run --help)");
  EXPECT_THAT(Refusal({"--ready=soon", "--", "x"}), HasSubstr("option --ready must be notify, log:TEXT, "));
}

TEST(CommandLine, HelpNamesEachOption) {
  for (const Option& option : Options()) EXPECT_THAT(HelpText(), HasSubstr(std::string(option.name)));
}

TEST(Descriptors, TakeTheNumbersOfTheProgram) {
  const auto words =
      WithDescriptors({"uvicorn", "--fd", "{fd:http}", "fd://{fd:probe}"}, {{"http", 3}, {"probe", 4}});
  ASSERT_TRUE(words.ok());
  EXPECT_THAT(*words, ElementsAre("uvicorn", "--fd", "3", "fd://4"));
}

TEST(Descriptors, AnUnknownSocketIsRefusedByName) {
  EXPECT_EQ(WithDescriptors({"{fd:htp}"}, {{"http", 3}, {"probe", 4}}).status().message(),
            "{fd:htp}: this worker has no socket \"htp\"; it has http, probe");
  EXPECT_EQ(WithDescriptors({"{fd:x}"}, {}).status().message(),
            "{fd:x}: this worker has no socket \"x\"; it has none");
}

}  // namespace
}  // namespace fectl::run
