#include "worker_sdk/run/http_probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gtest/gtest.h"
#include "proto_spec/base/unique_fd.h"
#include "worker_sdk/run/notify/private_folder.h"

namespace fectl::run {
namespace {

using fectl::base::UniqueFd;

TEST(JudgeAnswer, TheStatusDecides) {
  EXPECT_EQ(JudgeAnswer("HTTP/1.1 200 OK\r\n"), "");
  EXPECT_EQ(JudgeAnswer("HTTP/1.0 302"), "");
  EXPECT_EQ(JudgeAnswer("HTTP/1.1 404 Not Found"), "answered 404");
  EXPECT_EQ(JudgeAnswer("HTTP/1.1 503\r\n"), "answered 503");
  EXPECT_EQ(JudgeAnswer("HTTP/1.1 100 Continue"), "answered 100");
  EXPECT_EQ(JudgeAnswer("HTTP/1.1 2x0 "), "answered something else than HTTP");
  EXPECT_EQ(JudgeAnswer("-ERR unknown command"), "answered something else than HTTP");
  EXPECT_EQ(JudgeAnswer("HTTP/1.1 20"), std::nullopt);
}

// A private socket and one connection of a probe on it.
class HttpProbeTest : public testing::Test {
 protected:
  void SetUp() override {
    auto folder = PrivateFolder::Make();
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = *std::move(folder);
    auto socket = ProbeSocket::Open(*folder_);
    ASSERT_TRUE(socket.ok()) << socket.status();
    socket_ = *std::move(socket);
  }

  UniqueFd Accept() { return UniqueFd(accept(socket_.listener.get(), nullptr, nullptr)); }

  std::unique_ptr<PrivateFolder> folder_;
  ProbeSocket socket_;
};

TEST_F(HttpProbeTest, AsksAndTakesTheAnswerWhenTheConnectionEnds) {
  HttpProbe probe(UnixAddress(socket_.address()), "/h?a=1");
  EXPECT_EQ(probe.Proceed(), std::nullopt);
  UniqueFd server = Accept();
  ASSERT_TRUE(server.valid());
  char request[512] = {};
  ASSERT_GT(read(server.get(), request, sizeof request - 1), 0);
  EXPECT_STREQ(
      request,
      "GET /h?a=1 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: fectl-run\r\nConnection: close\r\n\r\n");
  ASSERT_EQ(write(server.get(), "HTTP/1.1 204 x", 14), 14);
  EXPECT_EQ(probe.Proceed(), std::nullopt);
  EXPECT_EQ(probe.GiveUp(), "") << "an answer that has no end is one";
  server.reset();
  EXPECT_EQ(probe.Proceed(), "");
}

TEST_F(HttpProbeTest, WhatIsWrongIsSaid) {
  HttpProbe silent(UnixAddress(socket_.address()), "/");
  EXPECT_EQ(silent.Proceed(), std::nullopt);
  EXPECT_EQ(silent.GiveUp(), "did not answer in time");
  UniqueFd server = Accept();
  shutdown(server.get(), SHUT_WR);
  EXPECT_EQ(silent.Proceed(), "closed the connection without an answer");

  socket_.listener.reset();
  HttpProbe refused(UnixAddress(socket_.address()), "/");
  EXPECT_EQ(refused.fd(), -1);
  EXPECT_EQ(refused.Proceed(), "cannot be reached: Connection refused");
}

TEST_F(HttpProbeTest, ThePrivateSocketHasNoName) {
  EXPECT_EQ(access(folder_->File("probe").c_str(), F_OK), -1);
}

TEST(HttpProbeOverTcp, GoesToWhereTheListenerListens) {
  const UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in any = {};
  any.sin_family = AF_INET;  // all addresses, a free port
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
  ASSERT_EQ(listen(listener.get(), 8), 0);
  HttpProbe probe(AddressOf(listener.get()), "/");
  const UniqueFd server(accept(listener.get(), nullptr, nullptr));
  ASSERT_TRUE(server.valid());
  EXPECT_EQ(probe.Proceed(), std::nullopt);
  char byte = 0;
  EXPECT_EQ(read(server.get(), &byte, 1), 1);
  EXPECT_EQ(byte, 'G');
}

}  // namespace
}  // namespace fectl::run
