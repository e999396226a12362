// How a program that knows nothing of fectl shows that it is ready and alive, as fectl-run is asked to look
// for it: in the options of fectl-run, and in the keys `ready`, `watchdog` and `stop_signal` of a service.
// Text only: nothing here starts or asks a program.
#ifndef FECTL_PROTO_SPEC_PROGRAM_SIGNS_H_
#define FECTL_PROTO_SPEC_PROGRAM_SIGNS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fectl::proto {

// One way of looking whether a program is ready, or alive.
struct ProgramSign {
  enum class Kind {
    kNone,    // a watchdog only: nothing is looked for
    kNotify,  // the program says so: READY=1, WATCHDOG=1
    kLog,     // `ready` only: a line of its output contains `text`
    kHttp,    // GET of the path `text` is answered with a status from 200 to 399
    kExec,    // the command `text`, given to the shell, exits with 0
    kAfter,   // `ready` only: it has been alive for `ms`
  };
  Kind kind = Kind::kNone;
  std::string text = {};
  // kHttp: the socket of the service over which it is asked; empty: the private one, which no other process
  // has.
  std::string socket = {};
  // kAfter: how long. Of a watchdog: the silence after which the program counts as hung.
  int64_t ms = 0;
  friend bool operator==(const ProgramSign&, const ProgramSign&) = default;
};

// "notify", "log:TEXT", "http:/PATH", "http:SOCKET/PATH", "exec:COMMAND" or "after:SECONDS". An error is a
// clause that begins with "must be".
absl::StatusOr<ProgramSign> ParseReady(std::string_view text);

// "none", "notify", "http:/PATH", "http:SOCKET/PATH" or "exec:COMMAND"; behind each but "none" may stand
// "=SECONDS".
absl::StatusOr<ProgramSign> ParseWatchdog(std::string_view text);

// "QUIT" of "QUIT", "quit" and "SIGQUIT": one of the signals by which programs are asked to leave.
absl::StatusOr<std::string> ParseStopSignal(std::string_view text);

// What holds where nothing is said. Most programs that cannot run as configured end in their first second.
inline constexpr char kReadyDefault[] = "after:1";
inline constexpr char kWatchdogDefault[] = "none";
inline constexpr char kStopSignalDefault[] = "TERM";
inline constexpr int64_t kWatchdogMsDefault = 10'000;

// The private socket's name in "{fd:probe}" and in LISTEN_FDNAMES.
inline constexpr char kProbeSocketName[] = "probe";

// `word` with each "{fd:NAME}" replaced by what `number` gives for that name. Other braces stay.
std::string ReplaceDescriptors(std::string_view word,
                               const std::function<std::string(std::string_view name)>& number);

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_PROGRAM_SIGNS_H_
