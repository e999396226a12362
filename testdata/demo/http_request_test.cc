#include "testdata/demo/http_request.h"

#include <string>

#include "gtest/gtest.h"

namespace demo {
namespace {

using Outcome = ParsedHead::Outcome;

TEST(ParseHeadTest, OrdinaryRequest) {
  const std::string text = "GET /slow?ms=20&x HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\nGET /next";
  const ParsedHead head = ParseHead(text);
  ASSERT_EQ(head.outcome, Outcome::kRequest);
  EXPECT_EQ(head.request.method, "GET");
  EXPECT_EQ(head.request.path, "/slow");
  EXPECT_EQ(head.request.query, "ms=20&x");
  EXPECT_TRUE(head.request.keep_alive);
  EXPECT_EQ(text.substr(head.bytes), "GET /next");
}

TEST(ParseHeadTest, EveryPartIsNotYetARequest) {
  const std::string text = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (size_t n = 0; n < text.size(); ++n)
    EXPECT_EQ(ParseHead(text.substr(0, n)).outcome, Outcome::kNeedMore) << n;
  EXPECT_EQ(ParseHead(text).bytes, text.size());
}

TEST(ParseHeadTest, WhoKeepsTheConnection) {
  const auto keeps = [](const std::string& rest) {
    const ParsedHead head = ParseHead("GET / HTTP/1." + rest + "\r\n\r\n");
    EXPECT_EQ(head.outcome, Outcome::kRequest) << rest;
    return head.request.keep_alive;
  };
  EXPECT_TRUE(keeps("1\r\nHost: a"));
  EXPECT_FALSE(keeps("1\r\nHost: a\r\nConnection: Close"));
  EXPECT_FALSE(keeps("1\r\nHost: a\r\nConnection: upgrade , close"));
  EXPECT_TRUE(keeps("1\r\nHost: a\r\nConnection: closed"));
  EXPECT_FALSE(keeps("0"));
  EXPECT_TRUE(keeps("0\r\nConnection: keep-alive"));
}

TEST(ParseHeadTest, BodyLength) {
  EXPECT_EQ(ParseHead("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n").request.body_bytes, 12u);
}

struct BadCase {
  std::string text;
  int status;
};
class BadHeadTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadHeadTest, IsRefusedWithAStatus) {
  const ParsedHead head = ParseHead(GetParam().text);
  EXPECT_EQ(head.outcome, Outcome::kBad);
  EXPECT_EQ(head.status, GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadHeadTest,
    testing::Values(BadCase{"GET\r\n\r\n", 400}, BadCase{"GET /\r\n\r\n", 400},
                    BadCase{"GET / FTP/1\r\n\r\n", 400}, BadCase{"GET / HTTP/2.0\r\n\r\n", 505},
                    BadCase{"GET / HTTP/1.1\r\n\r\n", 400}, BadCase{"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                    BadCase{"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                    BadCase{"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                    BadCase{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
                    BadCase{"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
                    BadCase{"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400},
                    BadCase{"GET / HTTP/1.1\r\nHost: a\nb: c\r\n\r\n", 400},
                    BadCase{"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
                    BadCase{"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
                    BadCase{"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                            400},
                    BadCase{"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n", 413},
                    BadCase{"GET /" + std::string(kHeadBytesMax, 'x'), 431}));

TEST(ParseHeadTest, TooManyLinesAreRefused) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < kHeaderLinesMax; ++i) text += "a: b\r\n";
  EXPECT_EQ(ParseHead(text + "\r\n").status, 431);
}

TEST(RequestTest, Numbers) {
  Request request;
  request.query = "code=7&ms=250&bad=x&neg=-1&ms=9";
  EXPECT_EQ(request.Number("ms", 1, 1000), 250);
  EXPECT_EQ(request.Number("ms", 1, 100), 100);
  EXPECT_EQ(request.Number("code", 1, 100), 7);
  EXPECT_EQ(request.Number("bad", 3, 100), 3);
  EXPECT_EQ(request.Number("neg", 3, 100), 3);
  EXPECT_EQ(request.Number("none", 5, 100), 5);
}

}  // namespace
}  // namespace demo
