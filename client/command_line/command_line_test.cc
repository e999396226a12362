#include "client/command_line/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fectl::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Invocation Parsed(const std::vector<std::string>& args) {
  const auto parsed = ParseCommandLine(args);
  const UsageError* error = std::get_if<UsageError>(&parsed);
  EXPECT_EQ(error, nullptr) << (error == nullptr ? "" : error->text);
  return error == nullptr ? std::get<Invocation>(parsed) : Invocation{};
}

std::string ErrorOf(const std::vector<std::string>& args) {
  const auto parsed = ParseCommandLine(args);
  const UsageError* error = std::get_if<UsageError>(&parsed);
  return error == nullptr ? "no error" : error->text;
}

const std::string kDash = "; a name that begins with a dash stands after --, as in: fectl stop -- -m";

TEST(ParseCommandLine, DASH_ANameThatBeginsWithADashStandsBehindTwo) {
  EXPECT_EQ(ErrorOf({"stop", "-m"}), "-m needs a value: -m PATH" + kDash);
  EXPECT_EQ(ErrorOf({"stop", "-web"}), "unknown option \"-web\"" + kDash);
  const auto parsed = ParseCommandLine({"stop", "--", "-m", "--json"});
  ASSERT_TRUE(std::holds_alternative<Invocation>(parsed));
  EXPECT_EQ(std::get<Invocation>(parsed).operands, (std::vector<std::string>{"-m", "--json"}));
  EXPECT_EQ(ErrorOf({"stop", "web", "-m", "--json"}), "-m needs a value, and --json is an option");
}

TEST(CommandLine, TakesCommandsAndServices) {
  EXPECT_EQ(Parsed({"status"}).command, CommandKind::kStatus);
  EXPECT_THAT(Parsed({"status"}).operands, IsEmpty());
  EXPECT_THAT(Parsed({"status", "web"}).operands, ElementsAre("web"));
  EXPECT_THAT(Parsed({"reload", "web", "api"}).operands, ElementsAre("web", "api"));
  EXPECT_EQ(Parsed({"reload", "web", "api"}).command, CommandKind::kReload);
  EXPECT_EQ(Parsed({"version-check"}).command, CommandKind::kVersionCheck);
}

TEST(CommandLine, CheckBelongsToStatusAndTakesServices) {
  EXPECT_FALSE(Parsed({"status"}).check);
  EXPECT_TRUE(Parsed({"--check", "status"}).check);
  EXPECT_THAT(Parsed({"status", "--check", "web", "api"}).operands, ElementsAre("web", "api"));
  EXPECT_THAT(Parsed({"status", "--check", "all"}).operands, IsEmpty());
  EXPECT_EQ(ErrorOf({"status", "--check", "all", "web"}),
            "all stands alone: it cannot be mixed with the names of services");
  EXPECT_EQ(ErrorOf({"reload", "--check", "web"}),
            "--check belongs to status: fectl status --check [SERVICE...]");
  EXPECT_EQ(ErrorOf({"status", "web", "api"}), "status takes one name: \"api\" is too much");
}

TEST(CommandLine, CollapsesDuplicates) {
  EXPECT_THAT(Parsed({"reload", "web", "api", "web"}).operands, ElementsAre("web", "api"));
  EXPECT_TRUE(Parsed({"stop", "all", "all"}).all);
}

TEST(CommandLine, AllIsEveryService) {
  EXPECT_TRUE(Parsed({"reload", "all"}).all);
  EXPECT_THAT(Parsed({"reload", "all"}).operands, IsEmpty());
  EXPECT_THAT(Parsed({"status", "all"}).operands, IsEmpty());
  EXPECT_EQ(ErrorOf({"reload", "all", "web"}),
            "all stands alone: it cannot be mixed with the names of services");
  EXPECT_EQ(ErrorOf({"spid", "all"}), "spid needs the name of one service, not all");
}

TEST(CommandLine, OptionsStandBeforeAndAfterTheCommand) {
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"--sock", "a.sock", "reload", "web"},
           {"reload", "--sock", "a.sock", "web"},
           {"reload", "web", "--sock=a.sock"},
           {"-m", "a.sock", "reload", "web"},
           {"reload", "-ma.sock", "web"},
           {"reload", "web", "-m=a.sock"},
           {"--sock=b.sock", "reload", "web", "-m", "a.sock"},
       }) {
    const Invocation invocation = Parsed(args);
    EXPECT_EQ(invocation.sock, "a.sock");
    EXPECT_EQ(invocation.command, CommandKind::kReload);
    EXPECT_THAT(invocation.operands, ElementsAre("web"));
  }
}

TEST(CommandLine, OneRunLeavesNothingForTheNext) {
  EXPECT_TRUE(Parsed({"--json", "-m", "x", "--timeout=1", "status"}).json);
  const Invocation next = Parsed({"status"});
  EXPECT_FALSE(next.json);
  EXPECT_EQ(next.sock, "");
  EXPECT_EQ(next.timeout_ms, std::nullopt);
}

TEST(CommandLine, TimeoutIsSeconds) {
  EXPECT_EQ(Parsed({"--timeout", "30", "ping"}).timeout_ms, 30000);
  EXPECT_EQ(Parsed({"--timeout=2.5", "ping"}).timeout_ms, 2500);
  EXPECT_EQ(Parsed({"--timeout=0.0001", "ping"}).timeout_ms, 1);
  for (const char* bad : {"0", "-1", "5s", "x", "nan", "inf", "1e300"}) {
    EXPECT_EQ(ErrorOf({"--timeout", bad, "ping"}),
              "--timeout needs a number of seconds above 0, like 2.5, not \"" + std::string(bad) + "\"");
  }
}

TEST(CommandLine, NegativeNumbersAreValuesNotOptions) {
  EXPECT_EQ(ErrorOf({"ping", "--timeout", "-m"}),
            "--timeout needs a number of seconds above 0, like 2.5, not \"-m\"");
}

TEST(CommandLine, HelpAndVersionNeedNoCommand) {
  EXPECT_TRUE(Parsed({"--help"}).help);
  EXPECT_TRUE(Parsed({"-h"}).help);
  EXPECT_TRUE(Parsed({"-V"}).print_version);
  EXPECT_TRUE(Parsed({"--version"}).print_version);
  EXPECT_EQ(Parsed({"reload", "--help"}).command, CommandKind::kReload);
  EXPECT_TRUE(Parsed({"reload", "--help"}).help);
  EXPECT_THAT(Parsed({"help", "reload"}).operands, ElementsAre("reload"));
  EXPECT_EQ(Parsed({"help"}).command, CommandKind::kHelp);
}

TEST(CommandLine, UnknownWordsAreErrorsWithASuggestion) {
  EXPECT_EQ(ErrorOf({"relaod", "web"}), "unknown command \"relaod\"; did you mean reload?");
  EXPECT_EQ(ErrorOf({"explode"}), "unknown command \"explode\"");
  EXPECT_EQ(ErrorOf({"help", "relod"}), "unknown command \"relod\"; did you mean reload?");
  EXPECT_EQ(ErrorOf({"status", "--jsno"}), "unknown option \"--jsno\"; did you mean --json?");
  EXPECT_EQ(ErrorOf({"status", "-x"}), "unknown option \"-x\"" + kDash);
  EXPECT_EQ(ErrorOf({"\033[31m"}), "unknown command \"\\x1b[31m\"");
}

// Nothing that gflags would understand by itself gets through to it.
TEST(CommandLine, FlagsOfLibrariesAreUnknown) {
  EXPECT_EQ(ErrorOf({"status", "--flagfile=/etc/passwd"}), "unknown option \"--flagfile\"" + kDash);
  EXPECT_EQ(ErrorOf({"status", "--helpfull"}), "unknown option \"--helpfull\"" + kDash);
  EXPECT_EQ(ErrorOf({"status", "--nojson"}), "unknown option \"--nojson\"; did you mean --json?");
}

TEST(CommandLine, OperandsAreCounted) {
  EXPECT_EQ(ErrorOf({}), "no command was given");
  EXPECT_EQ(ErrorOf({"reload"}), "reload needs the name of a service, or all: fectl reload SERVICE...|all");
  EXPECT_EQ(ErrorOf({"spid"}), "spid needs the name of one service: fectl spid SERVICE");
  EXPECT_EQ(ErrorOf({"spid", "a", "b"}), "spid needs the name of one service: fectl spid SERVICE");
  EXPECT_EQ(ErrorOf({"ping", "web"}), "ping takes no service: \"web\" is too much");
  EXPECT_EQ(ErrorOf({"status", "a", "b"}), "status takes one name: \"b\" is too much");
  EXPECT_EQ(ErrorOf({"stop", ""}), "a service's name cannot be empty");
}

TEST(CommandLine, ValuesAreNeeded) {
  EXPECT_EQ(ErrorOf({"status", "--sock"}), "--sock needs a value: --sock PATH" + kDash);
  EXPECT_EQ(ErrorOf({"status", "-m"}), "-m needs a value: -m PATH" + kDash);
  EXPECT_EQ(ErrorOf({"status", "--sock="}), "--sock needs a value that is not empty");
  EXPECT_EQ(ErrorOf({"status", "--json=yes"}), "--json takes no value");
}

TEST(CommandLine, TwoDashesEndTheOptions) {
  EXPECT_THAT(Parsed({"stop", "--", "--json"}).operands, ElementsAre("--json"));
  EXPECT_THAT(Parsed({"stop", "-"}).operands, ElementsAre("-"));
}

TEST(CommandLine, ServeTakesAnApplicationItsArgumentsAndOptionsOfItsOwn) {
  const Invocation plain = Parsed({"serve", "shop.main:app"});
  EXPECT_EQ(plain.command, CommandKind::kServe);
  EXPECT_THAT(plain.operands, ElementsAre("shop.main:app"));
  EXPECT_EQ(plain.serve.host, "127.0.0.1");
  EXPECT_EQ(plain.serve.port, 8000);
  EXPECT_EQ(plain.serve.workers, 1);
  EXPECT_EQ(plain.serve.threads, 0);
  EXPECT_FALSE(plain.serve.watch);
  EXPECT_FALSE(plain.serve.print);
  const Invocation full =
      Parsed({"serve", "--watch", "--port", "0", "shop:app", "--host=::1", "--workers=3", "--threads=8",
              "--loop=uvloop", "--app-dir", "src", "--python", "python3.12", "--kind=wsgi", "--print", "--",
              "access_log=off", "--keepalive=5"});
  EXPECT_THAT(full.operands, ElementsAre("shop:app", "access_log=off", "--keepalive=5"));
  EXPECT_EQ(full.serve.host, "::1");
  EXPECT_EQ(full.serve.port, 0);
  EXPECT_EQ(full.serve.workers, 3);
  EXPECT_EQ(full.serve.threads, 8);
  EXPECT_EQ(full.serve.loop, "uvloop");
  EXPECT_EQ(full.serve.app_dir, "src");
  EXPECT_EQ(full.serve.python, "python3.12");
  EXPECT_EQ(full.serve.kind, "wsgi");
  EXPECT_TRUE(full.serve.watch);
  EXPECT_TRUE(full.serve.print);
  EXPECT_EQ(Parsed({"serve", "shop:app"}).serve.port, 8000) << "nothing is left of the run before";
}

TEST(CommandLine, WhatIsWrongWithServe) {
  EXPECT_EQ(ErrorOf({"serve", "shop"}),
            "\"shop\" is no application of the form MODULE:NAME, as in: fectl serve shop.main:app");
  for (const char* bad : {"-1", "65536", "x", "80.5"}) {
    EXPECT_EQ(ErrorOf({"serve", "--port", bad, "shop:app"}),
              "--port needs a number from 0 to 65535, not \"" + std::string(bad) + "\"");
  }
  EXPECT_EQ(ErrorOf({"serve", "--workers=0", "shop:app"}),
            "--workers needs a number from 1 to 10000, not \"0\"");
  EXPECT_EQ(ErrorOf({"serve", "--threads=0", "shop:app"}),
            "--threads needs a number from 1 to 1000, not \"0\"");
  EXPECT_EQ(ErrorOf({"serve", "--kind=cgi", "shop:app"}),
            "--kind needs one of asgi, wsgi, aiohttp, not \"cgi\"");
  EXPECT_EQ(ErrorOf({"serve", "--wacth", "shop:app"}), "unknown option \"--wacth\"; did you mean --watch?");
  EXPECT_EQ(ErrorOf({"serve", "shop:app", ""}), "serve takes no empty word");
}

TEST(CommandLine, OptionsOfOneCommandAreForNoOther) {
  EXPECT_EQ(ErrorOf({"--watch", "reload", "web"}),
            "--watch belongs to serve: fectl serve MODULE:NAME [ARGUMENT]...");
  EXPECT_EQ(ErrorOf({"status", "--port=1"}),
            "--port belongs to serve: fectl serve MODULE:NAME [ARGUMENT]...");
}

TEST(CommandLine, WatchTakesAServiceAndPaths) {
  EXPECT_THAT(Parsed({"watch", "web"}).operands, ElementsAre("web"));
  EXPECT_THAT(Parsed({"watch", "web", "src", "all"}).operands, ElementsAre("web", "src", "all"));
  EXPECT_THAT(Parsed({"watch", "web", "web"}).operands, ElementsAre("web", "web"));
  EXPECT_EQ(ErrorOf({"watch"}), "watch needs the name of one service: fectl watch SERVICE [PATH]...");
  EXPECT_EQ(ErrorOf({"watch", "all"}), "watch needs the name of one service: fectl watch SERVICE [PATH]...");
}

TEST(CommandLine, CompletionTakesAShell) {
  EXPECT_THAT(Parsed({"completion", "bash"}).operands, ElementsAre("bash"));
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"completion"}, {"completion", "fish"}, {"completion", "bash", "zsh"}})
    EXPECT_EQ(ErrorOf(args), "completion needs the name of a shell: fectl completion bash|zsh");
}

TEST(CommandLine, ErrorsKnowWhetherJsonWasWanted) {
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"--json", "explode"}, {"explode", "--json"}, {"--nope", "--json"}}) {
    const auto parsed = ParseCommandLine(args);
    ASSERT_TRUE(std::holds_alternative<UsageError>(parsed));
    EXPECT_TRUE(std::get<UsageError>(parsed).json);
  }
}

TEST(CommandLine, PlanAndApplyTakeAFileAndTheWayBack) {
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"plan", "--config", "new.toml"},
           {"plan", "--config=new.toml"},
           {"-c", "new.toml", "plan"},
           {"plan", "-cnew.toml"},
       }) {
    const Invocation invocation = Parsed(args);
    EXPECT_EQ(invocation.command, CommandKind::kPlan);
    EXPECT_EQ(invocation.config, "new.toml");
    EXPECT_THAT(invocation.operands, IsEmpty());
    EXPECT_FALSE(invocation.revert);
    EXPECT_FALSE(invocation.wait);
  }
  EXPECT_TRUE(Parsed({"plan", "--revert"}).revert);
  const Invocation apply = Parsed({"apply", "7f3c91a", "--wait", "--revert"});
  EXPECT_EQ(apply.command, CommandKind::kApply);
  EXPECT_THAT(apply.operands, ElementsAre("7f3c91a"));
  EXPECT_TRUE(apply.wait);
  EXPECT_TRUE(apply.revert);
  EXPECT_EQ(apply.config, "");
  EXPECT_FALSE(Parsed({"apply"}).wait) << "nothing is left of the run before";
}

TEST(CommandLine, WhatIsWrongWithPlanAndApply) {
  EXPECT_EQ(ErrorOf({"plan", "web"}), "plan takes no service: \"web\" is too much");
  EXPECT_EQ(ErrorOf({"apply", "7f3c91a", "web"}), "apply takes one plan: \"web\" is too much");
  EXPECT_EQ(ErrorOf({"plan", "--wait"}), "--wait belongs to apply: fectl apply [ID]");
  EXPECT_EQ(ErrorOf({"reload", "web", "--revert"}), "--revert belongs to plan: fectl plan");
  EXPECT_EQ(ErrorOf({"status", "-c", "a.toml"}), "--config belongs to plan: fectl plan");
  EXPECT_EQ(ErrorOf({"plan", "-c"}), "-c needs a value: -c FILE" + kDash);
}

TEST(CommandLine, ScaleTakesANumberThatMayHaveASign) {
  EXPECT_THAT(Parsed({"scale", "web", "8"}).operands, ElementsAre("web", "8"));
  EXPECT_THAT(Parsed({"scale", "web", "+2"}).operands, ElementsAre("web", "+2"));
  EXPECT_THAT(Parsed({"scale", "web", "-1"}).operands, ElementsAre("web", "-1"));
  EXPECT_THAT(Parsed({"scale", "--", "-web", "-1"}).operands, ElementsAre("-web", "-1"));
  EXPECT_THAT(Parsed({"scale", "web", "10000", "--json"}).operands, ElementsAre("web", "10000"));
  // A name that looks like its number is not a duplicate.
  EXPECT_THAT(Parsed({"scale", "8", "8"}).operands, ElementsAre("8", "8"));
  const Invocation reset = Parsed({"scale", "web", "--reset"});
  EXPECT_TRUE(reset.reset);
  EXPECT_THAT(reset.operands, ElementsAre("web"));
}

TEST(CommandLine, WhatIsWrongWithScale) {
  const std::string example = ", as in: fectl scale web 8, fectl scale web +2, fectl scale web --reset";
  EXPECT_EQ(ErrorOf({"scale"}), "scale needs the name of one service" + example);
  EXPECT_EQ(ErrorOf({"scale", "all", "2"}), "scale needs the name of one service" + example);
  EXPECT_EQ(ErrorOf({"scale", "web"}), "scale needs a number of workers" + example);
  EXPECT_EQ(ErrorOf({"scale", "web", "1", "2"}), "scale takes one number: \"2\" is too much");
  EXPECT_EQ(ErrorOf({"scale", "web", "1", "--reset"}), "scale takes a number or --reset, not both");
  EXPECT_EQ(ErrorOf({"stop", "web", "--reset"}), "--reset belongs to scale: fectl scale SERVICE N|+N|-N");
  for (const char* bad : {"0", "+0", "-0", "10001", "99999999999999999999", "two", "1.5", "+", "8 "}) {
    EXPECT_EQ(
        ErrorOf({"scale", "web", bad}),
        "scale needs a number of workers from 1 to 10000, or +N or -N, not \"" + std::string(bad) + "\"");
  }
}

TEST(CommandLine, IncidentsAreListedShownOrExported) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{}, {"list"}, {"show", "17"}, {"export", "17"}}) {
    std::vector<std::string> args = {"incident"};
    args.insert(args.end(), words.begin(), words.end());
    EXPECT_EQ(ErrorOf(args), "no error");
  }
  const std::string wrong = "incident takes list, show ID or export ID, where ID is a number";
  EXPECT_EQ(ErrorOf({"incident", "show"}), wrong);
  EXPECT_EQ(ErrorOf({"incident", "17"}), wrong);
  EXPECT_EQ(ErrorOf({"incident", "list", "17"}), wrong);
  EXPECT_EQ(ErrorOf({"incident", "show", "x"}), wrong);
  EXPECT_EQ(ErrorOf({"incident", "show", "1", "2"}), wrong);
  EXPECT_EQ(ErrorOf({"incident", "show", "9999999999999999999"}), wrong);
}

TEST(CommandLine, SinceIsATimeWhereLinesHaveNoNumbers) {
  EXPECT_EQ(ErrorOf({"logs", "web", "--since", "1042"}),
            "--since 1042 is the number of an event; logs needs a time, as 90s, 10m or now");
  EXPECT_EQ(ErrorOf({"logs", "web", "--since", "10m"}), "no error");
  EXPECT_EQ(ErrorOf({"events", "--since", "1042"}), "no error");
}

}  // namespace
}  // namespace fectl::client
