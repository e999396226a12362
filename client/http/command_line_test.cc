#include "client/http/command_line.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string ErrorOf(const std::vector<std::string>& words) {
  return std::string(ParseCommandLine(words).status().message());
}

TEST(CommandLine, NothingIsNeeded) {
  const CommandLine line = *ParseCommandLine({});
  EXPECT_EQ(line.action, CommandLine::Action::kServe);
  EXPECT_FALSE(line.last_lines);
  EXPECT_FALSE(line.remote);
  EXPECT_EQ(line.readiness.missing, Missing());
}

TEST(CommandLine, TakesValuesInBothWays) {
  const CommandLine line = *ParseCommandLine(
      {"--listen", "127.0.0.1:9180", "--listen=/run/x.sock", "--sock=/run/f.sock", "--host", "ops.example",
       "--essential=web,api", "--max-unavailable", "25%", "--last-lines", "--remote"});
  EXPECT_THAT(line.listen, ElementsAre("127.0.0.1:9180", "/run/x.sock"));
  EXPECT_EQ(line.sock, "/run/f.sock");
  EXPECT_THAT(line.hosts, ElementsAre("ops.example"));
  EXPECT_THAT(line.readiness.essential, ElementsAre("web", "api"));
  EXPECT_EQ(line.readiness.missing, (Missing{25, true}));
  EXPECT_TRUE(line.last_lines);
  EXPECT_TRUE(line.remote);
}

TEST(CommandLine, SaysWhatIsWrong) {
  EXPECT_EQ(ErrorOf({"--port=1"}), "there is no option --port (see fectl-http --help)");
  EXPECT_EQ(ErrorOf({"9180"}), "\"9180\" is no option, and nothing else is taken (see fectl-http --help)");
  EXPECT_EQ(ErrorOf({"--listen"}), "option --listen needs a value (see fectl-http --help)");
  EXPECT_EQ(ErrorOf({"--remote=yes"}), "option --remote takes no value (see fectl-http --help)");
  EXPECT_THAT(ErrorOf({"--max-unavailable=half"}), HasSubstr("option --max-unavailable takes a number"));
  EXPECT_THAT(ErrorOf({"--essential=web,,api"}), HasSubstr("not \"web,,api\""));
  EXPECT_THAT(ErrorOf({"--host=a:b"}), HasSubstr("option --host takes a name, not \"a:b\""));
}

TEST(CommandLine, HelpNamesEachOptionOnAScreen) {
  EXPECT_EQ(ParseCommandLine({"-h", "--nonsense"})->action, CommandLine::Action::kHelp);
  EXPECT_EQ(ParseCommandLine({"--version"})->action, CommandLine::Action::kVersion);
  const std::string help = HelpText();
  for (const Option& option : Options()) EXPECT_THAT(help, HasSubstr("  " + std::string(option.name)));
  EXPECT_LT(std::count(help.begin(), help.end(), '\n'), 50);
}

}  // namespace
}  // namespace fectl::http
