#ifndef MASTER_PLATFORM_PROCESS_EXIT_STATUS_H_
#define MASTER_PLATFORM_PROCESS_EXIT_STATUS_H_

#include <string>

namespace fectl::platform {

// How a process ended. A value: not an error, and not an integer with 128 added.
struct ExitStatus {
  // kUnknown: it has ended, but somebody else took the answer. Only a bug or a foreign debugger can do that.
  enum class Kind { kExited, kSignaled, kUnknown };

  Kind kind = Kind::kExited;
  int code = 0;  // the exit code, or the number of the signal
  bool core_dumped = false;

  bool operator==(const ExitStatus&) const = default;

  // "exited with code 3", "killed by SIGSEGV (core dumped)".
  std::string ToString() const;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_PROCESS_EXIT_STATUS_H_
