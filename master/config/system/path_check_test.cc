#include "master/config/system/path_check.h"

#include <netdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "master/config/load_result.h"
#include "master/config/parse.h"
#include "master/config/system/system_check.h"
#include "master/platform/testing/test_folder.h"

namespace fectl::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kWeb[] = "[[service]]\nname = 'web'\nnum = 1\ncommand = '/bin/sh'\n";

// What `fectld --check` says of a configuration that begins so.
std::string Checked(const std::string& text) {
  LoadResult result = Parse(text + kWeb, "f.toml");
  ResolveAccounts(&result);
  CheckOpenings(&result);
  CheckLaterOpenings(&result);
  return result.Describe();
}

std::string Tcp6(const std::string& host) {
  return "[[socket]]\nname = 'http'\nport = 0\nproto = 'tcp6'\nhost = '" + host + "'\n";
}

TEST(Met, V6_HOSTS_AddressesOnWhichNothingCanListenAreNamedWithWhatWouldWork) {
  EXPECT_EQ(
      Checked(Tcp6("::ffff:127.0.0.1")),
      "f.toml:5: socket.http.host: is an IPv4 address in IPv6 form, which a socket for IPv6 alone does not "
      "take: write host = \"127.0.0.1\" and proto = \"tcp4\"\n");
  EXPECT_EQ(
      Checked(Tcp6("fe80::1")),
      "f.toml:5: socket.http.host: is an address of one link, and needs the name of the link's interface, as "
      "in fe80::1%eth0\n");
  EXPECT_THAT(Checked(Tcp6("ff02::1")), HasSubstr("must not be a multicast address"));
  EXPECT_THAT(Checked(Tcp6("::1%lo")), HasSubstr("must not name an interface with %"));
  EXPECT_THAT(Checked(Tcp6("1:2:3:4:5:6:7:8:9")),
              HasSubstr("must be a host name or an IPv6 address such as ::1"));
}

TEST(Met, V6_HOSTS_TheCheckSaysWhatTheStartWouldSayOfAHost) {
  EXPECT_EQ(Checked("[[socket]]\nname = 'http'\nport = 0\nhost = '192.0.2.1'\n"),
            "f.toml:4: warning: socket.http.host: cannot listen on 192.0.2.1:0: Cannot assign requested "
            "address (no "
            "interface of this machine has it)\n");
  EXPECT_THAT(Checked(Tcp6("fe80::1%nolink")),
              HasSubstr("f.toml:5: warning: socket.http.host: cannot listen on "));
  EXPECT_THAT(Checked(Tcp6("no.such.host.invalid")),
              HasSubstr("warning: socket.http.host: cannot listen on "));
  // A minimal system without /etc/hosts knows no names at all.
  addrinfo* known = nullptr;
  if (getaddrinfo("localhost", nullptr, nullptr, &known) != 0)
    GTEST_SKIP() << "localhost has no address here";
  freeaddrinfo(known);
  EXPECT_EQ(Checked("[[socket]]\nname = 'http'\nport = 0\nhost = 'localhost'\n"), "");
}

TEST(Met, AT_PATH_AbstractSocketsAndFoldersAreNoFiles) {
  EXPECT_EQ(
      Checked("[[socket]]\nname = 'http'\nproto = 'unix'\npath = '@web'\n"),
      "f.toml:4: warning: socket.http.path: makes a file of this name: there are no abstract sockets here; "
      "write \"./@web\" if the file is meant\n");
  EXPECT_THAT(Checked("[master]\nsock = '@fectl'\n"),
              HasSubstr("warning: master.sock: makes a file of this name"));
  EXPECT_EQ(Checked("[[socket]]\nname = 'http'\nproto = 'unix'\npath = './@web'\n"), "");
  for (const char* path : {".", "..", "/tmp/", "/tmp/."}) {
    const std::string value = std::string(" = '") + path + "'\n";
    const std::string words = std::string(": must be the path of a file, not \"") + path + "\"\n";
    EXPECT_EQ(Checked("[[socket]]\nname = 'http'\nproto = 'unix'\npath" + value),
              "f.toml:4: socket.http.path" + words);
    EXPECT_EQ(Checked("[[socket]]\nname = 'http'\nproto = 'unix'\nhost" + value),
              "f.toml:4: socket.http.host" + words);
    for (const std::string key : {"sock", "pid", "stdout", "stderr"}) {
      EXPECT_EQ(Checked("[master]\n" + key + value), "f.toml:2: master." + key + words);
    }
    EXPECT_EQ(Checked("[logging]\nservice = 'file'\nname" + value), "f.toml:3: logging.name" + words);
    for (const std::string key : {"stdout", "stderr"}) {
      EXPECT_EQ(Parse(kWeb + key + value, "f.toml").Describe(), "f.toml:5: service.web." + key + words);
    }
  }
}

TEST(Met, AT_PATH_WhatIsInTheWayIsNamed) {
  const platform::TestFolder folder;
  const std::string file = folder.Write("file", "text");
  const std::string in_directory = "[master]\ndirectory = '" + folder.path() + "'\n";
  EXPECT_EQ(Checked(in_directory + "sock = 'file'\n"), "f.toml:3: warning: master.sock: cannot listen on " +
                                                           file +
                                                           ": a file that is not a socket is in the way\n");
  EXPECT_EQ(Checked(in_directory + "pid = 'file'\n"), "f.toml:3: warning: master.pid: cannot create " + file +
                                                          ": a file that holds no pid is in the way\n");
  ASSERT_EQ(mkdir((folder / "d").c_str(), 0700), 0);
  EXPECT_THAT(Checked(in_directory + "sock = 'd'\n"), HasSubstr("a directory is in the way"));
  EXPECT_THAT(Checked(in_directory + "pid = 'd'\n"),
              HasSubstr("something that is not a regular file is in the way"));
  EXPECT_THAT(Checked(in_directory + "stdout = 'd'\n"), HasSubstr("it is a directory"));
  EXPECT_THAT(Checked("[[socket]]\nname = 'http'\nproto = 'unix'\npath = '" + file + "'\n"),
              HasSubstr("warning: socket.http.path: cannot listen on " + file));
  EXPECT_EQ(folder.size(), 2u) << "the check makes no file";
}

TEST(Met, DEV_FD_IsTheStreamOrIsNamed) {
  for (const char* path : {"/dev/stderr", "/dev/fd/2", "/proc/self/fd/2", "/dev/fd/1", "/dev/null"}) {
    EXPECT_EQ(Checked("[master]\nstdout = '" + std::string(path) + "'\n"), "") << path;
  }
  ASSERT_TRUE(isatty(0) == 0);
  EXPECT_EQ(Checked("[master]\nstdout = '/proc/self/fd/0'\n"),
            "f.toml:2: warning: master.stdout: cannot write to /proc/self/fd/0: it is a symbolic link\n");
  EXPECT_THAT(Checked("[logging]\nservice = 'file'\nname = '/dev/zero'\n"),
              HasSubstr("it is not a regular file"));
}

TEST(Met, CANNOT_REOPEN_FilesThatTheUserCannotMakeAnewAreNamed) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can switch to another user";
  const platform::TestFolder folder;
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
  // The log is there already and is nobody's own, so that the start itself finds nothing wrong.
  const std::string log = folder.Write("log", "");
  ASSERT_EQ(chown(log.c_str(), 65534, 65534), 0);
  const std::string said =
      Checked("[master]\ndirectory = '" + folder.path() +
              "'\nuid = 65534\ngid = 65534\npid = 'pid'\n[logging]\nservice = 'file'\nname = 'log'\n"
              "[[socket]]\nname = 'http'\nproto = 'unix'\npath = 'web.sock'\n");
  const std::string words =
      " cannot be made anew once it is moved or removed: fectld becomes nobody, and that user "
      "may not make files in " +
      folder.path() + "; put it into a folder of that user's\n";
  for (const char* key : {"master.sock", "master.pid", "logging.name", "socket.http.path"}) {
    EXPECT_THAT(said, HasSubstr("warning: " + std::string(key) + ":" + words));
  }
  ASSERT_EQ(chown(folder.path().c_str(), 65534, 65534), 0);
  EXPECT_EQ(Checked("[master]\ndirectory = '" + folder.path() +
                    "'\nuid = 65534\ngid = 65534\n[logging]\nservice = 'file'\nname = 'log'\n"),
            "");
}

TEST(Met, CANNOT_REOPEN_TheCheckOpensOutputsAsThatUser) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can switch to another user";
  const platform::TestFolder folder;
  const std::string log = folder.Write("log", "");
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod(log.c_str(), 0600), 0);
  EXPECT_THAT(
      Checked("[master]\nuid = 65534\ngid = 65534\n[logging]\nservice = 'file'\nname = '" + log + "'\n"),
      HasSubstr("warning: logging.name: cannot write to " + log + ": Permission denied"));
}

TEST(Met, ZERO_660_TheAdviceIsWhatIsTaken) {
  const std::string unix = "[[socket]]\nname = 'http'\nproto = 'unix'\npath = 'web.sock'\nmode = ";
  EXPECT_EQ(Parse(unix + "0660\n" + kWeb, "f.toml").Describe(),
            "f.toml:5: socket.http.mode: is a number with a leading zero: permission bits are written like "
            "\"660\" or "
            "0o660, other numbers without the zero\n");
  EXPECT_EQ(Parse(unix + "\"660\"\n" + kWeb, "f.toml").Describe(), "");
  EXPECT_EQ(Parse(unix + "0o660\n" + kWeb, "f.toml").Describe(), "");
  EXPECT_EQ(Parse(unix + "\"0660\"\n" + kWeb, "f.toml").Describe(), "");
}

TEST(Met, DASH_ANameThatCommandsTakeForAnOptionIsTold) {
  LoadResult result = Parse("[[service]]\nname = '-m'\nnum = 1\ncommand = '/bin/sh'\n", "f.toml");
  EXPECT_EQ(result.Describe(),
            "f.toml:2: warning: service.-m.name: begins with a dash: commands take it for an option unless "
            "-- stands "
            "before it\n");
  EXPECT_TRUE(result.ok());
  EXPECT_THAT(Parse(kWeb, "f.toml").Describe(), Not(HasSubstr("dash")));
}

}  // namespace
}  // namespace fectl::config
