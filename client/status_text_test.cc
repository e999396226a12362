#include "client/status_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

namespace fectl::client {
namespace {

using testing::HasSubstr;
using testing::Not;

proto::ServiceView Web() {
  proto::ServiceView web;
  web.name = "web";
  web.state = "running";
  web.num = 4;
  web.ready = 3;
  web.uptime_s = 7300;
  web.restarts = 2;
  web.cause = "worker(2): killed by signal 11 (SIGSEGV)";
  web.sockets = {{"http", "127.0.0.1:8080"}, {"admin", "/run/web.sock"}};
  return web;
}

proto::ServiceView WebInFull() {
  proto::ServiceView web = Web();
  proto::WorkerView one;
  one.index = 1;
  one.state = "running";
  one.pid = 4321;
  one.uptime_s = 7300;
  one.note = "warming cache 40 %";
  one.gauges = {{"requests", 1234}, {"load", 0.25}};
  one.leaving = {4000, 4001};
  proto::WorkerView two;
  two.index = 2;
  two.state = "waiting";
  two.restarts = 2;
  two.cause = "killed by signal 11 (SIGSEGV)";
  two.retry_in_s = 1.5;
  web.workers = {one, two};
  web.events = {{1, 0, 4321, "running", ""}, {2, 61, 4322, "failed", "killed by signal 11 (SIGSEGV)"}};
  return web;
}

class StatusText : public testing::Test {
 protected:
  StatusText() {
    setenv("TZ", "UTC0", 1);
    tzset();
  }
};

TEST_F(StatusText, OverviewIsOneAlignedTable) {
  proto::MasterView view;
  view.services.push_back(Web());
  proto::ServiceView jobs;
  jobs.name = "background-jobs";
  jobs.state = "stopped";
  jobs.num = 12;
  view.services.push_back(jobs);
  EXPECT_EQ(OverviewText(view, false),
            "SERVICE          STATE    READY  RESTARTS  UPTIME  LISTENING                     LAST CAUSE\n"
            "web              running    3/4         2    2h1m  127.0.0.1:8080,/run/web.sock  "
            "worker(2): killed by signal 11 (SIGSEGV)\n"
            "background-jobs  stopped   0/12         0       -  -                             -\n");
}

TEST_F(StatusText, OverviewOfNothing) {
  EXPECT_EQ(OverviewText({}, false), "no services are configured\n");
}

TEST_F(StatusText, WhatAWorkerIsBusyWith) {
  proto::ServiceView web = WebInFull();
  EXPECT_THAT(ServiceText(web, false), Not(HasSubstr("busy")));
  web.workers[0].busy = "model\x1b load";
  web.workers[0].busy_left_s = 41;
  EXPECT_THAT(ServiceText(web, false), HasSubstr("busy: model\\x1b load, 41 s left"));
  web.workers[0].busy.clear();
  EXPECT_THAT(ServiceText(web, false), HasSubstr("busy, 41 s left"));
}

TEST_F(StatusText, LastLinesOfWhatHasFailed) {
  proto::ServiceView web = WebInFull();
  web.workers[1].last_lines = "Traceback:\n  \x1b[2JKeyError\n";
  EXPECT_THAT(ServiceText(web, false), HasSubstr("next try in 1.5 s\n"
                                                 "    | Traceback:\n"
                                                 "    |   \\x1b[2JKeyError\n"));
}

TEST_F(StatusText, OneServiceInFull) {
  EXPECT_EQ(ServiceText(WebInFull(), false),
            "Service     web\n"
            "State       running, 3 of 4 workers serve\n"
            "Uptime      2h1m\n"
            "Restarts    2\n"
            "Listening   127.0.0.1:8080 (http), /run/web.sock (admin)\n"
            "Last cause  worker(2): killed by signal 11 (SIGSEGV)\n"
            "\n"
            "WORKER   PID  STATE    UPTIME  RESTARTS  LAST CAUSE\n"
            "     1  4321  running    2h1m         0  -\n"
            "    warming cache 40 %\n"
            "    requests=1234  load=0.25\n"
            "     2     -  waiting       -         2  killed by signal 11 (SIGSEGV); next try in 1.5 s\n"
            "\n"
            "Replaced, finishing their work:\n"
            "  4000 (was worker 1)\n"
            "  4001 (was worker 1)\n"
            "\n"
            "Recent events:\n"
            "TIME                  WORKER   PID  EVENT    REASON\n"
            "1970-01-01T00:00:00Z       1  4321  running  -\n"
            "1970-01-01T00:01:01Z       2  4322  failed   killed by signal 11 (SIGSEGV)\n");
}

TEST_F(StatusText, LEAVING_PILE_ProcessesThatLeaveStandBelowTheirWorker) {
  proto::ServiceView web = WebInFull();
  web.workers[0].leaving_processes = {{.pid = 4000, .uptime_s = 7400, .leaving_s = 12, .time_left_s = 18},
                                      {.pid = 4001, .uptime_s = 90, .leaving_s = 30, .time_left_s = 0}};
  const std::string text = ServiceText(web, false);
  EXPECT_THAT(text, HasSubstr("     1  4321  running    2h1m         0  -\n"
                              "    warming cache 40 %\n"
                              "    requests=1234  load=0.25\n"
                              "     1  4000  leaving    2h3m         -  told to leave 12 s ago, 18 s left\n"
                              "     1  4001  leaving   1m30s         -  told to leave 30 s ago, killed\n"
                              "     2     -  waiting       -         2  killed"));
  EXPECT_THAT(text, Not(HasSubstr("Replaced, finishing their work")));
}

TEST_F(StatusText, ShowsTheNewestEvents) {
  proto::ServiceView web = Web();
  for (int i = 0; i < 25; ++i) web.events.push_back({1, i, 100 + i, "running", ""});
  const std::string text = ServiceText(web, false);
  EXPECT_THAT(text, HasSubstr("Recent events (the last 20 of 25):\n"));
  EXPECT_THAT(text, Not(HasSubstr(" 104 ")));
  EXPECT_THAT(text, HasSubstr(" 105 "));
  EXPECT_THAT(text, HasSubstr(" 124 "));
}

TEST_F(StatusText, EscapesWhatOthersSaid) {
  proto::ServiceView web = WebInFull();
  web.name = web.state = web.cause = web.workers[0].note = web.workers[0].cause = web.events[0].reason =
      web.sockets[0].address = web.sockets[0].name = web.workers[0].state = web.events[0].state =
          web.workers[0].gauges[0].first = "\033[2J\nfake: line";
  for (const std::string& text :
       {ServiceText(web, false), OverviewText({.version = "", .services = {web}}, false)}) {
    EXPECT_THAT(text, Not(HasSubstr("\033")));
    EXPECT_THAT(text, Not(HasSubstr("\nfake")));
    EXPECT_THAT(text, HasSubstr("\\x1b[2J\\nfake: line"));
  }
}

TEST_F(StatusText, SaysWhatOfTheConfigurationDoesNotRun) {
  proto::MasterView view;
  view.services = {Web(), Web(), Web()};
  EXPECT_EQ(ConfigurationText(view, {}), "");
  view.services[1].name = "api";
  view.services[1].num = 8;
  view.services[1].file_num = 4;
  view.services[1].scaled_by = "user 1000";
  view.services[1].scaled_at = 61;
  view.services[2].name = "jobs";
  view.services[2].not_taken = "version 8 was not taken: worker(1): exit code 1";
  EXPECT_EQ(ConfigurationText(view, {"/etc/fectl.toml", "/etc/conf.d/\033.toml"}),
            "\n"
            "api: 8 workers, where the configuration says 4; by user 1000 at 1970-01-01T00:01:01Z\n"
            "jobs: version 8 was not taken: worker(1): exit code 1\n"
            "/etc/fectl.toml is newer than what runs (fectl plan)\n"
            "/etc/conf.d/\\x1b.toml is newer than what runs (fectl plan)\n");
}

TEST_F(StatusText, OneServiceTellsItsConfiguration) {
  proto::ServiceView web = Web();
  const std::string plain = ServiceText(web, false);
  for (const char* head : {"Version", "Scaled", "Labels", "Not applied"})
    EXPECT_THAT(plain, Not(HasSubstr(head)));
  web.config_version = 1;
  EXPECT_EQ(ServiceText(web, false), plain) << "nothing was applied";
  web.config_version = 8;
  web.num = 1;
  web.file_num = 4;
  web.scaled_by = "user 0";
  web.labels = {"web", "bl\033ue"};
  web.not_taken = "version 9 was not taken: exit code 1";
  const std::string text = ServiceText(web, false);
  EXPECT_THAT(text, testing::ContainsRegex("Version +8\n"));
  EXPECT_THAT(text,
              testing::ContainsRegex("Scaled +1 worker, where the configuration says 4; by user 0 at 1970"));
  EXPECT_THAT(text, testing::ContainsRegex("Labels +web, bl.x1bue\n"));
  EXPECT_THAT(text, testing::ContainsRegex("Not applied +version 9 was not taken: exit code 1\n"));
}

TEST_F(StatusText, AOneshotHasNoWorkersThatServe) {
  proto::MasterView view;
  proto::ServiceView migrate;
  migrate.name = "migrate";
  migrate.type = "oneshot";
  migrate.state = "done";
  migrate.num = 1;
  view.services = {migrate};
  EXPECT_THAT(OverviewText(view, false), testing::ContainsRegex("migrate +done +- +0"));
  EXPECT_THAT(ServiceText(migrate, false), HasSubstr("State       done, a oneshot\n"));
  for (const char* well : {"done", "running", "stopped", "waiting"}) {
    migrate.state = well;
    EXPECT_EQ(WhatIsNotWell(migrate), "") << well;
  }
  migrate.state = "failed";
  migrate.cause = "exit code 3";
  EXPECT_THAT(WhatIsNotWell(migrate), testing::MatchesRegex("migrate: failed, .*: exit code 3"));
}

TEST_F(StatusText, NoSpaceEndsALine) {
  for (const std::string& text : {ServiceText(WebInFull(), false), ServiceText({}, false),
                                  OverviewText({.version = "", .services = {{}}}, false)}) {
    EXPECT_THAT(text, Not(HasSubstr(" \n")));
  }
}

TEST_F(StatusText, ColoursOnlyWhenOn) {
  EXPECT_THAT(ServiceText(WebInFull(), false), Not(HasSubstr("\033")));
  EXPECT_THAT(ServiceText(WebInFull(), true), HasSubstr("\033[32mrunning\033[0m, 3 of 4"));
}

TEST_F(StatusText, TakesNonsense) {
  proto::ServiceView web = WebInFull();
  web.uptime_s = web.workers[1].retry_in_s = 1e300;
  web.workers[0].gauges[0].second = 1e300;
  web.workers[0].pid = -5;
  web.num = -1;
  EXPECT_THAT(ServiceText(web, false), HasSubstr("requests=1e+300"));
}

TEST(WhatIsNotWell, CRASHLOOP_OnlyServingWithAllWorkersIsWell) {
  for (const char* state : {"running", "reloading", "restarting"}) {
    proto::ServiceView web = Web();
    web.state = state;
    EXPECT_EQ(WhatIsNotWell(web), std::string("web: ") + state + ", 3 of 4 workers serve: " + web.cause);
    web.ready = web.num;
    EXPECT_EQ(WhatIsNotWell(web), "") << state;
  }
  for (const char* state :
       {"degraded", "crashing", "paused", "starting", "stopping", "stopped", "failed", "new"}) {
    proto::ServiceView web = Web();
    web.state = state;
    web.ready = web.num;
    web.cause = "";
    EXPECT_EQ(WhatIsNotWell(web), std::string("web: ") + state + ", 4 of 4 workers serve");
  }
}

TEST_F(StatusText, PAUSED_READY_PausedWorkersAreCounted) {
  proto::ServiceView web = WebInFull();
  web.state = web.workers[0].state = web.workers[1].state = "paused";
  web.ready = 0;
  EXPECT_THAT(ServiceText(web, false), HasSubstr("State       paused, 0 of 4 workers serve, 2 paused\n"));
}

}  // namespace
}  // namespace fectl::client
