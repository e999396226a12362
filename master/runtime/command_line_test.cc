#include "master/runtime/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fectl::runtime {
namespace {

using Action = CommandLine::Action;
using testing::HasSubstr;

TEST(ParseCommandLine, NothingMeansServe) {
  const auto line = ParseCommandLine({});
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->action, Action::kServe);
  EXPECT_EQ(line->config, "");
  EXPECT_FALSE(line->daemon);
}

TEST(ParseCommandLine, ConfigurationInEverySpelling) {
  EXPECT_EQ(ParseCommandLine({"-c", "a.toml"})->config, "a.toml");
  EXPECT_EQ(ParseCommandLine({"--config", "a.toml"})->config, "a.toml");
  EXPECT_EQ(ParseCommandLine({"--config=a=b.toml"})->config, "a=b.toml");
  EXPECT_EQ(ParseCommandLine({"-c", "a", "-c", "b"})->config, "b");
}

TEST(ParseCommandLine, Actions) {
  EXPECT_EQ(ParseCommandLine({"--check"})->action, Action::kCheck);
  EXPECT_EQ(ParseCommandLine({"--print-config"})->action, Action::kPrintConfig);
  EXPECT_EQ(ParseCommandLine({"--help"})->action, Action::kHelp);
  EXPECT_EQ(ParseCommandLine({"-h", "--check"})->action, Action::kHelp);
  EXPECT_EQ(ParseCommandLine({"-V"})->action, Action::kVersion);
  EXPECT_EQ(ParseCommandLine({"--load", "a.toml"})->action, Action::kLoad);
  EXPECT_EQ(ParseCommandLine({"--load=a.toml"})->config, "a.toml");
  EXPECT_TRUE(ParseCommandLine({"-d"})->daemon);
  EXPECT_FALSE(ParseCommandLine({})->daemon);  // nothing of the call before
}

TEST(ParseCommandLine, MistakesAreNamed) {
  EXPECT_THAT(ParseCommandLine({"--bogus"}).status().message(), HasSubstr("no option --bogus"));
  EXPECT_THAT(ParseCommandLine({"--logtostderr"}).status().message(), HasSubstr("no option --logtostderr"));
  EXPECT_THAT(ParseCommandLine({"-c"}).status().message(), HasSubstr("needs a value"));
  EXPECT_THAT(
      ParseCommandLine({"-c", "--check"}).status().message(),
      HasSubstr("option -c needs a value, and --check is an option (a file of that name is ./--check)"));
  EXPECT_THAT(ParseCommandLine({"--config="}).status().message(), HasSubstr("needs a value"));
  EXPECT_TRUE(ParseCommandLine({"--strict", "--check"})->strict);
  EXPECT_THAT(ParseCommandLine({"--strict"}).status().message(), HasSubstr("--strict belongs to --check"));
  EXPECT_THAT(ParseCommandLine({"--check=yes"}).status().message(), HasSubstr("takes no value"));
  EXPECT_THAT(ParseCommandLine({"my.toml"}).status().message(), HasSubstr("given with -c"));
}

TEST(HelpText, NamesEveryOptionAndNoLibrarysFlags) {
  const std::string help = HelpText();
  for (const char* option :
       {"-c,", "--config", "--check", "--print-config", "-d,", "--daemon", "--version", "--help"}) {
    EXPECT_THAT(help, HasSubstr(option));
  }
  EXPECT_EQ(help.find("--load"), std::string::npos);  // fectld's own
  EXPECT_EQ(help.find("logtostderr"), std::string::npos);
}

}  // namespace
}  // namespace fectl::runtime
