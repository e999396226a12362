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

namespace {

// What somebody asked for, or what follows from that; of the rest the base level has no reason.
proto::BaseReason OfChange(CauseKind kind) {
  switch (kind) {
    case CauseKind::kOperator:
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
    default:
      return Plain(Reason::Kind::kNone);
  }
}

// Of a configuration error what the worker said, alone.
std::string ErrorWords(const core::Cause& cause) {
  return cause.kind == CauseKind::kConfigError ? cause.text : core::ToWords(cause);
}

}  // namespace

proto::BaseReason ToBase(const core::Cause& cause) {
  switch (cause.kind) {
    case CauseKind::kMasterStarted:
      return Plain(Reason::Kind::kInitial);
    case CauseKind::kWorkerAsked:
    case CauseKind::kMasterStops:
      return Plain(cause.kind == CauseKind::kMasterStops ? Reason::Kind::kExit
                                                         : Reason::Kind::kWorkerRequest);
    case CauseKind::kExited:
    case CauseKind::kSignaled:
      if (cause.kind == CauseKind::kExited) return FromExitCode(cause.number);
      return Reason{Reason::Kind::kSignal, cause.number, {}};
    case CauseKind::kStartupTimeout:
      return Plain(Reason::Kind::kStartupTimeout);
    case CauseKind::kRunTimeout:
    case CauseKind::kLeaseExpired:
    case CauseKind::kHeartbeatTimeout:
      return Plain(Reason::Kind::kHeartbeatFailed);
    case CauseKind::kTooManyLeaving:
    case CauseKind::kShutdownTimeout:
      return Plain(Reason::Kind::kStopTimeout);
    case CauseKind::kSpawnFailed:
      return Reason{Reason::Kind::kFailedToStart, 0, cause.text};
    case CauseKind::kConfigError:
    case CauseKind::kProtocolViolation:
    case CauseKind::kChannelClosed:
    case CauseKind::kUnkillable:
    case CauseKind::kFound:
    case CauseKind::kCrashLoop:
    case CauseKind::kDisproved:
      return Reason{Reason::Kind::kWorkerError, 0, ErrorWords(cause)};
    case CauseKind::kAfterFailedStart:
    case CauseKind::kAfterCrash:
      return Plain(cause.kind == CauseKind::kAfterCrash ? Reason::Kind::kRestartFailedRunningWorker
                                                        : Reason::Kind::kRestartFailedStartingWorker);
    case CauseKind::kRestored:
    case CauseKind::kWentBack:
      return Plain(Reason::Kind::kRestoreAfterFailed);
    case CauseKind::kOtherFailed:
      return Plain(Reason::Kind::kSomeWorkersFailed);
    default:
      return OfChange(cause.kind);
  }
}

}  // namespace fectl::runtime
