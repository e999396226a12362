#include "master/runtime/views/base_view.h"

#include <gtest/gtest.h>

#include "master/core/boundary/cause.h"
#include "master/core/boundary/history.h"

namespace fectl::runtime {
namespace {

using CauseKind = core::Cause::Kind;
using Reason = proto::BaseReason;

TEST(BaseView, StatesKeepTheirWords) {
  for (int s = 0; s <= static_cast<int>(core::ServiceState::kFailed); ++s) {
    const auto state = static_cast<core::ServiceState>(s);
    EXPECT_EQ(proto::WireWord(ToBase(state)), core::ToWord(state));
  }
}

TEST(BaseView, ExitCodesWithAMeaningHaveTheirOwnReasons) {
  EXPECT_EQ(ToBase(core::MakeCause(CauseKind::kExited, 98)).kind, Reason::Kind::kStartupTimeout);
  EXPECT_EQ(ToBase(core::MakeCause(CauseKind::kExited, 99)).kind, Reason::Kind::kInitFailed);
  EXPECT_EQ(ToBase(core::MakeCause(CauseKind::kExited, 100)).kind, Reason::Kind::kBootFailed);
  EXPECT_EQ(ToBase(core::MakeCause(CauseKind::kExited, 3)), (Reason{Reason::Kind::kExitCode, 3, {}}));
  EXPECT_EQ(ToBase(core::MakeCause(CauseKind::kSignaled, 9)), (Reason{Reason::Kind::kSignal, 9, {}}));
}

TEST(BaseView, TextsGoAlong) {
  EXPECT_EQ(ToBase(core::MakeCause(CauseKind::kConfigError, "bad")),
            (Reason{Reason::Kind::kWorkerError, 0, "bad"}));
  EXPECT_EQ(ToBase(core::MakeCause(CauseKind::kSpawnFailed, "no")),
            (Reason{Reason::Kind::kFailedToStart, 0, "no"}));
}

TEST(BaseView, OnlyNothingIsNoReason) {
  for (int k = 1; k <= static_cast<int>(CauseKind::kUnkillable); ++k) {
    EXPECT_NE(ToBase(core::MakeCause(static_cast<CauseKind>(k))).kind, Reason::Kind::kNone) << k;
  }
}

TEST(BaseView, AStartThatFailedIsNoStop) {
  EXPECT_EQ(ToBase(core::Milestone::kLost, core::MakeCause(CauseKind::kStartupTimeout)),
            proto::BaseState::kFailed);
  EXPECT_EQ(ToBase(core::Milestone::kLost, core::MakeCause(CauseKind::kSignaled, 9)),
            proto::BaseState::kStopped);
  EXPECT_FALSE(ToBase(core::Milestone::kAlarm, core::MakeCause(CauseKind::kUnkillable)).has_value());
}

}  // namespace
}  // namespace fectl::runtime
