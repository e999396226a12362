#include "client/http/site.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::http {
namespace {

using Kind = Route::Kind;

TEST(Route, OfEachPath) {
  EXPECT_EQ(RouteOf("/").kind, Kind::kAsset);
  EXPECT_EQ(RouteOf("/?x=1").kind, Kind::kAsset);
  EXPECT_EQ(RouteOf("/metrics").kind, Kind::kMetrics);
  EXPECT_EQ(RouteOf("/healthz").kind, Kind::kHealth);
  EXPECT_EQ(RouteOf("/readyz").kind, Kind::kReady);
  EXPECT_EQ(RouteOf("/readyz/web").service, "web");
  EXPECT_EQ(RouteOf("/readyz/web?verbose").service, "web");
  EXPECT_EQ(RouteOf("/api/v1/status").kind, Kind::kStatus);
  EXPECT_EQ(RouteOf("/api/v1/status/web").kind, Kind::kService);
  EXPECT_EQ(RouteOf("/api/v1/status/web").service, "web");
  EXPECT_EQ(RouteOf("/api/v1/events?since=1&types=a").query, "since=1&types=a");
}

TEST(Route, OfNothingElse) {
  for (const char* target :
       {"", "*", "/metrics/", "/readyz/", "/../etc/passwd", "/index.html/..", "/api/v1/statusx",
        "/readyz/a/b", "/api/v1/status/", "http://localhost/metrics", "/%6detrics"}) {
    EXPECT_EQ(RouteOf(target).kind, Kind::kNone) << target;
  }
}

TEST(Route, NoServiceHasSuchAName) {
  const std::string long_name = "/readyz/" + std::string(65, 'x');
  EXPECT_EQ(RouteOf(long_name).kind, Kind::kNone);
}

TEST(Refusal, OfOtherHostsComesFirst) {
  const Request request = {.method = Request::Method::kOther, .target = "/none", .host = "evil.example"};
  EXPECT_EQ(RefusalOf(request, {}, "127.0.0.1")->status, 421);
  EXPECT_EQ(RefusalOf({.target = "/metrics", .host = std::nullopt}, {}, "127.0.0.1")->status, 421);
}

TEST(Refusal, OfOtherMethodsAndPaths) {
  Request request = {.method = Request::Method::kOther, .target = "/metrics", .host = "localhost"};
  const Reply refused = *RefusalOf(request, {}, "127.0.0.1");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.more_headers, "Allow: GET, HEAD\r\n");
  request.method = Request::Method::kHead;
  EXPECT_FALSE(RefusalOf(request, {}, "127.0.0.1").has_value());
  request.target = "/none";
  EXPECT_EQ(RefusalOf(request, {}, "127.0.0.1")->status, 404);
  request.target = "/metrics";
  request.host = "ops.example";
  EXPECT_FALSE(RefusalOf(request, {"ops.example"}, "127.0.0.1").has_value());
}

}  // namespace
}  // namespace fectl::http
