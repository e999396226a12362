#include "client/session/socket_path.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <string>

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

TEST(SocketPath, LOGROTATE_ThatOfTheMachineIsFoundFromEveryDirectory) {
  std::string folder = testing::TempDir() + "/socket-path-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string system = folder + "/system.sock";
  EXPECT_EQ(SocketPath("", "", folder, system), folder + "/fectld.sock") << "neither is there";
  std::ofstream(system) << "";
  EXPECT_EQ(SocketPath("", "", folder, system), system);
  EXPECT_EQ(SocketPath("a.sock", "", folder, system), folder + "/a.sock") << "what was named is meant";
  EXPECT_EQ(SocketPath("", "b.sock", folder, system), folder + "/b.sock");
  std::ofstream(folder + "/fectld.sock") << "";
  EXPECT_EQ(SocketPath("", "", folder, system), folder + "/fectld.sock");
  EXPECT_STREQ(kSystemSocket, "/run/fectl/fectld.sock");
}

}  // namespace
}  // namespace fectl::client
