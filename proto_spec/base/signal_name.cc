#include "proto_spec/base/signal_name.h"

#include <array>
#include <cstddef>
#include <string>

namespace fectl::base {

// The numbers of Linux on the usual machines. A table and not sigabbrev_np(), so that the core needs no
// header of the operating system and the simulator prints the same words anywhere.
std::string SignalName(int number) {
  static constexpr std::array<const char*, 32> kNames = {
      nullptr,   "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",   "SIGTRAP", "SIGABRT", "SIGBUS",
      "SIGFPE",  "SIGKILL", "SIGUSR1",   "SIGSEGV", "SIGUSR2",  "SIGPIPE", "SIGALRM", "SIGTERM",
      nullptr,   "SIGCHLD", "SIGCONT",   "SIGSTOP", "SIGTSTP",  "SIGTTIN", "SIGTTOU", "SIGURG",
      "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",   "SIGPWR",  "SIGSYS",
  };
  const auto index = static_cast<size_t>(number);  // of a negative number: far behind the end
  if (index < kNames.size() && kNames[index] != nullptr) return kNames[index];
  return "signal " + std::to_string(number);
}

}  // namespace fectl::base
