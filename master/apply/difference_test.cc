#include "master/apply/difference.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "master/config/config.h"
#include "proto_spec/control_plan.h"

namespace fectl::apply {
namespace {

using config::Config;
using config::ServiceConfig;
using config::SocketConfig;

ServiceConfig Service(const std::string& name, int num = 2) {
  ServiceConfig service;
  service.name = name;
  service.num = num;
  service.command = {"/bin/" + name};
  return service;
}

SocketConfig Socket(const std::string& name, int port) {
  SocketConfig socket;
  socket.name = name;
  socket.port = port;
  return socket;
}

Config Some() {
  Config config;
  config.services = {Service("web", 4), Service("jobs")};
  config.sockets = {Socket("http", 8000), Socket("admin", 8001)};
  config.sockets[0].services = {"web"};
  config.sockets[1].services = {"web"};
  return config;
}

// "service web roll: command; environ: A".
std::vector<std::string> Lines(const Difference& difference) {
  std::vector<std::string> lines;
  for (const proto::ChangeView& change : difference.changes) {
    std::string line = change.section + " " + change.name + " " + change.kind;
    for (const proto::KeyChangeView& key : change.keys) line += " " + key.key;
    for (const std::string& service : change.rolls) line += " (rolls " + service + ")";
    lines.push_back(line);
  }
  return lines;
}

using Expected = std::vector<std::string>;

TEST(Difference, NothingChanges) {
  const Difference difference = Compare(Some(), Some());
  EXPECT_EQ(Lines(difference), Expected{});
  EXPECT_TRUE(difference.services.empty());
  EXPECT_EQ(difference.untouched, 4);
}

TEST(Difference, EachKeyHasItsClass) {
  Config wanted = Some();
  wanted.services[0].command = {"/bin/other"};
  wanted.services[0].restarts = 9;
  wanted.services[0].num = 6;
  const Difference difference = Compare(Some(), wanted);
  EXPECT_EQ(Lines(difference),
            (Expected{"service web live restarts", "service web scale num", "service web roll command"}));
  ASSERT_EQ(difference.services.size(), 1U);
  EXPECT_TRUE(difference.services[0].live && difference.services[0].roll);
  EXPECT_EQ(difference.services[0].num_before, 4);
  EXPECT_EQ(difference.services[0].num_after, 6);
  EXPECT_EQ(difference.changes[2].keys[0].before, "[\"/bin/web\"]");
  EXPECT_EQ(difference.changes[2].keys[0].after, "[\"/bin/other\"]");
}

TEST(Difference, ValuesOfVariablesAreNeverShown) {
  Config running = Some();
  running.services[0].environ = {{"KEPT", "same"}, {"SECRET", "old-secret"}};
  Config wanted = Some();
  wanted.services[0].environ = {{"SECRET", "new-secret"}, {"KEPT", "same"}, {"MORE", "x"}};
  const Difference difference = Compare(running, wanted);
  EXPECT_EQ(Lines(difference), Expected{"service web roll environ: MORE environ: SECRET"});
  for (const proto::KeyChangeView& key : difference.changes[0].keys) EXPECT_EQ(key.before + key.after, "");
}

TEST(Difference, VariablesOfFilesAreVariables) {
  Config running = Some();
  running.services[0].env_files = {"web.env"};
  running.services[0].environ_from_files = {{"TOKEN", "old-secret"}, {"HIDDEN", "x"}};
  running.services[0].environ = {{"HIDDEN", "the service's own wins"}};
  Config wanted = running;
  wanted.services[0].environ_from_files = {{"TOKEN", "new-secret"}, {"HIDDEN", "y"}};
  const Difference difference = Compare(running, wanted);
  EXPECT_EQ(Lines(difference), Expected{"service web roll environ: TOKEN"});
  EXPECT_EQ(difference.changes[0].keys[0].before + difference.changes[0].keys[0].after, "");
  EXPECT_NE(IdOf(1, running, running), IdOf(1, running, wanted));
  // Another name of the file, and the same variables.
  wanted = running;
  wanted.services[0].env_files = {"other.env"};
  EXPECT_EQ(Lines(Compare(running, wanted)), Expected{});
}

TEST(Difference, TheOrderOfVariablesAndRepeatedOnesMeanNothing) {
  Config running = Some();
  running.services[0].environ = {{"A", "1"}, {"B", "2"}};
  Config wanted = Some();
  wanted.services[0].environ = {{"B", "0"}, {"A", "1"}, {"B", "2"}};
  EXPECT_EQ(Lines(Compare(running, wanted)), Expected{});
}

TEST(Difference, LongerTimesHoldAtOnceAndShorterOnesRoll) {
  Config wanted = Some();
  wanted.services[0].timeout_ms += 1000;
  wanted.services[1].shutdown_timeout_ms -= 1000;
  EXPECT_EQ(Lines(Compare(Some(), wanted)),
            (Expected{"service web live timeout", "service jobs roll shutdown_timeout"}));
}

TEST(Difference, ServicesComeAndGo) {
  Config wanted = Some();
  wanted.services[1] = Service("mail", 1);
  const Difference difference = Compare(Some(), wanted);
  EXPECT_EQ(Lines(difference), (Expected{"service mail add", "service jobs remove"}));
  EXPECT_TRUE(difference.services[0].added);
  EXPECT_TRUE(difference.services[1].removed);
}

TEST(Difference, ARenamedServiceKeepsItsProcesses) {
  Config wanted = Some();
  wanted.services[0].name = "shop";
  wanted.services[0].renamed_from = "web";
  for (SocketConfig& socket : wanted.sockets) socket.services = {"shop"};
  const Difference difference = Compare(Some(), wanted);
  ASSERT_EQ(difference.services.size(), 1U);
  EXPECT_EQ(difference.services[0].renamed_from, "web");
  EXPECT_FALSE(difference.services[0].roll);
  EXPECT_EQ(Lines(difference),
            (Expected{"service shop rename", "socket http live service", "socket admin live service"}));
  // The note that it was renamed once changes nothing later.
  EXPECT_EQ(Lines(Compare(wanted, wanted)), Expected{});
  Config later = wanted;
  later.services[0].renamed_from.clear();
  EXPECT_TRUE(Compare(wanted, later).services.empty());
}

TEST(Difference, NothingIsRenamedWhereTheOldNameIsStillThere) {
  Config wanted = Some();
  wanted.services.push_back(Service("shop"));
  wanted.services.back().renamed_from = "web";
  EXPECT_EQ(Lines(Compare(Some(), wanted)), Expected{"service shop add"});
}

TEST(Difference, AnotherPortRebindsAndRollsWhoHasIt) {
  Config wanted = Some();
  wanted.sockets[1].port = 8002;
  const Difference difference = Compare(Some(), wanted);
  EXPECT_EQ(Lines(difference), Expected{"socket admin rebind port (rolls web)"});
  ASSERT_EQ(difference.services.size(), 1U);
  EXPECT_TRUE(difference.services[0].roll);
}

TEST(Difference, ASocketThatIsRenamedKeepsItsListener) {
  Config wanted = Some();
  wanted.sockets[1].name = "control";
  EXPECT_EQ(Lines(Compare(Some(), wanted)), Expected{"socket control roll name (rolls web)"});
}

TEST(Difference, TwoSocketsThatSwapTheirPortsKeepTheirListeners) {
  Config wanted = Some();
  std::swap(wanted.sockets[0].port, wanted.sockets[1].port);
  EXPECT_EQ(Lines(Compare(Some(), wanted)),
            (Expected{"socket http roll name (rolls web)", "socket admin roll name (rolls web)"}));
}

TEST(Difference, AHostThatIsWrittenOtherwiseIsTheSame) {
  Config running = Some();
  running.sockets[0].host = "localhost";
  running.sockets[0].addresses = {"127.0.0.1"};
  Config wanted = running;
  wanted.sockets[0].host = "127.0.0.1";
  const Difference difference = Compare(running, wanted);
  EXPECT_EQ(Lines(difference), Expected{"socket http live host"});
  EXPECT_TRUE(difference.services.empty());
  // And one whose name means another address by now is another.
  wanted = running;
  wanted.sockets[0].addresses = {"127.0.0.2"};
  EXPECT_EQ(Lines(Compare(running, wanted)), Expected{"socket http rebind host (rolls web)"});
}

TEST(Difference, ASocketThatSystemdPassesIsAnotherListener) {
  Config wanted = Some();
  wanted.sockets[0].from_systemd = true;
  const Difference difference = Compare(Some(), wanted);
  // The queue is the unit's from then on.
  EXPECT_EQ(Lines(difference), (Expected{"socket http live backlog", "socket http rebind from (rolls web)"}));
  EXPECT_TRUE(Compare(wanted, wanted).changes.empty());
  Config renamed = wanted;
  renamed.sockets[0].name = "other";
  EXPECT_FALSE(Compare(wanted, renamed).changes.empty());
}

TEST(Difference, ALongerQueueIsLive) {
  Config wanted = Some();
  wanted.sockets[0].backlog = 1024;
  const Difference difference = Compare(Some(), wanted);
  EXPECT_EQ(Lines(difference), Expected{"socket http live backlog"});
  EXPECT_TRUE(difference.services.empty());
}

TEST(Difference, SocketsThatComeAndGoRollWhoHasThem) {
  Config wanted = Some();
  wanted.sockets[1] = Socket("extra", 9000);
  const Difference difference = Compare(Some(), wanted);
  EXPECT_EQ(Lines(difference),
            (Expected{"socket extra add (rolls web) (rolls jobs)", "socket admin remove (rolls web)"}));
}

TEST(Difference, WhatOnlyARestartCanDoIsNamed) {
  Config wanted = Some();
  wanted.master.sock = "/run/other.sock";
  wanted.logging.level = config::LogLevel::kDebug;
  wanted.services[1].type = config::ServiceType::kOneshot;
  EXPECT_EQ(Compare(Some(), wanted).needs_restart, "master.sock, logging.level, service.jobs.type");
}

TEST(Difference, AnIdNamesOneDifference) {
  Config wanted = Some();
  wanted.services[0].environ = {{"A", "1"}};
  const std::string id = IdOf(3, Some(), wanted);
  EXPECT_EQ(id.size(), 7U);
  EXPECT_EQ(id, IdOf(3, Some(), wanted));
  EXPECT_NE(id, IdOf(4, Some(), wanted));
  wanted.services[0].environ = {{"A", "2"}};
  EXPECT_NE(id, IdOf(3, Some(), wanted));
}

}  // namespace
}  // namespace fectl::apply
