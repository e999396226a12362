// The program fectl-run itself, under a master that says what the test tells it to say. The programs that it
// runs are scripts of the shell.

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "worker_sdk/testing/fake_master.h"

namespace fectl {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr char kFectlRun[] = "worker_sdk/run/fectl-run";

class RunTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = "/tmp/fectl-run-test-XXXXXX";  // short, as an address of a socket
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { EXPECT_EQ(system(("rm -rf '" + folder_ + "'").c_str()), 0); }

  std::string File(const std::string& name) const { return folder_ + "/" + name; }

  std::string Read(const std::string& name) const {
    std::ifstream file(File(name));
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  // Starts fectl-run with these options and the script; $D in it is the test's folder. Output: the file
  // "out".
  void Start(std::vector<std::string> options, const std::string& script) {
    std::vector<std::string> words = {"/bin/sh", "-c",        "out=$1; shift; exec \"$@\" >>\"$out\" 2>&1",
                                      "sh",      File("out"), kFectlRun};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", "/bin/sh", "-c", script});
    const auto pid = master_.Spawn(words, {"D=" + folder_, "TMPDIR=" + folder_});
    ASSERT_TRUE(pid.ok()) << pid.status();
  }

  void WaitForLine(const std::string& name, const std::string& text) {
    ASSERT_TRUE(master_.WaitUntil([&] { return Read(name).find(text) != std::string::npos; }))
        << name << ": " << Read(name);
  }

  void WaitForStatus(const std::string& text) {
    FakeMaster::Message message;
    do {
      ASSERT_TRUE(master_.WaitFor("status", &message)) << text;
    } while (message.data.find(text) == std::string::npos);
  }

  bool Has(const std::string& cmd) const {
    for (const auto& message : master_.messages()) {
      if (message.cmd == cmd) return true;
    }
    return false;
  }

  int ExitCode() {
    const auto status = master_.WaitExit();
    EXPECT_TRUE(status.has_value());
    EXPECT_EQ(master_.complaint(), "");
    return !status ? -1 : WIFEXITED(*status) ? WEXITSTATUS(*status) : 1000 + WTERMSIG(*status);
  }

  std::string folder_;
  FakeMaster master_{{.timeout_ms = 2'000}};
};

// A program that runs until SIGTERM and says so.
constexpr char kPolite[] = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.02; done";

TEST_F(RunTest, ReadyByALineAndStoppedBySigterm) {
  Start({"--ready=log:up"}, kPolite);
  ASSERT_TRUE(master_.WaitFor("loaded"));
  EXPECT_EQ(Read("out"), "up\n");
  master_.Send("start");
  WaitForStatus("unwatched");
  ASSERT_TRUE(master_.WaitFor("hb"));
  master_.Send("stop");
  EXPECT_EQ(ExitCode(), 0);
  EXPECT_EQ(Read("out"), "up\nbye\n");
}

TEST_F(RunTest, ReadyAfterAWhile) {
  Start({"--ready=after:0.1"}, kPolite);
  ASSERT_TRUE(master_.WaitFor("loaded"));
  master_.Signal(SIGTERM);
  EXPECT_EQ(ExitCode(), 0);
}

TEST_F(RunTest, ReadyByACommandThatIsAskedAgain) {
  Start({"--ready=exec:test -e $D/ready && test -n \"$MAINPID\""}, kPolite);
  WaitForStatus("exited with 1");
  EXPECT_FALSE(Has("loaded"));
  std::ofstream(File("ready")) << "x";
  ASSERT_TRUE(master_.WaitFor("loaded"));
  master_.Send("stop");
  EXPECT_EQ(ExitCode(), 0);
}

TEST_F(RunTest, SurroundingsOfTheProgram) {
  master_.AddTcpSocket("http");
  master_.AddTcpSocket("admin");
  Start({"--ready=log:done", "--watchdog=notify=9"},
        "ls /proc/self/fd | tr '\\n' ' '; echo; env | grep -v ^D= | sort; echo pid $$; "
        "readlink /proc/$$/fd/3 /proc/$$/fd/4 | cut -c1-7; echo done; exec sleep 60");
  ASSERT_TRUE(master_.WaitFor("loaded"));
  const std::string out = Read("out");
  const std::string pid =
      out.substr(out.find("\npid ") + 5, out.find('\n', out.find("\npid ") + 5) - out.find("\npid ") - 5);
  // 5 is the folder that ls itself has opened.
  EXPECT_EQ(out.substr(0, out.find('\n')), "0 1 2 3 4 5 ");
  EXPECT_THAT(out, HasSubstr("\nLISTEN_FDS=2\n"));
  EXPECT_THAT(out, HasSubstr("\nLISTEN_FDNAMES=http:admin\n"));
  EXPECT_THAT(out, HasSubstr("\nLISTEN_PID=" + pid + "\n"));
  EXPECT_THAT(out, HasSubstr("\nWATCHDOG_PID=" + pid + "\n"));
  EXPECT_THAT(out, HasSubstr("\nWATCHDOG_USEC=9000000\n"));
  EXPECT_THAT(out, HasSubstr("\nNOTIFY_SOCKET=" + folder_));
  EXPECT_THAT(out, HasSubstr("socket:\nsocket:\n"));
  EXPECT_THAT(out, Not(HasSubstr("FECTL_")));
  master_.Send("stop");
  EXPECT_EQ(ExitCode(), 1000 + SIGTERM) << "it has no handler, so it was cut short";
}

TEST_F(RunTest, AProgramThatEndsBeforeItIsReadyIsAFailedStartWithItsLastLine) {
  Start({"--ready=notify"}, "echo starting; echo 'ImportError: no module' >&2; exit 3");
  WaitForStatus("ImportError: no module");
  EXPECT_EQ(ExitCode(), 3);
  EXPECT_FALSE(Has("loaded"));
  EXPECT_FALSE(Has("cfgerror"));
}

TEST_F(RunTest, AProgramThatCannotBeRunIsAConfigurationError) {
  std::vector<std::string> words = {kFectlRun, "--", "/no/such/program"};
  ASSERT_TRUE(master_.Spawn(words, {"TMPDIR=" + folder_}).ok());
  FakeMaster::Message message;
  ASSERT_TRUE(master_.WaitFor("cfgerror", &message));
  EXPECT_EQ(message.data, "\"cannot run /no/such/program: No such file or directory\"");
  EXPECT_EQ(ExitCode(), 99);
}

TEST_F(RunTest, AWrongOptionIsAConfigurationError) {
  Start({"--ready=soon"}, "true");
  FakeMaster::Message message;
  ASSERT_TRUE(master_.WaitFor("cfgerror", &message));
  EXPECT_THAT(message.data, HasSubstr("option --ready must be notify, "));
  EXPECT_EQ(ExitCode(), 99);
}

TEST_F(RunTest, ASocketThatThereIsNotIsAConfigurationError) {
  master_.AddTcpSocket("http");
  Start({}, "echo {fd:htp}");
  FakeMaster::Message message;
  ASSERT_TRUE(master_.WaitFor("cfgerror", &message));
  EXPECT_THAT(message.data, HasSubstr("this worker has no socket"));
  EXPECT_EQ(ExitCode(), 99);
}

TEST_F(RunTest, TheEndOfTheProgramIsItsOwn) {
  Start({"--ready=log:up"}, "echo up; kill -SEGV $$");
  EXPECT_EQ(ExitCode(), 1000 + SIGSEGV);
}

TEST_F(RunTest, AProgramThatDiesOfTheStopSignalByItsOwnDecisionHasFinished) {
  // As uvicorn does from 0.29 on: a handler, and the same signal once more when everything is finished.
  Start({"--ready=log:up"},
        "trap 'echo finished; trap - TERM; kill -TERM $$' TERM; echo up; while :; do sleep 0.02; done");
  ASSERT_TRUE(master_.WaitFor("loaded"));
  master_.Send("stop");
  EXPECT_EQ(ExitCode(), 0);
  EXPECT_THAT(Read("out"), EndsWith("finished\n"));
}

TEST_F(RunTest, AnotherStopSignal) {
  Start({"--ready=log:up", "--stop-signal=SIGQUIT"},
        "trap 'echo quit; exit 0' QUIT; trap '' TERM; echo up; while :; do sleep 0.02; done");
  ASSERT_TRUE(master_.WaitFor("loaded"));
  master_.Send("stop");
  EXPECT_EQ(ExitCode(), 0);
  EXPECT_THAT(Read("out"), EndsWith("quit\n"));
}

TEST_F(RunTest, TheSignalGoesToTheProgramAloneAndWhatItStartedMayFinish) {
  Start({"--ready=log:up"},
        "(trap 'echo child was signalled' TERM; while [ ! -e $D/go ]; do sleep 0.02; done; echo child is "
        "done) & "
        "trap 'echo parent leaves; exit 0' TERM; echo up; while :; do sleep 0.02; done");
  ASSERT_TRUE(master_.WaitFor("loaded"));
  master_.Send("stop");
  WaitForLine("out", "parent leaves");
  std::ofstream(File("go")) << "x";
  EXPECT_EQ(ExitCode(), 0);
  EXPECT_EQ(Read("out"),
            "up\nparent leaves\nfectl-run: the program has exited with 0; what it has started goes on and is "
            "waited for\n"
            "child is done\n");
}

TEST_F(RunTest, AShellThatTheSignalHasEndedIsTold) {
  Start({"--ready=log:up"}, "(echo up; while [ ! -e $D/go ]; do sleep 0.02; done) & wait");
  ASSERT_TRUE(master_.WaitFor("loaded"));
  master_.Send("stop");
  WaitForLine(
      "out",
      "the program was killed by signal 15, which it does not handle; what it has started goes on and is "
      "waited for: if the command is a shell, write exec before the program");
  std::ofstream(File("go")) << "x";
  EXPECT_EQ(ExitCode(), 1000 + SIGTERM);
}

TEST_F(RunTest, Notifications) {
  Start({"--ready=notify"},
        "systemd-notify --ready --status=serving; while [ ! -e $D/go ]; do sleep 0.02; done; systemd-notify "
        "STOPPING=1; "
        "while :; do sleep 0.02; done");
  if (system("command -v systemd-notify >/dev/null") != 0) GTEST_SKIP() << "systemd-notify is not installed";
  ASSERT_TRUE(master_.WaitFor("loaded"));
  WaitForStatus("serving, unwatched");
  std::ofstream(File("go")) << "x";
  FakeMaster::Message message;
  ASSERT_TRUE(master_.WaitFor("stopping", &message));
  EXPECT_EQ(message.data, "\"the program says that it is stopping\"");
  master_.Send("stop");
  ExitCode();
}

TEST_F(RunTest, HeartbeatsStopWhileTheWatchdogIsNotAnswered) {
  Start({"--ready=log:up", "--watchdog=exec:test ! -e $D/hangs=1.5"}, kPolite);
  ASSERT_TRUE(master_.WaitFor("loaded"));
  ASSERT_TRUE(master_.WaitFor("hb"));
  std::ofstream(File("hangs")) << "x";
  WaitForStatus("hangs: no good answer to test ! -e $D/hangs for 1.5 s; it exited with 1");
  master_.TakeMessages();
  WaitForLine("out", "hangs");
  unlink(File("hangs").c_str());
  // Before it answers again nothing is said; then at first that it is alive.
  ASSERT_TRUE(master_.WaitUntil([&] { return !master_.messages().empty(); }));
  EXPECT_EQ(master_.messages().front().cmd, "hb");
  master_.Send("stop");
  EXPECT_EQ(ExitCode(), 0);
}

TEST_F(RunTest, PausingIsSaidToBeImpossible) {
  Start({"--ready=log:up"}, kPolite);
  ASSERT_TRUE(master_.WaitFor("loaded"));
  master_.Send("start");
  master_.Send("pause");
  WaitForStatus("cannot be paused");
  WaitForLine("out", "fectl-run: the program cannot be paused: it goes on accepting");
  master_.Send("resume");
  WaitForStatus("\"unwatched\"");
  master_.Send("stop");
  EXPECT_EQ(ExitCode(), 0);
}

TEST_F(RunTest, AMasterThatIsGoneIsAStop) {
  Start({"--ready=log:up"}, kPolite);
  ASSERT_TRUE(master_.WaitFor("loaded"));
  master_.Die();
  WaitForLine("out", "bye");
  EXPECT_EQ(ExitCode(), 0);
}

TEST_F(RunTest, TheProgramDiesWithFectlRun) {
  Start({"--ready=log:up"}, "echo $$ >$D/pid; echo up; while :; do sleep 0.02; done");
  ASSERT_TRUE(master_.WaitFor("loaded"));
  const pid_t program = static_cast<pid_t>(std::stoi(Read("pid")));
  master_.Signal(SIGKILL);
  EXPECT_EQ(ExitCode(), 1000 + SIGKILL);
  ASSERT_TRUE(master_.WaitUntil([&] {
    std::ifstream stat("/proc/" + std::to_string(program) + "/stat");
    std::string text;
    return !std::getline(stat, text) || text.find(") Z ") != std::string::npos;
  }));
}

TEST_F(RunTest, NothingIsLeftBehind) {
  Start({"--ready=http:/", "--watchdog=none"}, "echo x; exit 0");
  EXPECT_EQ(ExitCode(), 0);
  unlink(File("out").c_str());
  EXPECT_EQ(rmdir(folder_.c_str()), 0);
}

TEST_F(RunTest, MuchOutputIsPassedThroughWhole) {
  Start({"--ready=log:up"},
        "i=0; while [ $i -lt 3000 ]; do echo \"line $i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"; "
        "i=$((i+1)); done; echo up; exit 0");
  EXPECT_EQ(ExitCode(), 0);
  const std::string out = Read("out");
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 3001);
  EXPECT_THAT(out, EndsWith("up\n"));
}

std::string Output(const std::string& command, int* code) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  char buffer[4096];
  for (size_t got; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, got);
  *code = WEXITSTATUS(pclose(pipe));
  return text;
}

TEST(ByHand, TheProgramTakesThePlaceOfFectlRun) {
  int code = -1;
  EXPECT_EQ(Output(std::string(kFectlRun) + " --ready=notify -- sh -c 'echo hello; exit 5' 2>&1", &code),
            "fectl-run: not started by fectld: sh takes its place, without sockets and unwatched\nhello\n");
  EXPECT_EQ(code, 5);
  EXPECT_EQ(Output(std::string(kFectlRun) + " -- uvicorn --fd {fd:http} 2>&1", &code),
            "fectl-run: {fd:http}: this worker has no socket \"http\"; it has none, since it was not started "
            "by fectld\n");
  EXPECT_EQ(code, 2);
  EXPECT_THAT(Output(std::string(kFectlRun) + " -- /no/such 2>&1", &code),
              EndsWith("cannot run /no/such: No such file or directory\n"));
  EXPECT_EQ(code, 127);
  EXPECT_EQ(Output(std::string(kFectlRun) + " nginx 2>&1", &code),
            "fectl-run: write -- before the command \"nginx\" (see fectl-run --help)\n");
  EXPECT_EQ(code, 2);
  EXPECT_EQ(Output(std::string(kFectlRun) + " --version", &code), "fectl-run 1.0.0\n");
  EXPECT_THAT(Output(std::string(kFectlRun) + " --help", &code), HasSubstr("usage: fectl-run"));
}

}  // namespace
}  // namespace fectl
