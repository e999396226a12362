#include "master/platform/children/launcher.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/platform/children/test_launch.h"
#include "master/platform/credentials/test_rights.h"
#include "master/platform/testing/test_folder.h"
#include "master/platform/testing/test_process.h"

namespace fectl::platform {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

TEST(Launcher, PassesArgumentsAndExactlyTheEnvironment) {
  setenv("FECTL_TEST_LEAK", "1", 1);
  LaunchSpec spec = Guest();
  spec.argv = {"a worker", "", "two words", "-x=\"y\""};
  spec.environment = {"A=1", "EMPTY=", "B=with = sign"};
  const std::string report = Report(spec);
  unsetenv("FECTL_TEST_LEAK");
  EXPECT_THAT(report,
              testing::StartsWith("argument=a worker\nargument=\nargument=two words\nargument=-x=\"y\"\n"
                                  "variable=A=1\nvariable=EMPTY=\nvariable=B=with = sign\ndescriptors="));
}

TEST(Launcher, AnswersWithThePidAndItsDescriptor) {
  const base::UniqueFd output = NewFile();
  const LaunchOutcome outcome = PreparedLaunch(Shell("echo $$")).Launch({.stdout_fd = output.get()});
  const auto& result = std::get<LaunchResult>(outcome);
  ASSERT_TRUE(result.pidfd.valid());
  EXPECT_TRUE(fcntl(result.pidfd.get(), F_GETFD) & FD_CLOEXEC);
  pollfd ended = {result.pidfd.get(), POLLIN, 0};
  EXPECT_EQ(poll(&ended, 1, 60'000), 1);
  EXPECT_EQ(Content(output.get()), std::to_string(result.pid) + "\n");
  EXPECT_EQ(End(outcome), "exited with code 0");
}

TEST(Launcher, LeadsItsOwnSessionAndProcessGroup) {
  EXPECT_THAT(Report(Guest()), HasSubstr("leads_session=1\n"));
}

TEST(Launcher, SignalsAreAsForANewProcess) {
  struct sigaction ignored = {};
  ignored.sa_handler = SIG_IGN;
  struct sigaction before = {};
  sigaction(SIGUSR2, &ignored, &before);
  sigset_t mask;
  sigset_t old_mask;
  sigfillset(&mask);
  pthread_sigmask(SIG_SETMASK, &mask, &old_mask);
  const std::string report = Report(Guest());
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, &old_mask, &after);
  struct sigaction now = {};
  sigaction(SIGUSR2, &before, &now);
  EXPECT_THAT(report, AllOf(HasSubstr("SigBlk=0000000000000000\n"), HasSubstr("SigIgn=0000000000000000\n")));
  // The master's own are as they were.
  EXPECT_EQ(sigismember(&after, SIGUSR1), 1);
  EXPECT_EQ(now.sa_handler, SIG_IGN);
}

TEST(Launcher, NothingIsOpenButItsOwnDescriptors) {
  LowDescriptors low(2);
  // Without close-on-exec, as a careless library would open them.
  std::vector<base::UniqueFd> careless;
  careless.reserve(20);
  for (int i = 0; i < 20; ++i) careless.emplace_back(open("/dev/null", O_RDONLY));
  const base::UniqueFd in = NewFile();
  const base::UniqueFd err = NewFile();
  const base::UniqueFd passed = NewFile();
  const base::UniqueFd output = NewFile();
  const int passed_fds[] = {passed.get(), in.get()};
  const LaunchDescriptors descriptors = {in.get(), output.get(), err.get(), passed_fds};
  const int before = CountOpen();
  for (LowDescriptors* const through : {static_cast<LowDescriptors*>(nullptr), &low, &low}) {
    ASSERT_TRUE(ftruncate(output.get(), 0) == 0 && lseek(output.get(), 0, SEEK_SET) == 0);
    EXPECT_EQ(End(PreparedLaunch(Guest()).Launch(descriptors, through)), "exited with code 0");
    EXPECT_THAT(Content(output.get()),
                HasSubstr("descriptors=0:" + InodeOf(in.get()) + " 1:" + InodeOf(output.get()) +
                          " 2:" + InodeOf(err.get()) + " 3:" + InodeOf(passed.get()) +
                          " 4:" + InodeOf(in.get()) + " \n"));
  }
  EXPECT_TRUE(low.usable());
  // The master's own table was shared for a moment, and is as it was.
  EXPECT_EQ(CountOpen(), before);
  EXPECT_NE(InodeOf(passed.get()), InodeOf(careless.front().get()));
}

TEST(Launcher, WhatWasLentEndsWithItsProcess) {
  LowDescriptors low(1);
  const std::vector<base::UniqueFd> above = [] {
    std::vector<base::UniqueFd> files;
    files.reserve(3);
    for (int i = 0; i < 3; ++i) files.push_back(NewFile());
    return files;
  }();
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const base::UniqueFd reader(ends[0]);
  base::UniqueFd writer(ends[1]);
  const int passed_fds[] = {writer.get()};
  const LaunchOutcome outcome =
      PreparedLaunch(Shell("echo said >&3")).Launch({.passed_fds = passed_fds}, &low);
  writer.reset();
  EXPECT_EQ(End(outcome), "exited with code 0");
  std::array<char, 16> text = {};
  EXPECT_EQ(read(reader.get(), text.data(), text.size()), 5);
  EXPECT_EQ(read(reader.get(), text.data(), text.size()), 0);  // nobody else holds it
}

TEST(Launcher, StandardInputIsTheNullDeviceUnlessGiven) {
  const base::UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_THAT(Report(Guest()), HasSubstr("descriptors=0:" + InodeOf(null.get()) + " 1:"));
  EXPECT_EQ(Report(Shell("read -r line || echo end")), "end\n");
}

// Sources lie on one another's targets in every order, the standard ones included. In a copy of the test, as
// its own low numbers are rearranged for it.
TEST(Launcher, DescriptorsMayOverlapInEveryOrder) {
  TestProcess process([] {
    std::vector<int> numbers = {0, 1, 2, 3, 4, 5};
    std::vector<base::UniqueFd> files;
    files.reserve(numbers.size());
    for (const int number : numbers)
      files.emplace_back(fcntl(NewFile().get(), F_DUPFD_CLOEXEC, 100 + number));
    for (const int number : numbers) {
      if (dup3(files[number].get(), number, O_CLOEXEC) != number) return 1;
    }
    const PreparedLaunch prepared(Guest());
    LowDescriptors low(2);
    int orders = 0;
    do {
      std::string expected = "descriptors=";
      for (int i = 0; i < 6; ++i)
        expected += std::to_string(i) + ":" + InodeOf(files[numbers[i]].get()) + " ";
      const int output = files[numbers[1]].get();
      if (ftruncate(output, 0) != 0 || lseek(output, 0, SEEK_SET) != 0) return 2;
      const std::span<const int> passed_fds(&numbers[3], 3);
      LowDescriptors* const through = orders % 2 == 0 ? nullptr : &low;
      const LaunchDescriptors descriptors = {numbers[0], numbers[1], numbers[2], passed_fds};
      if (End(prepared.Launch(descriptors, through)) != "exited with code 0") return 3;
      if (Content(output).find(expected + "\n") == std::string::npos) return 4;
      // Every seventh of the 720 orders: a start of the guest takes its time in some builds.
      for (int i = 0; i < 6; ++i) std::next_permutation(numbers.begin(), numbers.end());
    } while (std::next_permutation(numbers.begin(), numbers.end()) && ++orders < 100);
    return 0;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

TEST(Launcher, ADescriptorThatIsNotOpenIsAnError) {
  const int passed_fds[] = {9999};
  const LaunchOutcome outcome = PreparedLaunch(Guest()).Launch({.passed_fds = passed_fds});
  EXPECT_EQ(std::get<LaunchError>(outcome).ToString(), "cannot pass descriptor 3: Bad file descriptor");
  const int forgotten[] = {-1};
  const LaunchOutcome other = PreparedLaunch(Guest()).Launch({.passed_fds = forgotten});
  EXPECT_EQ(std::get<LaunchError>(other).ToString(), "cannot pass descriptor 3: Bad file descriptor");
}

TEST(Launcher, DirectoryLimitMaskAndPrivilegesAreAsTold) {
  const TestFolder folder;
  LaunchSpec spec = Guest();
  spec.directory = folder.path();
  spec.umask = 027;
  spec.open_files = rlimit{77, 100};
  const std::string report = Report(spec);
  EXPECT_THAT(report, AllOf(HasSubstr("directory=" + folder.path() + "\n"), HasSubstr("Umask=0027\n"),
                            HasSubstr("open_files=77\n"), HasSubstr("NoNewPrivs=1\n")));
  spec.no_new_privileges = false;
  EXPECT_THAT(Report(spec), HasSubstr("NoNewPrivs=0\n"));
}

TEST(Launcher, SaysWhatIsWrongWithTheDirectory) {
  const TestFolder folder;
  LaunchSpec spec = Guest();
  spec.directory = folder / "gone";
  EXPECT_EQ(ErrorOf(spec), "cannot change directory to " + spec.directory + ": No such file or directory");
  spec.directory = folder.Write("file", "");
  EXPECT_EQ(ErrorOf(spec), "cannot change directory to " + spec.directory + ": Not a directory");
}

TEST(Launcher, SaysWhatIsWrongWithTheProgram) {
  const TestFolder folder;
  const auto error = [](const std::string& path) { return ErrorOf({.executable = path, .argv = {"x"}}); };
  EXPECT_EQ(error("/nowhere/x"), "cannot execute /nowhere/x: No such file or directory");
  const std::string plain = folder.Write("plain", "text");
  EXPECT_EQ(error(plain), "cannot execute " + plain + ": Permission denied");
  std::filesystem::permissions(plain, std::filesystem::perms(0755));
  EXPECT_EQ(error(plain), "cannot execute " + plain + ": Exec format error");
  const std::string script = folder.Write("script", "#!/no/such/interpreter\n");
  std::filesystem::permissions(script, std::filesystem::perms(0755));
  EXPECT_EQ(error(script),
            "cannot execute " + script +
                ": No such file or directory (the file is there, but not the interpreter that it "
                "names)");
  EXPECT_EQ(error(folder.path()),
            "cannot execute " + folder.path() + ": Permission denied (it is a directory)");
  LaunchSpec spec = Guest();
  spec.argv.emplace_back(200'000, 'x');
  EXPECT_EQ(ErrorOf(spec), "cannot execute " + GuestPath() +
                               ": Argument list too long (an argument takes 200001 bytes, and Linux allows " +
                               std::to_string(32 * sysconf(_SC_PAGESIZE)) + ")");
}

TEST(Launcher, ANameIsLookedForInItsPath) {
  const TestFolder folder;
  const auto write = [&](const std::string& name, const std::string& text, unsigned mode) {
    std::filesystem::create_directories(std::filesystem::path(folder / name).parent_path());
    std::filesystem::permissions(folder.Write(name, text), std::filesystem::perms(mode));
  };
  const std::string path = "relative:" + (folder / "none") + ":" + (folder / "a") + ":" + (folder / "b");
  const auto end = [&] { return ErrorOf({.executable = "tool", .search_path = path, .argv = {"tool"}}); };
  EXPECT_EQ(end(), "cannot execute tool: No such file or directory (PATH is " + path + ")");
  // Like a shell: a missing interpreter, a file that may not be executed, and a folder do not end the search.
  write("b/tool", "#!/no/such/interpreter\n", 0755);
  EXPECT_EQ(end(), "cannot execute " + (folder / "b/tool") +
                       ": No such file or directory (the file is there, but not the interpreter that it "
                       "names)");
  write("a/tool", "text", 0644);
  EXPECT_EQ(end(), "cannot execute " + (folder / "a/tool") + ": Permission denied");
  write("b/tool", "#!/bin/sh\nexit 3\n", 0755);
  EXPECT_EQ(end(), "started, and exited with code 3");
  write("a/tool", "text", 0755);
  EXPECT_EQ(end(), "cannot execute " + (folder / "a/tool") + ": Exec format error");
  EXPECT_EQ(ErrorOf({.executable = "tool", .search_path = "", .argv = {"tool"}}),
            "cannot execute tool: No such file or directory (PATH is )");
}

TEST(Launcher, ARelativePathIsExecutedInItsDirectory) {
  EXPECT_EQ(ErrorOf({.executable = "bin/sh", .argv = {"sh", "-c", "exit 3"}, .directory = "/"}),
            "started, and exited with code 3");
  EXPECT_EQ(ErrorOf({.executable = "./no/sh", .argv = {"sh"}, .directory = "/tmp"}),
            "cannot execute /tmp/./no/sh: No such file or directory");
}

TEST(Launcher, AFailedStartLeavesNothing) {
  ASSERT_TRUE(NoChildren());
  const int before = CountOpen();
  const PreparedLaunch prepared({.executable = "/nowhere/x", .argv = {"x"}});
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(FailureOf(prepared.Launch({})).has_value());
  }
  EXPECT_EQ(CountOpen(), before);
  EXPECT_TRUE(NoChildren());
}

TEST(Launcher, OnePreparationStartsManyTimesAndMayMove) {
  PreparedLaunch first(Shell("exit 4"));
  const PreparedLaunch moved = std::move(first);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(End(moved.Launch({})), "exited with code 4");
  EXPECT_EQ(moved.spec().executable, "/bin/sh");
}

TEST(Launcher, SwitchesGroupsGroupAndUserForGood) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can switch to another user";
  // The guest must be reachable for that user too.
  const TestFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  std::filesystem::copy_file(GuestPath(), folder / "guest");
  LaunchSpec spec = Guest();
  spec.executable = folder / "guest";
  spec.identity = Identity{54321, 54322, {54322, 54323}};
  const std::string report = Report(spec);
  EXPECT_THAT(report, AllOf(HasSubstr("Uid=54321\t54321\t54321\t54321\n"),
                            HasSubstr("Gid=54322\t54322\t54322\t54322\n"),
                            ContainsRegex("Groups=54322 54323 ?\n"), HasSubstr("regains=no\n")));
  spec.identity = Identity{54321, 54322, {}};
  EXPECT_THAT(Report(spec), ContainsRegex("Groups= ?\n"));
  EXPECT_EQ(geteuid(), 0u);
}

// The guest where every user can execute it.
class ReachableGuest {
 public:
  ReachableGuest() {
    std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
    std::filesystem::copy_file(GuestPath(), folder_ / "guest");
  }
  LaunchSpec spec() const {
    LaunchSpec spec = Guest();
    spec.executable = folder_ / "guest";
    return spec;
  }

 private:
  TestFolder folder_;
};

std::string Capabilities(CapabilitySet set) {
  char digits[17];
  snprintf(digits, sizeof digits, "%016lx", static_cast<unsigned long>(set));
  std::string text;
  for (const char* name : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
    text += std::string(name) + "=" + digits + "\n";
  }
  return text;
}

constexpr CapabilitySet kBind = SetOf(CAP_NET_BIND_SERVICE);
constexpr CapabilitySet kSwitch = SetOf(CAP_SETUID) | SetOf(CAP_SETGID);

TEST(Launcher, AMBIENT_NoCapabilityOfTheMastersStaysWithAnotherUser) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has capabilities to lose";
  const ReachableGuest guest;
  for (const bool no_new_privileges : {true, false}) {
    TestProcess process([&] {
      LaunchSpec spec = guest.spec();
      spec.no_new_privileges = no_new_privileges;
      spec.identity = Identity{54321, 54322, {54322}};
      if (Report(spec).find(Capabilities(0)) == std::string::npos) return 1;
      if (!BecomeOrdinaryWith(54300, kSwitch | kBind)) return 10;
      const std::string report = Report(spec);
      if (report.find("Uid=54321\t54321\t54321\t54321\n") == std::string::npos) return 2;
      if (report.find(Capabilities(0)) == std::string::npos) return 3;
      if (report.find("regains=no\n") == std::string::npos) return 4;
      // Nor with one that runs as the master's own user.
      spec.identity.reset();
      if (Report(spec).find(Capabilities(0)) == std::string::npos) return 5;
      spec.identity = Identity{54300, 54300, {}};
      return Report(spec).find(Capabilities(0)) == std::string::npos ? 6 : 0;
    });
    EXPECT_EQ(process.Wait(), "exited with code 0");
  }
}

TEST(Launcher, AMBIENT_NamedCapabilitiesAreKept) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has capabilities to give";
  const ReachableGuest guest;
  TestProcess process([&] {
    LaunchSpec spec = guest.spec();
    spec.capabilities = kBind;
    if (Report(spec).find("CapEff=0000000000000400\n") == std::string::npos)
      return 1;  // root, and no more than it
    spec.identity = Identity{54321, 54322, {54322}};
    if (Report(spec).find(Capabilities(kBind)) == std::string::npos) return 2;
    if (!BecomeOrdinaryWith(54300, kSwitch | kBind)) return 10;
    if (Report(spec).find(Capabilities(kBind)) == std::string::npos) return 3;
    spec.identity.reset();
    if (Report(spec).find(Capabilities(kBind)) == std::string::npos) return 4;
    spec.capabilities = kBind | SetOf(CAP_SYS_NICE);
    const std::string words =
        "cannot keep CAP_NET_BIND_SERVICE, CAP_SYS_NICE: Operation not permitted (fectld itself has not "
        "CAP_SYS_NICE)";
    return ErrorOf(spec) == words ? 0 : 5;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

TEST(Launcher, USERNS_ToBeWhatOneIsNeedsNoRight) {
  TestProcess process([] {
    if (!BecomeRootOfUserNamespace("deny")) return 77;
    LaunchSpec spec = Guest();
    spec.identity = Identity{0, 0, {0, 0}};
    return Report(spec).find("Uid=0\t0\t0\t0\n") == std::string::npos ? 1 : 0;
  });
  const std::string end = process.Wait();
  if (end == "exited with code 77") GTEST_SKIP() << "user namespaces are not allowed here";
  EXPECT_EQ(end, "exited with code 0");
}

// A keyring of the master's login session is not another user's.
TEST(Launcher, ASwitchLeavesTheSessionKeyring) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can switch to another user";
  const ReachableGuest guest;
  TestProcess process([&] {
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "of-the-master") < 0) return 77;
    LaunchSpec spec = guest.spec();
    if (Report(spec).find("keyring=of-the-master\n") == std::string::npos) return 1;
    spec.identity = Identity{54321, 54322, {54322}};
    return Report(spec).find("keyring=_ses\n") == std::string::npos ? 2 : 0;
  });
  const std::string end = process.Wait();
  if (end == "exited with code 77") GTEST_SKIP() << "there are no keyrings here";
  EXPECT_EQ(end, "exited with code 0");
}

TEST(Launcher, BIG_ENV_NamesTheVariableThatIsTooLong) {
  const std::string most = std::to_string(32 * sysconf(_SC_PAGESIZE));
  LaunchSpec spec = Guest();
  spec.environment = {"A=1", "BIG=" + std::string(200'000, 'x')};
  EXPECT_EQ(ErrorOf(spec),
            "cannot execute " + GuestPath() +
                ": Argument list too long (the variable BIG takes 200005 bytes, and Linux allows " + most +
                ")");
  spec.environment.assign(200, "A=" + std::string(100'000, 'x'));
  EXPECT_THAT(ErrorOf(spec),
              HasSubstr("arguments and variables take 20002214 bytes together, and Linux allows "));
}

}  // namespace
}  // namespace fectl::platform
