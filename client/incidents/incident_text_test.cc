#include "client/incidents/incident_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fectl::client {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kSummary[] =
    R"({"t":1700000000123,"service":"web","worker":3,"gen":7,"pid":4711,"why":"sent no heartbeat for 2 s",)"
    R"("where":"hung in `spin` guest.cc:88"})";

proto::Incident Kept(const std::string& rest) {
  return {.id = 17,
          .t_ms = 1'700'000'000'123,
          .bytes = 4000,
          .summary = kSummary,
          .text = "{\"summary\":" + std::string(kSummary) + rest + "}"};
}

TEST(IncidentsText, HasALineForEach) {
  EXPECT_EQ(IncidentsText({Kept("")}),
            "17  2023-11-14T22:13:20Z  hang  web/3 pid 4711  hung in `spin` guest.cc:88; it sent no "
            "heartbeat for 2 s\n");
  EXPECT_EQ(IncidentsText({}), "no incidents are kept\n");
  EXPECT_EQ(IncidentsText({{.id = 1, .t_ms = 0, .bytes = 2, .summary = "", .text = ""}}),
            "1  1970-01-01T00:00:00Z\n");
}

TEST(IncidentsJson, HasTheSummaries) {
  EXPECT_EQ(IncidentsJson({}), "{\"incidents\":[]}\n");
  EXPECT_EQ(IncidentsJson({Kept("")}),
            "{\"incidents\":[{\"id\":17,\"t\":1700000000123,\"bytes\":4000,\"summary\":" +
                std::string(kSummary) + "}]}\n");
}

TEST(IncidentText, HasAllThatWasFoundOut) {
  EXPECT_EQ(
      IncidentText(Kept(
          R"(,"threads":[{"id":4711,"name":"guest","state":"S","waits_in":"futex_wait","busy_percent":0,)"
          R"("frames":[{"function":"wait","module":"/lib/libc.so.6","offset":16},)"
          R"({"function":"spin","file":"a/guest.cc","line":88},{"module":"/x","offset":255}]}],)"
          R"("memory":{"VmRSS":"12 kB"},"descriptors":[[3,"socket:[7]"]],"missing":["its stacks: no"],)"
          R"("last_lines":"one\ntwo\n")")),
      "incident 17, kept 2023-11-14T22:13:20Z\n"
      "  web/3 pid 4711: hung in `spin` guest.cc:88; it sent no heartbeat for 2 s\n"
      "  threads:\n"
      "    thread 4711 guest waits in futex_wait, 0 % of a processor\n"
      "      wait in /lib/libc.so.6+0x10\n"
      "      spin a/guest.cc:88\n"
      "      /x+0xff\n"
      "  last lines:\n"
      "    one\n"
      "    two\n"
      "  memory:\n"
      "    VmRSS 12 kB\n"
      "  descriptors:\n"
      "    3 socket:[7]\n"
      "  could not be found out:\n"
      "    its stacks: no\n");
}

TEST(IncidentText, HasWhatPythonDoes) {
  EXPECT_THAT(
      IncidentText(Kept(
          R"(,"python":[{"kind":"thread","name":"MainThread","id":7,"serves":true,"idle":true,)"
          R"("frames":[{"function":"selectors.select","file":"/s.py","line":468,"library":true}]},)"
          R"({"kind":"task","name":"Task-1","awaits":"Future","frames":[{"function":"shop.get","file":"/a/b.py",)"
          R"("line":3}]}])")),
      HasSubstr("  Python:\n"
                "    thread MainThread (7), which sends the heartbeats, waits for events\n"
                "      selectors.select /s.py:468\n"
                "    task Task-1, awaits Future\n"
                "      shop.get /a/b.py:3\n"));
}

constexpr char kCrash[] =
    R"x({"kind":"crash","service":"web","worker":1,"pid":7,"why":"was killed by SIGSEGV (core dumped)",)x"
    R"x("note":"busy","gauges":{"http.open":3,"load":0.25},"core":"as `core` in /srv","where":""})x";

TEST(IncidentText, OfACrashHasTheCoreAndTheGauges) {
  EXPECT_EQ(IncidentsText({{.id = 2, .t_ms = 0, .bytes = 9, .summary = kCrash, .text = ""}}),
            "2  1970-01-01T00:00:00Z  crash  web/1 pid 7  was killed by SIGSEGV (core dumped)\n");
  EXPECT_EQ(IncidentText({.id = 2,
                          .t_ms = 0,
                          .bytes = 9,
                          .summary = kCrash,
                          .text = "{\"summary\":" + std::string(kCrash) + R"(,"last_lines":"one\n"})"}),
            "incident 2, kept 1970-01-01T00:00:00Z\n"
            "  web/1 pid 7: was killed by SIGSEGV (core dumped)\n"
            "  it had said: busy\n"
            "  core dump: as `core` in /srv\n"
            "  gauges:\n"
            "    http.open 3\n"
            "    load 0.25\n"
            "  last lines:\n"
            "    one\n");
}

TEST(IncidentText, IsSafeForATerminal) {
  EXPECT_THAT(IncidentText(Kept(R"(,"missing":["\u001b[31m"],"last_lines":"\u001b[2J")")),
              Not(HasSubstr("\033")));
  EXPECT_THAT(IncidentText({.id = 1, .t_ms = 0, .bytes = 1, .summary = "", .text = "["}),
              HasSubstr("damaged"));
  EXPECT_THAT(IncidentText({.id = 1, .t_ms = 0, .bytes = 1, .summary = "", .text = "[]"}),
              HasSubstr("damaged"));
}

}  // namespace
}  // namespace fectl::client
