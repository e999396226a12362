#ifndef MASTER_CORE_BOUNDARY_CAUSE_H_
#define MASTER_CORE_BOUNDARY_CAUSE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "master/core/archive/archive.h"
#include "master/core/basis/time.h"

namespace fectl::core {

// Of a start that came to nothing: whether another attempt is worth its while.
enum class StartFailure : uint8_t {
  kPermanent,  // of the program or its plan
  kTransient,  // a limit of the system was reached: the same may succeed later
  kLast = kTransient,
};

// Why something happened. A value: compared, copied and written down; rendered to words in one place.
struct Cause {
  enum class Kind : uint8_t {
    kNone,
    kMasterStarted,      // the first start
    kOperator,           // somebody ran a command
    kWorkerAsked,        // the worker asked to be replaced; text: why, if it said so
    kMasterStops,        // the whole system shuts down
    kExited,             // number: exit code; text: what else is known of the end, or empty
    kSignaled,           // number: signal; text: the same ("core dumped")
    kStartupTimeout,     // not `loaded` in time; number: milliseconds allowed
    kHeartbeatTimeout,   // silent for too long; number: milliseconds allowed
    kShutdownTimeout,    // did not leave in time; number: milliseconds allowed
    kConfigError,        // the worker said `cfgerror`; text: its words
    kSpawnFailed,        // nothing came to the program; text: which step failed and why; and start_failure
    kProtocolViolation,  // text: what it sent
    kChannelClosed,      // closed its pipe and lived on
    kAfterFailedStart,   // started again because the start before failed
    kAfterCrash,         // started again because a serving worker died
    kRestored,           // keeps serving because its replacement failed
    kOtherFailed,        // given up because another worker of the same reload failed
    kUnkillable,         // lives on after SIGKILL
    kGroupEnded,         // its process group outlived it, and has ended now
    kHurried,            // the service is restarted; number: milliseconds that are left
    kTooManyLeaving,     // ended before its time: too many of its slot were leaving; number: how many may
    kToldToStop,         // what was given up was under way when the service was told to stop
    kGaveWay,            // what was given up was under way when an operator started the service anew
    kFewerWanted,        // the service was given fewer workers
    kRemoved,            // the service was removed from the configuration
    kMoreWanted,         // the service was given more workers
    kCrashLoop,          // number: losses in a row; text: the newest one, in words
    kRequired,           // a start of another service requires this one; text: the other's name
    kBeforeRoll,         // a oneshot; text: the service whose workers are to be replaced
    kRunTimeout,         // a oneshot ran for too long; number: milliseconds allowed
    kLeaseExpired,       // was busy for longer than it had said; number: milliseconds; text: with what
    kFound,              // where a process hangs; text: that
    kRecycled,           // it is well, and has reached a bound; text: which
    kKept,               // paused until its successor has proven itself
    kProven,             // its successor has proven itself
    kDisproved,          // does worse than what it follows; text: in what
    kWentBack,           // the version before it serves again
    kAborted,            // an operator ended the rollout
    kLast = kAborted,
  };

  Kind kind = Kind::kNone;
  int32_t number = 0;
  std::string text;
  StartFailure start_failure = StartFailure::kPermanent;

  bool operator==(const Cause&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.kind), Field<2>(self.number), Field<3>(self.text), Field<4>(self.start_failure));
  }
};

// The text of a protocol violation that is not the worker's word, but its silence behind the beginning of
// one.
inline constexpr std::string_view kUnfinishedMessage = "left a message unfinished";

// Added to the text of kSignaled where the SIGTERM that asked a worker to leave has ended it. The likely
// reasons are a program without a handler and a shell that waits for the program.
inline constexpr std::string_view kCutShortHint =
    "so it finished nothing: if its command is a shell, write `exec` before the program";

// Causes with a text: the text is cut at kCauseTextBytes.
Cause MakeCause(Cause::Kind kind, std::string_view text);
Cause MakeCause(Cause::Kind kind, int64_t number = 0);
Cause MakeSpawnFailed(StartFailure failure, std::string_view text);

// "2.5 s".
std::string SecondsInWords(Span span);

// In words, as a clause without subject: "exited with code 3", "was silent for more than 10 s".
std::string ToWords(const Cause& cause);

}  // namespace fectl::core

#endif  // MASTER_CORE_BOUNDARY_CAUSE_H_
