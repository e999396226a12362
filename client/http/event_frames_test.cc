#include "client/http/event_frames.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::http {
namespace {

using testing::ElementsAre;

TEST(Place, IsTextAndBack) {
  EXPECT_EQ(PlaceText({1043, "9c1f"}), "1043-9c1f");
  EXPECT_EQ(*ParsePlace("1043-9c1f"), (Place{1043, "9c1f"}));
  EXPECT_EQ(*ParsePlace("1043"), (Place{1043, ""}));
  EXPECT_EQ(PlaceText({7, "a\nb"}), "7-ab");
  for (const char* text : {"", "-", "x", "1-", "-9c1f", " 1", "1043x", "99999999999999999999999"}) {
    EXPECT_FALSE(ParsePlace(text).has_value()) << text;
  }
  EXPECT_FALSE(ParsePlace("1-" + std::string(1000, 'x')).has_value());
}

TEST(EventsRequest, FollowsFromNowOnWhereNothingIsSaid) {
  const auto request = *EventsRequestOf("", "");
  EXPECT_TRUE(request.follow);
  EXPECT_TRUE(request.now);
}

TEST(EventsRequest, TakesWhatIsWanted) {
  const auto request = *EventsRequestOf("types=worker.%2A%2cservice.ready&since=1764291151123", "");
  EXPECT_THAT(request.types, ElementsAre("worker.*", "service.ready"));
  EXPECT_EQ(request.since_ms, 1'764'291'151'123);
  EXPECT_FALSE(request.now);
  EXPECT_EQ(EventsRequestOf("after=17-b", "")->boot, "b");
}

TEST(EventsRequest, WhoComesAgainGoesOnWhereItWas) {
  const auto request = *EventsRequestOf("since=5&types=a", "1043-9c1f");
  EXPECT_EQ(request.after, 1043U);
  EXPECT_EQ(request.boot, "9c1f");
  EXPECT_EQ(request.since_ms, std::nullopt);
  EXPECT_FALSE(request.now);
  EXPECT_THAT(request.types, ElementsAre("a"));
}

TEST(EventsRequest, SaysWhatIsWrong) {
  for (const char* query :
       {"x=1", "since=", "since=-1", "since=1s", "after=x", "types=", "types=a,,b", "after"}) {
    EXPECT_FALSE(EventsRequestOf(query, "").ok()) << query;
  }
  EXPECT_THAT(std::string(EventsRequestOf("since=soon", "").status().message()),
              testing::HasSubstr("\"since=soon\""));
  EXPECT_FALSE(EventsRequestOf("", "yesterday").ok());
}

TEST(Frame, OfAnEventHasItsPlace) {
  EXPECT_EQ(FrameOf(proto::EventLine{.json = R"({"seq":7,"type":"worker.lost"})", .seq = 7, .boot = "b"}),
            "id: 7-b\ndata: {\"seq\":7,\"type\":\"worker.lost\"}\n\n");
}

TEST(Frame, OfAGapIsInTheStream) {
  EXPECT_EQ(FrameOf(proto::EventGap{3, 9}), "data: {\"type\":\"gap\",\"from\":3,\"to\":9}\n\n");
}

TEST(Frame, OfWhatCannotBeGiven) {
  EXPECT_EQ(FrameOf(proto::LogError{"not \"permitted\"\nnever"}),
            "event: refused\ndata: {\"message\":\"not \\\"permitted\\\"\\nnever\"}\n\n");
  EXPECT_EQ(FrameOf(proto::LogEnd{}), "");
}

TEST(Frame, NoTextCanBeginAnother) {
  EXPECT_EQ(FrameOf(proto::EventLine{.json = "{}\n\ndata: forged\r", .seq = 1, .boot = ""}),
            "id: 1\ndata: {}  data: forged \n\n");
}

}  // namespace
}  // namespace fectl::http
