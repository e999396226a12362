#include "client/events/event_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fectl::client {
namespace {

proto::EventLine Event(const std::string& json) {
  return {.json = json, .seq = 1043, .boot = "9c1f", .t_ms = 1'700'000'000'123, .type = "worker.lost"};
}

TEST(EventText, IsALineForPeople) {
  EXPECT_EQ(
      EventText(Event(R"({"seq":1043,"service":"web","worker":3,"pid":4711,)"
                      R"("data":{"why":"exited with code 3","expected":false,"code":3}})")),
      "2023-11-14T22:13:20.123Z 1043 worker.lost web/3 pid 4711: exited with code 3; expected=false code=3");
  EXPECT_EQ(EventText(Event(R"({"service":"web","data":{"num":4,"who":"user 0"}})")),
            "2023-11-14T22:13:20.123Z 1043 worker.lost web: num=4 who=\"user 0\"");
  EXPECT_EQ(EventText(Event("{}")), "2023-11-14T22:13:20.123Z 1043 worker.lost");
}

TEST(EventText, IsSafeForATerminal) {
  EXPECT_THAT(EventText(Event(R"({"data":{"why":"\u001b[31m","x\u001b":"\n"}})")),
              testing::Not(testing::AnyOf(testing::HasSubstr("\033"), testing::HasSubstr("\n"))));
}

TEST(GapText, TellsHowMany) {
  EXPECT_EQ(GapText({5, 17}), "events 5 to 17 are missing: they were not kept, or not read in time");
  EXPECT_EQ(GapText({5, 5}), "event 5 is missing: it was not kept, or not read in time");
  EXPECT_EQ(GapJson({5, 17}), "{\"type\":\"gap\",\"from\":5,\"to\":17}");
}

}  // namespace
}  // namespace fectl::client
