#include "master/platform/process/exit_status.h"

#include <gtest/gtest.h>

#include <csignal>

namespace fectl::platform {
namespace {

using Kind = ExitStatus::Kind;

TEST(ExitStatus, ReadsLikeASentence) {
  EXPECT_EQ((ExitStatus{Kind::kExited, 3, false}.ToString()), "exited with code 3");
  EXPECT_EQ((ExitStatus{Kind::kSignaled, SIGKILL, false}.ToString()), "killed by SIGKILL");
  EXPECT_EQ((ExitStatus{Kind::kSignaled, SIGSEGV, true}.ToString()), "killed by SIGSEGV (core dumped)");
  EXPECT_EQ((ExitStatus{Kind::kUnknown, 0, false}.ToString()), "ended in an unknown way");
}

TEST(ExitStatus, IsAValue) {
  EXPECT_EQ((ExitStatus{Kind::kExited, 9, false}), (ExitStatus{Kind::kExited, 9, false}));
  EXPECT_NE((ExitStatus{Kind::kExited, 9, false}), (ExitStatus{Kind::kSignaled, 9, false}));
}

}  // namespace
}  // namespace fectl::platform
