#include "master/platform/launcher.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "master/platform/children_wait.h"
#include "master/platform/test_folder.h"
#include "master/platform/test_process.h"
#include "master/platform/test_syscall_filter.h"

namespace fectl::platform {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::string GuestPath() {
  return std::filesystem::current_path() / "master/platform/test_guest";
}

UniqueFd NewFile() {
  return UniqueFd(memfd_create("test", MFD_CLOEXEC));
}

std::string Content(int fd) {
  std::string content;
  std::array<char, 4096> part;
  for (ssize_t bytes; (bytes = pread(fd, part.data(), part.size(), content.size())) > 0;) {
    content.append(part.data(), bytes);
  }
  return content;
}

std::string InodeOf(int fd) {
  struct stat file = {};
  fstat(fd, &file);
  return std::to_string(file.st_ino);
}

int CountOpen() {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

// Nothing waits to be reaped.
bool NoChildren() {
  siginfo_t info = {};
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == -1 && errno == ECHILD;
}

// Waits for the end of a started process, reaps it and says how it ended.
std::string End(const LaunchOutcome& outcome) {
  if (const auto* error = std::get_if<LaunchError>(&outcome)) return error->ToString();
  const pid_t pid = std::get<LaunchResult>(outcome).pid;
  // Blocks without reaping; the test's own time limit is the deadline.
  siginfo_t info = {};
  waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
  const std::string words = LookAt(pid)->status.ToString();
  Reap(pid);
  return words;
}

LaunchSpec Guest() {
  return {.executable = GuestPath(), .argv = {"guest"}};
}
LaunchSpec Shell(const std::string& script) {
  return {.executable = "/bin/sh", .argv = {"sh", "-c", script}, .environment = {"PATH=/usr/bin:/bin"}};
}

// Runs it to its end and returns what it printed; anything but a clean end is in the text too.
std::string Report(const LaunchSpec& spec, LaunchDescriptors descriptors = {}) {
  const UniqueFd output = NewFile();
  descriptors.stdout_fd = output.get();
  const std::string end = End(PreparedLaunch(spec).Launch(descriptors));
  return Content(output.get()) + (end == "exited with code 0" ? "" : end);
}

std::string ErrorOf(const LaunchSpec& spec) {
  const LaunchOutcome outcome = PreparedLaunch(spec).Launch({});
  if (const auto* error = std::get_if<LaunchError>(&outcome)) return error->ToString();
  return "started, and " + End(outcome);
}

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
  const UniqueFd output = NewFile();
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
  // Without close-on-exec, as a careless library would open them.
  std::vector<UniqueFd> careless;
  for (int i = 0; i < 20; ++i) careless.emplace_back(open("/dev/null", O_RDONLY));
  const UniqueFd in = NewFile();
  const UniqueFd err = NewFile();
  const UniqueFd passed = NewFile();
  const UniqueFd output = NewFile();
  const int passed_fds[] = {passed.get(), in.get()};
  const LaunchDescriptors descriptors = {in.get(), output.get(), err.get(), passed_fds};
  EXPECT_EQ(End(PreparedLaunch(Guest()).Launch(descriptors)), "exited with code 0");
  EXPECT_THAT(Content(output.get()),
              HasSubstr("descriptors=0:" + InodeOf(in.get()) + " 1:" + InodeOf(output.get()) +
                        " 2:" + InodeOf(err.get()) + " 3:" + InodeOf(passed.get()) +
                        " 4:" + InodeOf(in.get()) + " \n"));
}

TEST(Launcher, StandardInputIsTheNullDeviceUnlessGiven) {
  const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_THAT(Report(Guest()), HasSubstr("descriptors=0:" + InodeOf(null.get()) + " 1:"));
  EXPECT_EQ(Report(Shell("read -r line || echo end")), "end\n");
}

// Sources lie on one another's targets in every order, the standard ones included. In a copy of the test, as
// its own low numbers are rearranged for it.
TEST(Launcher, DescriptorsMayOverlapInEveryOrder) {
  TestProcess process([] {
    std::vector<int> numbers = {0, 1, 2, 3, 4, 5};
    std::vector<UniqueFd> files;
    for (const int number : numbers)
      files.emplace_back(fcntl(NewFile().get(), F_DUPFD_CLOEXEC, 100 + number));
    for (const int number : numbers) {
      if (dup3(files[number].get(), number, O_CLOEXEC) != number) return 1;
    }
    const PreparedLaunch prepared(Guest());
    do {
      std::string expected = "descriptors=";
      for (int i = 0; i < 6; ++i)
        expected += std::to_string(i) + ":" + InodeOf(files[numbers[i]].get()) + " ";
      const int output = files[numbers[1]].get();
      if (ftruncate(output, 0) != 0 || lseek(output, 0, SEEK_SET) != 0) return 2;
      const std::span<const int> passed_fds(&numbers[3], 3);
      if (End(prepared.Launch({numbers[0], numbers[1], numbers[2], passed_fds})) != "exited with code 0")
        return 3;
      if (Content(output).find(expected + "\n") == std::string::npos) return 4;
    } while (std::next_permutation(numbers.begin(), numbers.end()));
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
  EXPECT_EQ(error(folder.path()), "cannot execute " + folder.path() + ": Permission denied");
  LaunchSpec spec = Guest();
  spec.argv.push_back(std::string(200'000, 'x'));
  EXPECT_EQ(ErrorOf(spec), "cannot execute " + GuestPath() + ": Argument list too long");
}

TEST(Launcher, AFailedStartLeavesNothing) {
  ASSERT_TRUE(NoChildren());
  const int before = CountOpen();
  const PreparedLaunch prepared({.executable = "/nowhere/x", .argv = {"x"}});
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(std::holds_alternative<LaunchError>(prepared.Launch({})));
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

TEST(Launcher, NeverRunsAsTheWrongUser) {
  TestProcess process([] {
    if (geteuid() == 0 && (setresgid(54321, 54321, 54321) != 0 || setresuid(54321, 54321, 54321) != 0))
      return 1;
    LaunchSpec spec = Shell("exit 0");
    spec.identity = Identity{33, 33, {33}};
    if (ErrorOf(spec) != "cannot switch to the groups of user 33: Operation not permitted") return 2;
    // The user who one is already needs no switching.
    spec.identity = Identity{geteuid(), getegid(), {getegid()}};
    if (ErrorOf(spec) != "started, and exited with code 0") return 3;
    return 0;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

// Each part fails alone, as with a master that has some of the rights.
TEST(Launcher, EachStepOfTheSwitchIsReported) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can switch to another user";
  const std::vector<std::pair<int, std::string>> calls = {
      {SYS_setgroups, "cannot switch to the groups of user 33: Operation not permitted"},
      {SYS_setresgid, "cannot switch to group 34: Operation not permitted"},
      {SYS_setresuid, "cannot switch to user 33: Operation not permitted"},
      // The kernel says yes and does nothing.
      {-SYS_setresgid, "cannot switch to user 33: Operation not permitted"},
      {-SYS_setresuid, "cannot switch to user 33: Operation not permitted"},
  };
  for (const auto& [call, words] : calls) {
    TestProcess process([&call = call, &words = words] {
      if (!InstallFilter({{std::abs(call), call < 0 ? 0 : EPERM}})) return 10;
      LaunchSpec spec = Shell("exit 0");
      spec.identity = Identity{33, 34, {34}};
      return ErrorOf(spec) == words ? 0 : 1;
    });
    EXPECT_EQ(process.Wait(), "exited with code 0") << words;
  }
}

// The limit of processes hits at exec, after the switch to the limited user.
TEST(Launcher, ALimitOfProcessesIsTransient) {
  if (geteuid() != 0) GTEST_SKIP() << "root is exempt, so the test needs another user";
  TestProcess process([] {
    const rlimit none = {0, 0};
    if (setrlimit(RLIMIT_NPROC, &none) != 0) return 10;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return 10;
    const UniqueFd input(ends[0]);
    UniqueFd end_of_first(ends[1]);
    LaunchSpec spec = Shell("read line");
    spec.identity = Identity{54321, 54321, {}};
    // The kernel counts what the user runs already, so the first one is let through.
    const LaunchOutcome first = PreparedLaunch(spec).Launch({.stdin_fd = input.get()});
    const LaunchOutcome second = PreparedLaunch(spec).Launch({.stdin_fd = input.get()});
    end_of_first.reset();
    End(first);
    const auto* error = std::get_if<LaunchError>(&second);
    if (error == nullptr || !error->IsTransient()) return 1;
    return error->ToString() == "cannot execute /bin/sh: Resource temporarily unavailable" ? 0 : 2;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

TEST(Launcher, ARefusedCloneIsReportedAsTransient) {
  TestProcess process([] {
    if (!InstallFilter({{SYS_clone, EAGAIN}})) return 10;
    const LaunchOutcome outcome = PreparedLaunch(Shell("exit 0")).Launch({});
    const auto* error = std::get_if<LaunchError>(&outcome);
    if (error == nullptr || error->step != LaunchError::Step::kClone || !error->IsTransient()) return 1;
    return error->ToString() == "cannot start a process: Resource temporarily unavailable" ? 0 : 2;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

// What older kernels and containers lack, one at a time and all together.
TEST(Launcher, WorksWithoutTheNewerCalls) {
  constexpr uint32_t kClonePidfd = 0x1000;
  const FilteredCall clone_pidfd = {SYS_clone, EINVAL, kClonePidfd};
  const FilteredCall pidfd_open = {SYS_pidfd_open, ENOSYS};
  const FilteredCall close_range = {SYS_close_range, ENOSYS};
  const std::vector<std::vector<FilteredCall>> worlds = {{clone_pidfd},
                                                         {close_range},
                                                         {{SYS_clone3, ENOSYS}},
                                                         {clone_pidfd, pidfd_open},
                                                         {clone_pidfd, pidfd_open, close_range}};
  for (const std::vector<FilteredCall>& world : worlds) {
    const bool pidfd_expected = world.size() == 1;
    TestProcess process([&world, pidfd_expected] {
      std::vector<UniqueFd> careless;
      // Enough that the list of descriptors does not come in one piece.
      for (int i = 0; i < 200; ++i) careless.emplace_back(open("/dev/null", O_RDONLY));
      if (!InstallFilter(world)) return 10;
      const UniqueFd output = NewFile();
      const int passed_fds[] = {output.get()};
      const LaunchOutcome outcome = PreparedLaunch(Guest()).Launch({-1, output.get(), -1, passed_fds});
      const auto* result = std::get_if<LaunchResult>(&outcome);
      if (result == nullptr) return 1;
      if (result->pidfd.valid() != pidfd_expected) return 2;
      if (End(outcome) != "exited with code 0") return 3;
      const std::string report = Content(output.get());
      const std::string last = " 3:" + InodeOf(output.get()) + " \n";
      return report.find(last) == std::string::npos ? 4 : 0;
    });
    EXPECT_EQ(process.Wait(), "exited with code 0");
  }
}

// With each number of free descriptors the start succeeds or fails whole, and none is lost either way.
TEST(Launcher, RunningOutOfDescriptorsLosesNone) {
  TestProcess process([] {
    const UniqueFd output = NewFile();
    const int passed_fds[] = {output.get(), output.get()};
    const PreparedLaunch prepared(Shell("exit 0"));
    bool started = false;
    for (int spare = 0; spare < 16; ++spare) {
      const int before = CountOpen();
      rlimit limit = {};
      getrlimit(RLIMIT_NOFILE, &limit);
      const rlimit tight = {static_cast<rlim_t>(before - 1 + spare), limit.rlim_max};
      setrlimit(RLIMIT_NOFILE, &tight);
      std::string end = "exited with code 0";
      {
        const LaunchOutcome outcome = prepared.Launch({-1, output.get(), output.get(), passed_fds});
        started = std::holds_alternative<LaunchResult>(outcome);
        if (started) end = End(outcome);
        if (!started && end.empty()) return 1;
      }
      setrlimit(RLIMIT_NOFILE, &limit);
      if (CountOpen() != before || !NoChildren()) return 2;
      if (end != "exited with code 0") return 3;
    }
    return started ? 0 : 4;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

}  // namespace
}  // namespace fectl::platform
