#include "master/platform/signal_name.h"

#include <gtest/gtest.h>

#include <csignal>

namespace fectl::platform {
namespace {

TEST(SignalName, NamesWhatHasAName) {
  EXPECT_EQ(SignalName(SIGTERM), "SIGTERM");
  EXPECT_EQ(SignalName(SIGSEGV), "SIGSEGV");
  EXPECT_EQ(SignalName(SIGCHLD), "SIGCHLD");
  EXPECT_EQ(SignalName(40), "signal 40");
  EXPECT_EQ(SignalName(0), "signal 0");
}

}  // namespace
}  // namespace fectl::platform
