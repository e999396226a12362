#include "proto_spec/program_signs.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::proto {
namespace {

using Kind = ProgramSign::Kind;

TEST(Ready, EachForm) {
  EXPECT_EQ(*ParseReady("notify"), (ProgramSign{.kind = Kind::kNotify}));
  EXPECT_EQ(*ParseReady("log:start-up: complete"),
            (ProgramSign{.kind = Kind::kLog, .text = "start-up: complete"}));
  EXPECT_EQ(*ParseReady("http:/health?a=1"), (ProgramSign{.kind = Kind::kHttp, .text = "/health?a=1"}));
  EXPECT_EQ(*ParseReady("http:admin/"), (ProgramSign{.kind = Kind::kHttp, .text = "/", .socket = "admin"}));
  EXPECT_EQ(*ParseReady("exec:redis-cli ping"), (ProgramSign{.kind = Kind::kExec, .text = "redis-cli ping"}));
  EXPECT_EQ(*ParseReady("after:0.5"), (ProgramSign{.kind = Kind::kAfter, .ms = 500}));
}

TEST(Ready, WhatIsNoFormIsRefusedWithAllForms) {
  for (const char* text : {"", "Notify", "log", "log:", "log:a\nb", "http:", "http:health", "http:/a b",
                           "http:a b/", "exec:", "none", "notify=3", "tcp:http", "http://localhost/"}) {
    const auto sign = ParseReady(text);
    ASSERT_FALSE(sign.ok()) << text;
    EXPECT_EQ(sign.status().message(),
              "must be notify, log:TEXT, http:/PATH, http:SOCKET/PATH, exec:COMMAND or after:SECONDS");
  }
  for (const char* text : {"after:", "after:0", "after:x", "after:-1", "after:9999999"}) {
    EXPECT_EQ(ParseReady(text).status().message(), "must be after:SECONDS with 0.1 to 2592000 seconds")
        << text;
  }
}

TEST(Watchdog, EachForm) {
  EXPECT_EQ(*ParseWatchdog("none"), ProgramSign{});
  EXPECT_EQ(*ParseWatchdog("notify"), (ProgramSign{.kind = Kind::kNotify, .ms = 10'000}));
  EXPECT_EQ(*ParseWatchdog("notify=2.5"), (ProgramSign{.kind = Kind::kNotify, .ms = 2'500}));
  EXPECT_EQ(*ParseWatchdog("http:/health=3"),
            (ProgramSign{.kind = Kind::kHttp, .text = "/health", .ms = 3'000}));
  EXPECT_EQ(*ParseWatchdog("http:web/x?a=1=20"),
            (ProgramSign{.kind = Kind::kHttp, .text = "/x?a=1", .socket = "web", .ms = 20'000}));
  EXPECT_EQ(*ParseWatchdog("http:/x?a=b"),
            (ProgramSign{.kind = Kind::kHttp, .text = "/x?a=b", .ms = 10'000}));
  EXPECT_EQ(*ParseWatchdog("exec:A=x ping=5"),
            (ProgramSign{.kind = Kind::kExec, .text = "A=x ping", .ms = 5'000}));
}

TEST(Watchdog, WhatIsNoFormIsRefused) {
  for (const char* text : {"", "log:x", "after:3", "notify=", "none=3", "http:", "exec:", "exec:=3"}) {
    EXPECT_THAT(std::string(ParseWatchdog(text).status().message()),
                testing::StartsWith("must be none, notify, "))
        << text;
  }
  EXPECT_EQ(ParseWatchdog("notify=0").status().message(),
            "must have 0.1 to 2592000 seconds behind the last \"=\"");
}

TEST(StopSignal, IsTakenInEachSpelling) {
  EXPECT_EQ(*ParseStopSignal("QUIT"), "QUIT");
  EXPECT_EQ(*ParseStopSignal("sigquit"), "QUIT");
  EXPECT_EQ(*ParseStopSignal("SIGWINCH"), "WINCH");
  for (const char* text : {"", "SIG", "KILL", "STOP", "15", "TERM "}) {
    EXPECT_THAT(std::string(ParseStopSignal(text).status().message()), testing::StartsWith("must be TERM, "))
        << text;
  }
}

TEST(Defaults, CanBeRead) {
  EXPECT_EQ(ParseReady(kReadyDefault)->ms, 1'000);
  EXPECT_EQ(ParseWatchdog(kWatchdogDefault)->kind, Kind::kNone);
  EXPECT_EQ(*ParseStopSignal(kStopSignalDefault), "TERM");
}

TEST(Descriptors, AreReplacedByName) {
  const auto number = [](std::string_view name) {
    return name == "http" ? std::string("3") : "<" + std::string(name) + ">";
  };
  EXPECT_EQ(ReplaceDescriptors("fd://{fd:http}", number), "fd://3");
  EXPECT_EQ(ReplaceDescriptors("{fd:http}{fd:a-b.c}", number), "3<a-b.c>");
  EXPECT_EQ(ReplaceDescriptors("{fd:} {fd:a b} {x} {fd:http", number), "{fd:} {fd:a b} {x} {fd:http");
  EXPECT_EQ(ReplaceDescriptors("", number), "");
}

}  // namespace
}  // namespace fectl::proto
