#include "master/runtime/views/base_view.h"

#include <optional>
#include <string>

#include "proto_spec/environment.h"

namespace fectl::runtime {
namespace {

using Reason = proto::BaseReason;
using CauseKind = core::Cause::Kind;

Reason Plain(Reason::Kind kind) {
  return Reason{kind, 0, {}};
}

Reason FromExitCode(int32_t code) {
  if (code == proto::kExitStartupTimeout) return Plain(Reason::Kind::kStartupTimeout);
  if (code == proto::kExitInitFailed) return Plain(Reason::Kind::kInitFailed);
  if (code == proto::kExitBootFailed) return Plain(Reason::Kind::kBootFailed);
  return Reason{Reason::Kind::kExitCode, code, {}};
}

}  // namespace

proto::BaseServiceState ToBase(core::ServiceState state) {
  using To = proto::BaseServiceState;
  switch (state) {
    case core::ServiceState::kStopped:
      return To::kStopped;
    case core::ServiceState::kStarting:
      return To::kStarting;
    case core::ServiceState::kRunning:
      return To::kRunning;
    case core::ServiceState::kPaused:
      return To::kPaused;
    case core::ServiceState::kReloading:
      return To::kReloading;
    case core::ServiceState::kStopping:
      return To::kStopping;
    case core::ServiceState::kFailed:
      return To::kFailed;
    // What the base level has no words for.
    case core::ServiceState::kWaiting:
      return To::kStarting;
    case core::ServiceState::kDone:
      return To::kStopped;
  }
  return To::kFailed;
}

std::optional<proto::BaseState> ToBase(core::Milestone milestone, const core::Cause& cause) {
  using To = proto::BaseState;
  switch (milestone) {
    case core::Milestone::kStarting:
      return To::kStarting;
    case core::Milestone::kRunning:
      return To::kRunning;
    case core::Milestone::kPaused:
      return To::kPaused;
    case core::Milestone::kReloading:
      return To::kReloading;
    case core::Milestone::kRestarting:
      return To::kRestarting;
    case core::Milestone::kReloadFailed:
    case core::Milestone::kReloadGivenUp:
      return To::kReloadFailed;
    case core::Milestone::kRestartFailed:
    case core::Milestone::kRestartGivenUp:
      return To::kRestartFailed;
    case core::Milestone::kStoppingOld:
      return To::kStoppingOld;
    case core::Milestone::kStopping:
      // What the base level has no reason for: a shorter time, which is no new state either.
      if (cause.kind == CauseKind::kHurried) return std::nullopt;
      return To::kStopping;
    case core::Milestone::kStopped:
      if (cause.kind == CauseKind::kGroupEnded) return std::nullopt;  // it was told that it stopped before
      return To::kStopped;
    case core::Milestone::kCutShort:
    case core::Milestone::kDone:
      return To::kStopped;
    case core::Milestone::kLost:
      // Existing masters called a start that came to nothing failed, and a serving process that ended
      // stopped.
      return cause.kind == CauseKind::kStartupTimeout || cause.kind == CauseKind::kSpawnFailed ||
                     cause.kind == CauseKind::kConfigError
                 ? To::kFailed
                 : To::kStopped;
    case core::Milestone::kFailed:
      return To::kFailed;
    case core::Milestone::kAlarm:
    case core::Milestone::kExamined:
    case core::Milestone::kCrashing:
    case core::Milestone::kRecovered:
      return std::nullopt;
  }
  return std::nullopt;
}

proto::BaseReason ToBase(const core::Cause& cause) {
  switch (cause.kind) {
    case CauseKind::kNone:
      return Plain(Reason::Kind::kNone);
    case CauseKind::kMasterStarted:
      return Plain(Reason::Kind::kInitial);
    case CauseKind::kOperator:
      return Plain(Reason::Kind::kConsoleRequest);
    case CauseKind::kWorkerAsked:
      return Plain(Reason::Kind::kWorkerRequest);
    case CauseKind::kMasterStops:
      return Plain(Reason::Kind::kExit);
    case CauseKind::kExited:
      return FromExitCode(cause.number);
    case CauseKind::kSignaled:
      return Reason{Reason::Kind::kSignal, cause.number, {}};
    case CauseKind::kStartupTimeout:
      return Plain(Reason::Kind::kStartupTimeout);
    case CauseKind::kRunTimeout:
    case CauseKind::kLeaseExpired:
    case CauseKind::kHeartbeatTimeout:
      return Plain(Reason::Kind::kHeartbeatFailed);
    case CauseKind::kShutdownTimeout:
      return Plain(Reason::Kind::kStopTimeout);
    case CauseKind::kSpawnFailed:
      return Reason{Reason::Kind::kFailedToStart, 0, cause.text};
    case CauseKind::kConfigError:
      return Reason{Reason::Kind::kWorkerError, 0, cause.text};
    case CauseKind::kProtocolViolation:
    case CauseKind::kChannelClosed:
    case CauseKind::kUnkillable:
    case CauseKind::kFound:
    case CauseKind::kCrashLoop:
      return Reason{Reason::Kind::kWorkerError, 0, core::ToWords(cause)};
    case CauseKind::kAfterFailedStart:
      return Plain(Reason::Kind::kRestartFailedStartingWorker);
    case CauseKind::kAfterCrash:
      return Plain(Reason::Kind::kRestartFailedRunningWorker);
    case CauseKind::kRestored:
      return Plain(Reason::Kind::kRestoreAfterFailed);
    case CauseKind::kDisproved:
      return Reason{Reason::Kind::kWorkerError, 0, core::ToWords(cause)};
    case CauseKind::kOtherFailed:
    case CauseKind::kWentBack:
      return Plain(Reason::Kind::kSomeWorkersFailed);
    case CauseKind::kTooManyLeaving:
      return Plain(Reason::Kind::kStopTimeout);
    case CauseKind::kToldToStop:
    case CauseKind::kGaveWay:
    case CauseKind::kFewerWanted:
    case CauseKind::kRemoved:
    case CauseKind::kMoreWanted:
    case CauseKind::kRecycled:
    case CauseKind::kKept:
    case CauseKind::kProven:
    case CauseKind::kAborted:
    case CauseKind::kRequired:
    case CauseKind::kBeforeRoll:
      return Plain(Reason::Kind::kConsoleRequest);
    case CauseKind::kHurried:
    case CauseKind::kGroupEnded:
      break;  // of no event of the base level
  }
  return Plain(Reason::Kind::kNone);
}

}  // namespace fectl::runtime
