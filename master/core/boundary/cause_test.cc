#include "master/core/boundary/cause.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "master/core/basis/limits.h"

namespace fectl::core {
namespace {

using Kind = Cause::Kind;

TEST(Cause, SaysWhatPeopleNeed) {
  EXPECT_EQ(ToWords(MakeCause(Kind::kExited, 3)), "exited with code 3");
  EXPECT_EQ(ToWords(MakeCause(Kind::kExited, 98)), "exited with code 98 (start-up timed out)");
  EXPECT_EQ(ToWords(MakeCause(Kind::kExited, 99)), "exited with code 99 (initialisation failed)");
  EXPECT_EQ(ToWords(MakeCause(Kind::kExited, 100)), "exited with code 100 (could not boot)");
  EXPECT_EQ(ToWords(MakeCause(Kind::kSignaled, 9)), "was killed by SIGKILL");
  EXPECT_EQ(ToWords(Cause{Kind::kSignaled, 11, "core dumped"}), "was killed by SIGSEGV (core dumped)");
  EXPECT_EQ(ToWords(MakeCause(Kind::kStartupTimeout, 30'000)), "did not say `loaded` within 30 s");
  EXPECT_EQ(ToWords(MakeCause(Kind::kHeartbeatTimeout, 1'500)), "sent no heartbeat for 1.5 s");
  EXPECT_EQ(ToWords(MakeCause(Kind::kHeartbeatTimeout, 50)), "sent no heartbeat for 0.05 s");
  EXPECT_EQ(ToWords(MakeCause(Kind::kConfigError, "no module app")), "configuration error: no module app");
  EXPECT_EQ(ToWords(MakeCause(Kind::kConfigError, "")), "configuration error");
}

TEST(Cause, WithoutANumberItIsZero) {
  EXPECT_EQ(MakeCause(Kind::kExited), (Cause{Kind::kExited, 0, ""}));
}

TEST(Cause, EachKindHasItsOwnWords) {
  std::set<std::string> seen;
  for (int kind = 0; kind <= static_cast<int>(Kind::kUnkillable); ++kind) {
    EXPECT_TRUE(seen.insert(ToWords(MakeCause(static_cast<Kind>(kind)))).second) << kind;
  }
}

TEST(Cause, TextOfAPeerIsBounded) {
  EXPECT_EQ(MakeCause(Kind::kConfigError, std::string(1'000'000, 'x')).text.size(), kCauseTextBytes);
}

TEST(Cause, NumberThatDoesNotFitIsTheLargest) {
  EXPECT_EQ(MakeCause(Kind::kStartupTimeout, int64_t{1} << 40).number, 0x7fffffff);
}

}  // namespace
}  // namespace fectl::core
