// What a start through the launcher costs beside the barest loop that C can write: run with -c opt.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <vector>

#include "master/platform/children/children_wait.h"
#include "master/platform/children/launcher.h"
#include "master/platform/children/pipes.h"

namespace fectl::platform {
namespace {

constexpr char kProgram[] = "/bin/true";

void BareLoop(benchmark::State& state) {
  char name[] = "true";
  char* const argv[] = {name, nullptr};
  char* const environment[] = {nullptr};
  for ([[maybe_unused]] const auto turn : state) {
    // NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.vfork): the yardstick is the cheapest way there is.
    const pid_t pid = vfork();
    if (pid == 0) {
      execve(kProgram, argv, environment);
      _exit(127);
    }
    Reap(pid);
  }
}
BENCHMARK(BareLoop)->UseRealTime();

// As a worker is started: a session, a directory, two pipes, everything else closed.
void Launcher(benchmark::State& state) {
  const PreparedLaunch prepared(
      {.executable = kProgram, .argv = {"true"}, .environment = {"PATH=/bin"}, .directory = "/"});
  for ([[maybe_unused]] const auto turn : state) {
    const auto pipes = OpenChannelPipes();
    const int passed_fds[] = {pipes->worker_read.get(), pipes->worker_write.get()};
    const LaunchOutcome outcome = prepared.Launch({.passed_fds = passed_fds});
    Reap(std::get<LaunchResult>(outcome).pid);
  }
}
BENCHMARK(Launcher)->UseRealTime();

// The cost must not grow with the master's memory (the argument: MiB in use).
void LauncherInALargeMaster(benchmark::State& state) {
  const std::vector<char> memory(static_cast<size_t>(state.range(0)) << 20, 1);
  benchmark::DoNotOptimize(memory.data());
  Launcher(state);
}
BENCHMARK(LauncherInALargeMaster)->Arg(64)->Arg(512)->UseRealTime();

}  // namespace
}  // namespace fectl::platform

BENCHMARK_MAIN();
