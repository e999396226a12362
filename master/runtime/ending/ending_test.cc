#include "master/runtime/ending/ending.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fectl::runtime {
namespace {

using core::Cause;
using core::Instant;
using core::kNever;
using core::Seconds;
using testing::EndsWith;
using testing::StartsWith;

constexpr Instant kStart{1'000'000'000};

Ending::Failure Failed(Cause cause) {
  return {.service = 1, .slot = 0, .cause = std::move(cause), .name = "web"};
}

TEST(Ending, TheExitCodeIsThatOfTheProcess) {
  EXPECT_EQ(ExitCodeFor(core::MakeCause(Cause::Kind::kExited, 3)), 3);
  EXPECT_EQ(ExitCodeFor(core::MakeCause(Cause::Kind::kExited, 0)), 1) << "a failure is never 0";
  EXPECT_EQ(ExitCodeFor(core::MakeCause(Cause::Kind::kSignaled, 11)), 139);
  EXPECT_EQ(ExitCodeFor(core::MakeCause(Cause::Kind::kStartupTimeout, 30'000)), 137);
  EXPECT_EQ(ExitCodeFor(core::MakeCause(Cause::Kind::kConfigError, "no such module")), 99);
  EXPECT_EQ(ExitCodeFor(core::MakeSpawnFailed(core::StartFailure::kPermanent, "not found")), 127);
  EXPECT_EQ(ExitCodeFor(core::MakeCause(Cause::Kind::kOtherFailed)), 1);
}

TEST(Ending, TheTextHasTheCauseAndTheNewestLines) {
  const Cause cause = core::MakeCause(Cause::Kind::kExited, 3);
  EXPECT_EQ(EndingText("web", 1, cause, "one\ntwo\n"),
            "web worker(2) failed: exited with code 3\none\ntwo\n");
  EXPECT_EQ(EndingText("web", 0, cause, ""), "web worker(1) failed: exited with code 3\n");
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "line " + std::to_string(i) + "\n";
  const std::string text = EndingText("web", 0, cause, many);
  EXPECT_LE(text.size(), 4096u);
  EXPECT_GT(text.size(), 4000u);
  EXPECT_THAT(text, StartsWith("web worker(1) failed: exited with code 3\nline "));
  EXPECT_THAT(text, EndsWith("\nline 999\n"));
  EXPECT_EQ(EndingText("web", 0, cause, std::string(10'000, 'x')), EndingText("web", 0, cause, ""));
}

TEST(Ending, WithoutADelaySIGTERMIsTheEnd) {
  Ending ending(core::Span{});
  EXPECT_FALSE(ending.PutOff(kStart));
  EXPECT_EQ(ending.next_deadline(), kNever);
}

TEST(Ending, ASecondSIGTERMHurries) {
  Ending ending(Seconds(5));
  EXPECT_TRUE(ending.PutOff(kStart));
  EXPECT_TRUE(ending.is_put_off());
  EXPECT_EQ(ending.next_deadline(), kStart + Seconds(5));
  EXPECT_FALSE(ending.IsDue(kStart + Seconds(4), false));
  EXPECT_TRUE(ending.IsDue(kStart + Seconds(5), false));
  EXPECT_FALSE(ending.PutOff(kStart + Seconds(1)));
  ending.OnBegun();
  EXPECT_FALSE(ending.IsDue(kStart + Seconds(9), false));
  EXPECT_EQ(ending.next_deadline(), kNever);
  EXPECT_FALSE(ending.PutOff(kStart + Seconds(9)));
  EXPECT_EQ(ending.exit_code(), 0);
}

TEST(Ending, AFailureIsTheEndWhenItsLinesAreKnown) {
  Ending ending(Seconds(5));
  ending.OnFailure(Failed(core::MakeCause(Cause::Kind::kExited, 3)), kStart);
  ending.OnFailure(Failed(core::MakeCause(Cause::Kind::kExited, 4)), kStart);
  EXPECT_FALSE(ending.IsDue(kStart, false));
  EXPECT_TRUE(ending.IsDue(kStart, true));
  EXPECT_LE(ending.next_deadline(), kStart + Seconds(1));
  EXPECT_TRUE(ending.IsDue(ending.next_deadline(), false));
  EXPECT_EQ(ending.exit_code(), 3) << "the first one counts";
}

TEST(Ending, WhatFailsWhileFectldEndsIsNoReason) {
  Ending ending(core::Span{});
  ending.OnBegun();
  ending.OnFailure(Failed(core::MakeCause(Cause::Kind::kExited, 3)), kStart);
  EXPECT_EQ(ending.exit_code(), 0);
  EXPECT_FALSE(ending.failure().has_value());
}

}  // namespace
}  // namespace fectl::runtime
