#include "proto_spec/base/signal_name.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstring>
#include <string>

namespace fectl::base {
namespace {

TEST(SignalName, AgreesWithTheSystem) {
  for (int number = 1; number < 32; ++number) {
    const char* known = sigabbrev_np(number);
    if (known == nullptr || std::strcmp(known, "STKFLT") == 0 || std::strcmp(known, "POLL") == 0) continue;
    EXPECT_EQ(SignalName(number), std::string("SIG") + known);
  }
}

// The system calls it POLL, people call it IO.
TEST(SignalName, OfTwoNamesHasTheUsualOne) {
  EXPECT_EQ(SignalName(29), "SIGIO");
}

TEST(SignalName, NumbersWithoutNameStayNumbers) {
  EXPECT_EQ(SignalName(0), "signal 0");
  EXPECT_EQ(SignalName(16), "signal 16");
  EXPECT_EQ(SignalName(32), "signal 32");
  EXPECT_EQ(SignalName(42), "signal 42");
  EXPECT_EQ(SignalName(-1), "signal -1");
}

}  // namespace
}  // namespace fectl::base
