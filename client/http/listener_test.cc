#include "client/http/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::http {
namespace {

using testing::HasSubstr;

// TEST_TMPDIR is too long for the path of a socket.
class Folder {
 public:
  Folder() { EXPECT_NE(mkdtemp(path_.data()), nullptr); }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_ = "/tmp/fectl-http.XXXXXX";
};

std::string ErrorOf(const std::string& address, bool remote = false) {
  return std::string(Listener::Open(address, remote).status().message());
}

TEST(Listener, OpensOnThisMachine) {
  for (const char* address : {"127.0.0.1:0", "[::1]:0", "127.9.9.9:0"}) {
    const auto opened = Listener::Open(address, false);
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_THAT(opened->url(), testing::MatchesRegex("http://.*:[1-9][0-9]*/")) << address;
    EXPECT_FALSE(opened->Accept().valid());
  }
}

TEST(Listener, WhatOthersReachMustBeWanted) {
  EXPECT_THAT(ErrorOf("0.0.0.0:0"), HasSubstr("0.0.0.0:0 is reached from other machines"));
  EXPECT_THAT(ErrorOf("[::]:0"), HasSubstr("say --remote"));
  const auto wanted = Listener::Open("0.0.0.0:0", true);
  ASSERT_TRUE(wanted.ok()) << wanted.status();
  const auto adopted = Listener::Adopt(dup(wanted->fd()), "http", false);
  EXPECT_THAT(std::string(adopted.status().message()),
              HasSubstr("the socket http is reached from other machines"));
  EXPECT_TRUE(Listener::Adopt(dup(wanted->fd()), "http", true).ok());
}

TEST(Listener, SaysWhatIsNoAddress) {
  for (const char* address : {"", "9180", "localhost:9180", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",
                              "::1:9180", "127.0.0.1:65536", "relative.sock"}) {
    EXPECT_THAT(ErrorOf(address), HasSubstr("127.0.0.1:PORT")) << address;
  }
  EXPECT_THAT(ErrorOf("/" + std::string(200, 'x')), HasSubstr("at most 107 bytes"));
  EXPECT_THAT(ErrorOf("/nowhere/at/all.sock"),
              HasSubstr("cannot listen on /nowhere/at/all.sock: No such file"));
}

TEST(Listener, AUnixSocketIsForItsUserAndGroupAndRemoved) {
  const Folder folder;
  const std::string path = folder.File("l.sock");
  struct stat found = {};
  for (int round = 0; round < 2; ++round) {
    const auto opened = Listener::Open(path, false);
    ASSERT_TRUE(opened.ok()) << opened.status();
    ASSERT_EQ(stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0660U);
    EXPECT_THAT(ErrorOf(path), HasSubstr("Address already in use"));
  }
  EXPECT_NE(stat(path.c_str(), &found), 0);
}

TEST(Listener, AFileThatWasLeftIsNoHindrance) {
  const Folder folder;
  const std::string path = folder.File("left.sock");
  {
    const base::UniqueFd gone(socket(AF_UNIX, SOCK_STREAM, 0));
    const base::UnixAddress address(path);
    ASSERT_EQ(bind(gone.get(), address.get(), address.size()), 0);
  }
  EXPECT_TRUE(Listener::Open(path, false).ok());
}

TEST(LocalAddress, IsThatOfThisEnd) {
  const auto opened = Listener::Open("127.0.0.1:0", false);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(LocalAddress(opened->fd()), "127.0.0.1");
  const base::UniqueFd local(socket(AF_UNIX, SOCK_STREAM, 0));
  EXPECT_EQ(LocalAddress(local.get()), "");
}

}  // namespace
}  // namespace fectl::http
