#include "master/evidence/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "proto_spec/message.h"

namespace fectl::evidence {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Report, HasAllThatIsKnown) {
  Findings findings;
  findings.threads = {
      {.id = 7,
       .name = "app",
       .state = 'S',
       .waits_in = "futex_wait",
       .busy_percent = 0.4,
       .frames = {{.function = "Spin", .file = "a.cc", .line = 3, .module = "/app", .offset = 16}}}};
  findings.descriptors = {{3, "socket:[5]"}};
  findings.memory = {{"VmRSS", "12 kB"}};
  findings.missing = {"its stacks: no"};
  EXPECT_EQ(
      Report(R"({"service":"web"})", "hung in `Spin` a.cc:3", findings),
      R"({"summary":{"service":"web","where":"hung in `Spin` a.cc:3"},"threads":[{"id":7,"name":"app",)"
      R"("state":"S","waits_in":"futex_wait","busy_percent":0,"frames":[{"function":"Spin","file":"a.cc",)"
      R"("line":3,"module":"/app","offset":16}]}],"memory":{"VmRSS":"12 kB"},)"
      R"("descriptors":[[3,"socket:[5]"]],"missing":["its stacks: no"]})");
}

TEST(Report, HasWhatPythonDoes) {
  Findings findings;
  findings.python = {
      {.kind = "thread",
       .name = "MainThread",
       .id = 7,
       .serves = true,
       .idle = true,
       .frames = {{.function = "shop.get", .file = "/s.py", .line = 3},
                  {.function = "json.loads", .file = "/j.py", .line = 4, .library = true}}},
      {.kind = "task", .name = "Task-1", .awaits = "Future", .frames = {{.function = "x", .foreign = true}}}};
  EXPECT_EQ(
      Report("", "hung", findings),
      R"({"summary":{"where":"hung"},"python":[{"kind":"thread","name":"MainThread","id":7,)"
      R"("serves":true,"idle":true,"frames":[{"function":"shop.get","file":"/s.py","line":3},)"
      R"({"function":"json.loads","file":"/j.py","line":4,"library":true}]},)"
      R"({"kind":"task","name":"Task-1","awaits":"Future","frames":[{"function":"x","library":true}]}],)"
      R"("memory":{}})");
}

TEST(Report, OfManyTasksKeepsTheFirstOnes) {
  Findings findings;
  for (int i = 0; i < 300; ++i)
    findings.python.push_back({.kind = "task", .name = std::to_string(i), .awaits = std::string(2000, 'x')});
  const std::string report = Report("", "hung", findings);
  EXPECT_LE(report.size(), kReportBytesMax);
  EXPECT_THAT(report, HasSubstr("\"name\":\"0\""));
  EXPECT_THAT(report, HasSubstr("there were too many threads and tasks of Python"));
}

TEST(Report, WhatIsNoJsonIsLeftOut) {
  for (const char* known : {"", "x", "{}", "[1]", "{\"a\":", "1"})
    EXPECT_EQ(Report(known, "hung", {}), R"({"summary":{"where":"hung"},"memory":{}})") << known;
}

TEST(Report, IsValidWhateverTheNamesHold) {
  Findings findings;
  findings.missing = {"\xff\"\\\n\x01"};
  EXPECT_TRUE(proto::ValidJson(Report("{\"a\":1}", "\xc3(\"", findings)));
}

TEST(Report, WhatIsTooLongLosesTheLeastTellingFirst) {
  Findings findings;
  const std::string name(1000, 'x');
  for (int i = 0; i < 200; ++i) findings.descriptors.emplace_back(i, name);
  for (int i = 0; i < 100; ++i)
    findings.threads.push_back({.id = i, .frames = {{.function = name}, {.function = name}}});
  const std::string report = Report("{\"a\":1}", "hung", findings);
  EXPECT_LE(report.size(), kReportBytesMax);
  EXPECT_TRUE(proto::ValidJson(report));
  EXPECT_THAT(report, Not(HasSubstr("\"descriptors\"")));
  EXPECT_THAT(report, HasSubstr("the list of descriptors was too long"));
  EXPECT_THAT(report, HasSubstr("\"id\":99"));
  for (Thread& thread : findings.threads) thread.name.assign(5000, 'y');
  const std::string smaller = Report("{\"a\":1}", "hung", findings);
  EXPECT_LE(smaller.size(), kReportBytesMax);
  EXPECT_THAT(smaller, HasSubstr("there were too many threads"));
  EXPECT_THAT(smaller, HasSubstr("\"id\":0"));
}

}  // namespace
}  // namespace fectl::evidence
