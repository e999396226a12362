#include "client/socket_path.h"

#include <gtest/gtest.h>

namespace fectl::client {
namespace {

TEST(SocketPath, TheOptionBeatsTheEnvironmentBeatsTheDefault) {
  EXPECT_EQ(SocketPath("a.sock", "b.sock", ""), "a.sock");
  EXPECT_EQ(SocketPath("", "b.sock", ""), "b.sock");
  EXPECT_EQ(SocketPath("", "", ""), "./fectld.sock");
}

TEST(SocketPath, RelativePathsAreTheCallers) {
  EXPECT_EQ(SocketPath("", "", "/home/me"), "/home/me/fectld.sock");
  EXPECT_EQ(SocketPath("run/a.sock", "", "/home/me"), "/home/me/run/a.sock");
  EXPECT_EQ(SocketPath("../a.sock", "", "/"), "/../a.sock");
  EXPECT_EQ(SocketPath("/run/a.sock", "", "/home/me"), "/run/a.sock");
}

}  // namespace
}  // namespace fectl::client
