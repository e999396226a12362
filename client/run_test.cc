#include "client/run.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "client/testing/captured_run.h"
#include "client/testing/fake_control_server.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/version.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<FakeStep> Pong(const Request&) {
  return {Answer(Response::Kind::kPong)};
}

TEST(Run, HelpIsOnStandardOutput) {
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"--help"}, {"-h"}, {"help"}}) {
    const Captured run = RunCaptured(args);
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_THAT(run.out, StartsWith("Usage: fectl [OPTION]... COMMAND"));
    EXPECT_EQ(run.err, "");
  }
}

TEST(Run, HelpOfACommand) {
  const Captured help = RunCaptured({"help", "reload"});
  EXPECT_THAT(help.out, StartsWith("Usage: fectl [OPTION]... reload SERVICE...|all\n"));
  EXPECT_EQ(RunCaptured({"reload", "--help"}).out, help.out);
  EXPECT_EQ(RunCaptured({"-h", "reload", "web"}).out, help.out);
  EXPECT_EQ(RunCaptured({"help", "nope"}).exit_code, 2);
}

TEST(Run, NoArgumentsAreAMistakeThatIsExplained) {
  const Captured run = RunCaptured({});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, StartsWith("Usage: fectl"));
}

TEST(Run, OwnVersion) {
  EXPECT_EQ(RunCaptured({"--version"}).out, std::string(proto::kServerName) + "\n");
  EXPECT_EQ(RunCaptured({"-V", "--json"}).out, "{\"version\":\"" + std::string(proto::kServerName) + "\"}\n");
}

TEST(Run, WrongUsageIsOneSentence) {
  const Captured run = RunCaptured({"relod", "web"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err, "fectl: unknown command \"relod\"; did you mean reload? (fectl --help tells more)\n");
}

TEST(Run, WrongUsageAsJson) {
  const Captured run = RunCaptured({"relod", "--json"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.out, StartsWith("{\"ok\":false,\"exit_code\":2,\"reason\":\"unknown command"));
}

TEST(Run, NoMasterIsThree) {
  for (const char* command : {"status", "ping", "pid", "version", "version-check", "quit"}) {
    const Captured run = RunCaptured({command, "--sock", "/nonexistent/fectld.sock"});
    EXPECT_EQ(run.exit_code, 3);
    EXPECT_EQ(run.err,
              "fectl: no fectld is listening on /nonexistent/fectld.sock: No such file or directory (start "
              "one with "
              "fectld -c FILE, or name its socket with --sock)\n");
  }
  for (const char* command : {"start", "stop", "reload", "restart", "pause", "resume", "spid"}) {
    EXPECT_EQ(RunCaptured({command, "web", "--sock", "/nonexistent/fectld.sock"}).exit_code, 3);
  }
  const Captured json = RunCaptured({"ping", "--json", "-m", "/nonexistent/s"});
  EXPECT_THAT(json.out, StartsWith("{\"ok\":false,\"exit_code\":3,\"reason\":\"no fectld is listening"));
}

TEST(Run, APathWhichIsTooLongIsWrongUsage) {
  EXPECT_EQ(RunCaptured({"ping", "-m", std::string(200, 'x')}).exit_code, 2);
}

TEST(Run, TheSocketIsFoundByTheEnvironment) {
  FakeControlServer server(Pong);
  EXPECT_EQ(RunCaptured({"ping"}, {.socket_variable = server.path()}).out, "pong\n");
  const std::string directory = server.path().substr(0, server.path().rfind('/'));
  EXPECT_EQ(RunCaptured({"ping"}, {.caller_directory = directory}).out, "pong\n");
}

TEST(Run, ColoursNeedATerminalAndPermission) {
  FakeControlServer server([](const Request&) -> std::vector<FakeStep> {
    Response overview;
    overview.kind = Response::Kind::kOverview;
    overview.overview.services.resize(1);
    overview.overview.services[0].state = "running";
    return {Answer(overview)};
  });
  const std::vector<std::string> args = {"status", "-m", server.path()};
  EXPECT_THAT(RunCaptured(args, {.out_is_terminal = true}).out, HasSubstr("\033[32mrunning\033[0m"));
  EXPECT_THAT(RunCaptured(args, {.out_is_terminal = true, .colours_allowed = false}).out,
              testing::Not(HasSubstr("\033")));
  EXPECT_THAT(RunCaptured(args).out, testing::Not(HasSubstr("\033")));
}

TEST(Run, AFullDiskIsAFailure) {
  FakeControlServer server(Pong);
  const base::UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  int err[2];
  ASSERT_EQ(pipe2(err, O_CLOEXEC), 0);
  const base::UniqueFd err_read(err[0]);
  const base::UniqueFd err_write(err[1]);
  Output output(full.get(), err_write.get());
  EXPECT_EQ(client::Run({"ping", "-m", server.path()}, {}, output), 1);
  char text[128] = {};
  EXPECT_GT(read(err_read.get(), text, sizeof text - 1), 0);
  EXPECT_STREQ(text, "fectl: cannot write to standard output: No space left on device\n");
}

TEST(Run, AReaderWhichHasGoneIsNoFailure) {
  signal(SIGPIPE, SIG_IGN);
  FakeControlServer server(Pong);
  int out[2];
  ASSERT_EQ(pipe2(out, O_CLOEXEC), 0);
  base::UniqueFd(out[0]).reset();
  const base::UniqueFd out_write(out[1]);
  Output output(out_write.get(), out_write.get());
  EXPECT_EQ(client::Run({"ping", "-m", server.path()}, {}, output), 0);
}

}  // namespace
}  // namespace fectl::client
