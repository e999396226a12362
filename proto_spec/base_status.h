// The base level's `ServiceStatus`: states and reasons in the words of the field, which are a closed table of
// the wire and dictate nothing to the master's own states: it renders those through the enums here.
#ifndef FECTL_PROTO_SPEC_BASE_STATUS_H_
#define FECTL_PROTO_SPEC_BASE_STATUS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace fectl::proto {

// The newest this many of each worker are kept and shown.
inline constexpr size_t kEventsPerWorkerMax = 50;

// A service as a whole. On the wire: running paused failed stopped starting reloading stopping.
enum class BaseServiceState { kRunning, kPaused, kFailed, kStopped, kStarting, kReloading, kStopping };

// What happened to one worker.
enum class BaseState {
  kStarting,
  kReloading,
  kRestarting,
  kRunning,
  kStoppingOld,
  kStopping,
  kFailed,
  kStopped,
  kPaused,
  kRestartFailed,
  kReloadFailed,
};

// Why. The first block are bare words on the wire (kRestoreAfterFailed and kReloadAfterTimeout have odd
// spellings there), the second block are objects with one member.
struct BaseReason {
  enum class Kind {
    kNone,
    kInitial,
    kExit,
    kConsoleRequest,
    kWorkerRequest,
    kSomeWorkersFailed,
    kHeartbeatFailed,
    kStartupTimeout,
    kStopTimeout,
    kInitFailed,
    kBootFailed,
    kNewProcessDied,
    kRestartFailedStartingWorker,
    kRestartFailedRunningWorker,
    kRestoreAfterFailed,
    kReloadAfterTimeout,

    kWorkerError,    // text
    kFailedToStart,  // text; an empty one is null on the wire
    kSignal,         // number
    kExitCode,       // number

    // Decoding only: a reason that this program does not know. text: the word, or the object's JSON. A reason
    // is for people, so it is shown as it came; an unknown state is an error, because programs act on states.
    kOther,
  };
  Kind kind = Kind::kNone;
  int64_t number = 0;
  std::string text{};

  friend bool operator==(const BaseReason&, const BaseReason&) = default;
};

struct BaseEvent {
  BaseState state = BaseState::kStarting;
  BaseReason reason{};
  int64_t timestamp = 0;  // unix seconds
  int64_t pid = 0;        // 0: none (null on the wire)

  friend bool operator==(const BaseEvent&, const BaseEvent&) = default;
};

struct BaseWorkerStatus {
  int index = 1;                    // from 1, as in "worker(1)"
  std::vector<BaseEvent> events{};  // oldest first

  friend bool operator==(const BaseWorkerStatus&, const BaseWorkerStatus&) = default;
};

struct BaseServiceStatus {
  BaseServiceState state = BaseServiceState::kStopped;
  std::vector<BaseWorkerStatus> workers{};

  friend bool operator==(const BaseServiceStatus&, const BaseServiceStatus&) = default;
};

// The words of the one table. WireWord of a reason with text or number gives the name of its object's member.
std::string_view WireWord(BaseServiceState state);
std::string_view WireWord(BaseState state);
std::string_view WireWord(BaseReason::Kind kind);
std::optional<BaseServiceState> ServiceStateFromWire(std::string_view word);
std::optional<BaseState> StateFromWire(std::string_view word);

// A reason as people read it: "killed by signal 9", "exit code 3", "start-up timeout", an error's own text.
std::string InWords(const BaseReason& reason);

// The JSON text of a reason.
std::string EncodeReason(const BaseReason& reason);

// [STATE, [[WORKER, [EVENT, ...]], ...]]. The result has at most `bytes_max` bytes (0: no limit): the oldest
// events of all workers are left out until it fits, and then, if there are thousands of workers, workers from
// the end. `bytes_max` must leave room for a status without workers (64 bytes do).
std::string EncodeServiceStatus(const BaseServiceStatus& status, size_t bytes_max = 0);

// `data` must come from DecodeEnvelope. InvalidArgument when it is not a service's status.
absl::StatusOr<BaseServiceStatus> DecodeServiceStatus(std::string_view data);

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_BASE_STATUS_H_
