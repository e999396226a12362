#include "master/config/system/worker_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "master/config/parse.h"
#include "master/config/system/system_check.h"
#include "master/platform/credentials/capabilities.h"
#include "master/platform/process/exec_limits.h"

namespace fectl::config {
namespace {

using testing::HasSubstr;

constexpr char kWeb[] = "[[service]]\nname = 'web'\nnum = 1\ncommand = '/bin/true'\n";

std::string Checked(const std::string& text) {
  LoadResult result = Parse(text, "f");
  EXPECT_EQ(result.Describe(), "");
  ResolveAccounts(&result);
  CheckWorkers(&result);
  EXPECT_TRUE(result.ok()) << "warnings only: " << result.Describe();
  return result.Describe();
}

TEST(CheckWorkers, AMBIENT_SwitchingNeedsCapabilitiesAndStayingNone) {
  const std::string other = std::string(kWeb) + "uid = 3999999999\ngid = 7\n";
  const std::string self = std::string(kWeb) + "uid = " + std::to_string(geteuid()) +
                           "\ngid = " + std::to_string(getegid()) + "\n";
  EXPECT_EQ(Checked(self), "");
  // After a switch of fectld itself nothing is left to switch with.
  const std::string switched = Checked("[master]\nuid = 12345\ngid = 12345\n" + other);
  EXPECT_THAT(switched,
              HasSubstr("service.web.uid: fectld, running as user 12345, cannot switch to another user or "
                        "group: it needs to be root, or to have CAP_SETGID, CAP_SETUID\n"));
  if (geteuid() == 0) {
    EXPECT_EQ(Checked(other), "");
  } else {
    EXPECT_THAT(Checked(other), HasSubstr("f:5: warning: service.web.uid: fectld, running as user"));
  }
}

TEST(CheckWorkers, AMBIENT_CapabilitiesAreThoseOfFectldAtMost) {
  const std::string keep = "capabilities = ['CAP_NET_BIND_SERVICE']\n";
  EXPECT_THAT(
      Checked("[master]\nuid = 12345\ngid = 12345\n" + std::string(kWeb) + keep),
      HasSubstr("service.web.capabilities: fectld, running as user 12345, has not CAP_NET_BIND_SERVICE: its "
                "workers cannot have it, and will not start"));
  if (geteuid() != 0) return;
  EXPECT_EQ(Checked(std::string(kWeb) + keep), "");
  EXPECT_THAT(Checked(std::string(kWeb) + keep + "no_new_privileges = false\n"),
              HasSubstr("means nothing for workers"));
  EXPECT_EQ(Checked(std::string(kWeb) + keep + "no_new_privileges = false\nuid = 5\ngid = 5\n"), "");
}

TEST(CheckWorkers, PYTHONUNBUFFERED_AVariableThatIsNotSetIsTold) {
  unsetenv("FECTL_TEST_NOT_SET");
  setenv("FECTL_TEST_SET", "", 1);
  EXPECT_EQ(Checked(std::string(kWeb) + "environ = ['FECTL_TEST_SET', 'FECTL_TEST_NOT_SET']\n"),
            "f:5: warning: service.web.environ: FECTL_TEST_NOT_SET is not set here, so workers do not get it "
            "either\n");
}

TEST(CheckWorkers, BIG_ENV_WhatIsTooLongForLinuxIsNamedByKey) {
  const size_t most = platform::ExecStringBytesMax();
  const std::string fits(most - 3, 'x');  // with "A=" before it and a zero behind
  EXPECT_EQ(Checked(std::string(kWeb) + "environ = ['A=" + fits + "']\n"), "");
  EXPECT_EQ(Checked(std::string(kWeb) + "environ = ['A=x" + fits + "']\n"),
            "f:5: warning: service.web.environ: A takes " + std::to_string(most + 1) +
                " bytes, and Linux allows " + std::to_string(most) + ": workers of web will not start\n");
  setenv("FECTL_TEST_BIG", ("xx" + fits).c_str(), 1);
  EXPECT_THAT(Checked(std::string(kWeb) + "environ = ['FECTL_TEST_BIG']\n"),
              HasSubstr("service.web.environ: FECTL_TEST_BIG takes "));
  unsetenv("FECTL_TEST_BIG");
  EXPECT_THAT(Checked("[[service]]\nname = 'web'\nnum = 1\ncommand = ['/bin/true', '" + fits + "xxx']\n"),
              HasSubstr("f:4: warning: service.web.command: one of its words takes "));
  // Quotes take two bytes in JSON.
  const std::string socket = "[[socket]]\nname = 'http'\nport = 80\nservice = ['web']\n";
  EXPECT_THAT(Checked(socket + "arguments = ['" + std::string(most / 2, '"') + "']\n" + kWeb),
              HasSubstr("f:5: warning: socket.http.arguments: FECTL_ARGS_http takes "));
  EXPECT_THAT(Checked(socket + "app = '" + fits + "'\n" + kWeb),
              HasSubstr("f:5: warning: socket.http.app: FECTL_APP_http takes "));
}

TEST(CheckWorkers, BIG_ENV_AllTogetherAsWell) {
  std::string environ;
  const std::string part(100'000, 'x');
  for (size_t bytes = 0; bytes <= platform::ExecBytesMax(); bytes += part.size()) {
    environ += "'V" + std::to_string(bytes) + "=" + part + "',";
  }
  EXPECT_THAT(
      Checked(std::string(kWeb) + "environ = [" + environ + "]\n"),
      HasSubstr("f:5: warning: service.web.environ: the variables and the command of a worker take "));
}

TEST(CheckWorkers, DOTTED_AShellDropsNamesThatItCannotUse) {
  if (std::filesystem::canonical("/bin/sh").filename() != "dash")
    GTEST_SKIP() << "the shell here is not dash";
  const std::string sockets =
      "[[socket]]\nname = 'plain_1'\nport = 80\n[[socket]]\nname = 'admin-api'\nport = 81\n";
  const auto checked = [&](const std::string& command) {
    return Checked(sockets + "[[service]]\nname = 'web'\nnum = 1\ncommand = " + command + "\n");
  };
  const std::string words =
      "f:5: warning: socket.admin-api.name: workers of web are started through a shell, dash, which drops "
      "variables "
      "like FECTL_FD_admin-api: name the socket with letters, digits and _ alone, or start the program "
      "itself\n";
  EXPECT_EQ(checked("\"sh -c 'exec ./web'\""), words);
  EXPECT_EQ(checked("\"/bin/sh -c 'exec ./web'\""), words);
  EXPECT_EQ(checked("'/bin/true'"), "");
  // A script.
  const std::string script = testing::TempDir() + "script";
  for (const char* first : {"#!/bin/sh\n", "#! /usr/bin/env sh\n", "#!/bin/dash -e\n"}) {
    FILE* file = fopen(script.c_str(), "w");
    fputs(first, file);
    fclose(file);
    std::filesystem::permissions(script, std::filesystem::perms(0755));
    EXPECT_EQ(checked("'" + script + "'"), words) << first;
  }
  std::filesystem::remove(script);
}

}  // namespace
}  // namespace fectl::config
