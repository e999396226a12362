#include "client/http/reply.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Reply, HeadSaysWhatComes) {
  const std::string head = HeadOf(Plain(404, "no"), true, false, 1'764'291'151);
  EXPECT_THAT(head, StartsWith("HTTP/1.1 404 Not Found\r\nDate: Fri, 28 Nov 2025 00:52:31 GMT\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n"));
  EXPECT_TRUE(head.ends_with("Connection: keep-alive\r\n\r\n"));
}

TEST(Reply, EveryAnswerKeepsBrowsersFromHarm) {
  for (const Reply& reply : {Plain(200, "x"), Json(503, "{}"), Plain(421, "no")}) {
    const std::string head = HeadOf(reply, true, false, 0);
    EXPECT_THAT(head, HasSubstr("\r\nContent-Security-Policy: default-src 'none';"));
    EXPECT_THAT(head, HasSubstr("script-src 'self'; style-src 'self';"));
    EXPECT_THAT(head, HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(head, HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\nCache-Control: no-store\r\n"));
    EXPECT_THAT(head, Not(HasSubstr("Access-Control-Allow")));
  }
}

TEST(Reply, AStreamHasNoLengthAndEndsWithItsConnection) {
  Reply reply;
  reply.type = kEventStream;
  const std::string head = HeadOf(reply, true, true, 0);
  EXPECT_THAT(head, Not(HasSubstr("Content-Length")));
  EXPECT_TRUE(head.ends_with("Connection: close\r\n\r\n"));
}

TEST(Reply, WhatIsAddedIsPartOfTheHead) {
  Reply reply = Plain(405, "only GET and HEAD");
  reply.more_headers = "Allow: GET, HEAD\r\n";
  EXPECT_THAT(HeadOf(reply, false, false, 0), HasSubstr("\r\nAllow: GET, HEAD\r\n"));
}

}  // namespace
}  // namespace fectl::http
