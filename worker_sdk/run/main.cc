// fectl-run: any program as a worker of fectld. See fectl-run(1).
#include <signal.h>
#include <string.h>

#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto_spec/version.h"
#include "worker_sdk/run/command_line.h"
#include "worker_sdk/run/log_line.h"
#include "worker_sdk/run/process.h"
#include "worker_sdk/run/run.h"
#include "worker_sdk/worker.h"

namespace fectl::run {
namespace {

constexpr int kExitUsage = 2;
constexpr int kExitCannotRun = 127;  // as of a shell

// There is no master that would have sockets, or wait for anything.
int RunByHand(const CommandLine& line) {
  const auto words = WithDescriptors(line.command, {});
  if (!words.ok()) {
    LogLine(absl::StrCat(std::string(words.status().message()), ", since it was not started by fectld"));
    return kExitUsage;
  }
  LogLine(absl::StrCat("not started by fectld: ", line.command[0],
                       " takes its place, without sockets and unwatched"));
  const int error = Become(*words);
  LogLine(absl::StrCat("cannot run ", line.command[0], ": ", strerror(error)));
  return kExitCannotRun;
}

int Main(const std::vector<std::string>& words) {
  auto worker = Worker::FromEnvironment();
  if (!worker.ok()) {
    LogLine(std::string(worker.status().message()));
    return Worker::kExitInitFailed;
  }
  const auto line = ParseCommandLine(words);
  if (!line.ok()) {
    LogLine(std::string(line.status().message()));
    (*worker)->ConfigError(absl::StrCat("fectl-run: ", std::string(line.status().message())));
    return (*worker)->managed() ? Worker::kExitInitFailed : kExitUsage;
  }
  if (line->action == CommandLine::Action::kHelp) {
    std::cout << HelpText();
    return 0;
  }
  if (line->action == CommandLine::Action::kVersion) {
    std::cout << "fectl-run " << proto::kVersion << '\n';
    return 0;
  }
  if (!(*worker)->managed()) return RunByHand(*line);
  // Writing for a program whose reader is gone must not kill us. The program gets the signal's default back.
  signal(SIGPIPE, SIG_IGN);
  return RunProgram(*line, worker->get());
}

}  // namespace
}  // namespace fectl::run

int main(int argc, char** argv) {
  return fectl::run::Main(std::vector<std::string>(argv + 1, argv + argc));
}
