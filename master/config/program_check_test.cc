#include "master/config/program_check.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "master/config/load_result.h"
#include "master/config/parse.h"

namespace fectl::config {
namespace {

// What is said of a service with these keys, whose socket is "http"; another service has "admin".
std::string Said(const std::string& keys) {
  const std::string text =
      "[[socket]]\nname = 'http'\nport = 1\nservice = 'web'\n"
      "[[socket]]\nname = 'admin'\nport = 2\nservice = 'other'\n"
      "[[service]]\nname = 'other'\nnum = 1\ncommand = 'x'\n"
      "[[service]]\nname = 'web'\nnum = 1\n" +
      keys;
  return Parse(text, "f").Describe();
}

TEST(Programs, SocketsThatTheWorkersGetAreFine) {
  EXPECT_EQ(Said("command = 'x --fd {fd:http}'\nready = 'http:http/h'\n"), "");
  EXPECT_EQ(Said("command = 'x {fd:http} {fd:probe}'\nready = 'http:/h'\n"), "");
  EXPECT_EQ(Said("command = 'x {fd:probe}'\nwatchdog = 'http:/h'\n"), "");
  EXPECT_EQ(Said("command = 'x {fd:http}'\nstop_signal = 'QUIT'\n"), "");
  EXPECT_EQ(Said("command = '/opt/fectl-run -- x {fd:http}'\n"), "");
}

TEST(Programs, OthersAreNamed) {
  EXPECT_EQ(
      Said("command = 'x --fd {fd:htp}'\nready = 'notify'\n"),
      "f:16: service.web.command: {fd:htp}: workers of web get no socket \"htp\", did you mean \"http\"?\n");
  EXPECT_EQ(Said("command = 'x {fd:admin}'\nready = 'notify'\n"),
            "f:16: service.web.command: {fd:admin}: workers of web get no socket \"admin\"\n");
  EXPECT_EQ(Said("command = 'x {fd:probe}'\nready = 'notify'\n"),
            "f:16: service.web.command: {fd:probe}: workers of web get no socket \"probe\"\n");
  EXPECT_EQ(Said("command = 'x'\nready = 'http:admin/h'\nwatchdog = 'http:htp/'\n"),
            "f:17: service.web.ready: workers of web get no socket \"admin\"\n"
            "f:18: service.web.watchdog: workers of web get no socket \"htp\", did you mean \"http\"?\n");
}

TEST(Programs, ThePrivateSocketsNameIsTaken) {
  EXPECT_EQ(Parse("[[socket]]\nname = 'probe'\nport = 1\n[[service]]\nname = 'web'\nnum = 1\ncommand = 'x'\n"
                  "ready = 'http:/'\n",
                  "f")
                .Describe(),
            "f:8: service.web.ready: asks over a private socket named \"probe\", and another socket of the "
            "service has that name: rename that one\n");
}

TEST(Programs, FectlRunIsNotWrittenTwice) {
  EXPECT_EQ(Said("command = '/opt/fectl-run -- x'\nready = 'notify'\n"),
            "f:16: service.web.command: runs fectl-run, which the keys ready, watchdog and stop_signal put "
            "before the "
            "command by themselves: leave it out here\n");
}

TEST(Programs, ARefusedKeyIsTheOnlyProblem) {
  const std::string said = Said("command = 'x --fd {fd:http}'\nready = 'port'\n");
  EXPECT_THAT(said, testing::HasSubstr("service.web.ready: "));
  EXPECT_THAT(said, testing::Not(testing::HasSubstr("stays as it is")));
}

TEST(Programs, WithoutFectlRunNothingIsReplaced) {
  EXPECT_EQ(Said("command = 'x --fd {fd:http}'\n"),
            "f:16: warning: service.web.command: {fd:http} stays as it is: only with a key ready, watchdog "
            "or stop_signal "
            "is it replaced by a descriptor\n");
  EXPECT_EQ(Said("command = 'x {} {fd} {http}'\n"), "");
}

TEST(Programs, SignsThatCannotBeReadAreRefused) {
  EXPECT_EQ(
      Said("command = 'x'\nready = 'soon'\nwatchdog = 'log:x'\nstop_signal = 'KILL'\n"),
      "f:17: service.web.ready: must be notify, log:TEXT, http:/PATH, http:SOCKET/PATH, exec:COMMAND or "
      "after:SECONDS, not \"soon\"\n"
      "f:18: service.web.watchdog: must be none, notify, http:/PATH, http:SOCKET/PATH or exec:COMMAND, with "
      "or "
      "without =SECONDS behind it, not \"log:x\"\n"
      "f:19: service.web.stop_signal: must be TERM, INT, QUIT, HUP, USR1, USR2 or WINCH, not \"KILL\"\n");
}

}  // namespace
}  // namespace fectl::config
