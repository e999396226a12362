#include "master/config/system/host_lookup.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "master/config/load_result.h"
#include "master/config/parse.h"

namespace fectl::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

LoadResult WithSockets(const std::string& sockets) {
  LoadResult result = Parse(sockets + "[[service]]\nname = 'web'\nnum = 1\ncommand = 'run'\n", "f");
  ResolveHosts(/*only_warn=*/false, &result);
  return result;
}

std::string Socket(const std::string& name, const std::string& keys) {
  return "[[socket]]\nname = '" + name + "'\n" + keys + "\n";
}

TEST(ResolveHosts, WhatIsNoNameIsNotLookedUp) {
  const LoadResult result =
      WithSockets(Socket("a", "port = 1\nhost = '192.0.2.1'") +
                  Socket("b", "port = 2\nproto = 'tcp6'\nhost = '2001:db8::1'") + Socket("c", "port = 3") +
                  Socket("d", "port = 4\nproto = 'tcp6'\nhost = 'fe80::1%lo'") +
                  Socket("e", "proto = 'unix'\nhost = 'localhost'"));
  ASSERT_EQ(result.Describe(), "");
  ASSERT_THAT(result.config.sockets, SizeIs(5));
  EXPECT_THAT(result.config.sockets[0].addresses, ElementsAre("192.0.2.1"));
  EXPECT_THAT(result.config.sockets[1].addresses, ElementsAre("2001:db8::1"));
  EXPECT_THAT(result.config.sockets[2].addresses, IsEmpty());
  EXPECT_THAT(result.config.sockets[3].addresses, ElementsAre("fe80::1%lo"));
  EXPECT_THAT(result.config.sockets[4].addresses, IsEmpty());
}

TEST(ResolveHosts, ANameBecomesItsAddresses) {
  const LoadResult result = WithSockets(Socket("a", "port = 1\nhost = 'localhost'"));
  ASSERT_EQ(result.Describe(), "");
  EXPECT_THAT(result.config.sockets[0].addresses, ElementsAre("127.0.0.1"));
  EXPECT_EQ(result.config.sockets[0].host, "localhost");
}

TEST(ResolveHosts, ANameWithoutAddressIsAProblemOfItsLine) {
  const std::string sockets = Socket("a", "port = 1\nhost = 'nowhere.invalid'") +
                              Socket("b", "port = 2\nip = 'nowhere.invalid'") +
                              Socket("c", "port = 3\nhost = '*'");
  LoadResult result = WithSockets(sockets);
  ASSERT_THAT(result.problems, SizeIs(3));
  EXPECT_THAT(result.problems[0].ToString(),
              MatchesRegex("f:4: socket.a.host: cannot listen on nowhere.invalid:1: .+"));
  EXPECT_THAT(result.problems[1].ToString(), MatchesRegex("f:8: socket.b.ip: .*nowhere.invalid.*"));
  // What was refused already is not looked up.
  EXPECT_EQ(result.problems[2].ToString(),
            "f:12: socket.c.host: must be left out for all addresses, not \"*\"");
  EXPECT_THAT(result.config.sockets[0].addresses, IsEmpty());

  LoadResult warned = Parse(Socket("a", "port = 1\nhost = 'nowhere.invalid'") +
                                "[[service]]\nname = 'web'\nnum = 1\ncommand = 'run'\n",
                            "f");
  ResolveHosts(/*only_warn=*/true, &warned);
  EXPECT_TRUE(warned.ok());
  EXPECT_THAT(warned.problems, SizeIs(1));
}

}  // namespace
}  // namespace fectl::config
