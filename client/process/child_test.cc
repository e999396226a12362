#include "client/process/child.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto_spec/base/unique_fd.h"

namespace fectl::client {
namespace {

using testing::HasSubstr;

// What a shell command in a child writes to its standard output.
std::string OutputOf(Program program) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
  const base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  program.out_fd = write_end.get();
  absl::StatusOr<Child> child = Child::Start(program);
  write_end.reset();
  if (!child.ok()) return std::string(child.status().message());
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = read(read_end.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(got));
  child->AwaitEnd();
  return text;
}

TEST(Child, RunsAProgramAndGivesItsEnd) {
  absl::StatusOr<Child> child = Child::Start({.arguments = {"sh", "-c", "exit 3"}});
  ASSERT_TRUE(child.ok()) << child.status();
  const int status = child->AwaitEnd();
  EXPECT_EQ(WEXITSTATUS(status), 3);
  EXPECT_EQ(EndText(status), "ended with exit status 3");
  EXPECT_FALSE(EndedWell(status));
  EXPECT_EQ(child->TakeEnd(), std::nullopt) << "taken once";
  child->Signal(SIGKILL);  // is nobody's number any more
}

TEST(Child, ASignalReachesIt) {
  absl::StatusOr<Child> child = Child::Start({.arguments = {"sleep", "1000"}});
  ASSERT_TRUE(child.ok());
  EXPECT_EQ(child->TakeEnd(), std::nullopt);
  child->Signal(SIGTERM);
  EXPECT_EQ(EndText(child->AwaitEnd()), "was killed by SIGTERM");
}

TEST(Child, HasTheEnvironmentTheDirectoryAndTheOutputThatItWasGiven) {
  setenv("FECTL_CHILD_TEST", "ours", 1);
  setenv("FECTL_CHILD_KEPT", "kept", 1);
  EXPECT_EQ(OutputOf({.arguments = {"sh", "-c", "echo $FECTL_CHILD_TEST $FECTL_CHILD_KEPT $PWD"},
                      .environment = {"FECTL_CHILD_TEST=theirs"},
                      .directory = "/"}),
            "theirs kept /\n");
}

TEST(Child, ReadsNothing) {
  EXPECT_EQ(OutputOf({.arguments = {"cat"}}), "");
}

TEST(Child, HasDefaultSignalsAndNoneOfThemBlocked) {
  signal(SIGPIPE, SIG_IGN);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  const std::string seen = OutputOf({.arguments = {"grep", "-E", "SigBlk|SigIgn", "/proc/self/status"}});
  sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
  // From 32 on there are signals that the C library or a test's surroundings have taken for themselves.
  EXPECT_THAT(seen, testing::MatchesRegex("SigBlk:\t0+\nSigIgn:\t........[08]0000000\n"));
}

TEST(Child, ApartItHasASessionOfItsOwn) {
  const std::string session = "read -r _ _ _ _ _ session _ < /proc/self/stat; [ $session = $$ ] && echo own";
  EXPECT_EQ(OutputOf({.arguments = {"sh", "-c", session}, .is_apart = true}), "own\n");
  EXPECT_EQ(OutputOf({.arguments = {"sh", "-c", session}}), "");
}

TEST(Child, SaysWhatCannotBeRun) {
  const absl::StatusOr<Child> missing = Child::Start({.arguments = {"/no/such/program"}});
  EXPECT_TRUE(absl::IsNotFound(missing.status()));
  EXPECT_EQ(missing.status().message(), "cannot run /no/such/program: No such file or directory");
  EXPECT_THAT(std::string(Child::Start({.arguments = {"sh"}, .directory = "/no/such"}).status().message()),
              HasSubstr("cannot run sh in /no/such: "));
}

}  // namespace
}  // namespace fectl::client
