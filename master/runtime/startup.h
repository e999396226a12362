#ifndef MASTER_RUNTIME_STARTUP_H_
#define MASTER_RUNTIME_STARTUP_H_

#include <string>

#include "master/runtime/command_line.h"

namespace fectl::runtime {

// Exit codes of fectld.
inline constexpr int kExitStopped = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;  // the command line or the configuration

// The configuration that is meant when none is named: fectld.toml; under `bazel run` the demonstration, and
// then the current directory is changed to the workspace, which its paths are relative to.
std::string DefaultConfig();

// Does what the command line says, and returns the exit code. Messages for people go to standard output and
// error.
int Main(const CommandLine& line);

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_STARTUP_H_
